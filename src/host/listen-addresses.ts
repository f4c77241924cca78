import { createServer } from 'node:net'
import { getNetConfig, isNetworkAddress } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { HostError } from './host-error.ts'
import type { Host } from './libp2p-host.ts'

/**
 * The addresses to listen on. Written ones are taken as they are, and one that cannot be had is an error that names it.
 * Default ones yield: where a port is taken a free one is used, and a family that this machine lacks is left out.
 * @throws HostError `listen-failed`
 */
export async function listenAddresses(addresses: readonly string[], written: boolean): Promise<string[]> {
  const usable: string[] = []
  for (const address of addresses) {
    const failure = await tryToBind(address)
    if (failure === undefined) usable.push(address)
    else if (written) {
      throw new HostError(
        'listen-failed',
        `cannot listen on ${address}: ${failure}; free it, or write another in \`listen\` (port 0 takes a free one)`,
      )
    } else if (failure === 'EADDRINUSE') usable.push(address.replace(/\/tcp\/\d+/, '/tcp/0'))
  }
  if (usable.length === 0 && addresses.length > 0) throw new HostError('listen-failed', 'none of the listen addresses can be had')
  return usable
}

/**
 * Starts the host. Each of its addresses could be had alone (`listenAddresses`); here they meet each other, and whoever
 * was faster.
 * @throws HostError `listen-failed`
 */
export async function listen(host: Pick<Host, 'start'>): Promise<void> {
  try {
    await host.start()
  } catch (cause) {
    if (!(cause instanceof Error && cause.name === 'UnsupportedListenAddressesError')) throw cause
    // libp2p tells it over many lines, with advice that only its own configuration can follow
    const [address] = /\/ip[46]\/\S+(?=: )/.exec(cause.message) ?? ['one of the addresses']
    throw new HostError(
      'listen-failed',
      `cannot listen on ${address} together with the others in \`listen\`: two of them overlap, or another process was faster`,
      { cause },
    )
  }
}

/**
 * The addresses that a node had, in the form of `listen`, so that it can have them again: where a port was left to the
 * system, or another was taken instead of a default one, the one that it got.
 * @param asked what the configuration says
 * @param had multiaddrs that the host listened on, one for each interface
 */
export function addressesHad(asked: readonly string[], had: readonly string[]): string[] {
  let left = had.map(listener)
  return asked.map((address) => {
    const { family, host, port } = listener(address)
    const isAny = host === '0.0.0.0' || host === '::'
    const fitting = left.filter((each) => each.family === family && (isAny || each.host === host))
    const got = fitting.find((each) => each.port === port) ?? fitting[0]
    if (got === undefined) return address
    left = left.filter((each) => each.family !== family || each.port !== got.port)
    return `/${family}/${host}/tcp/${got.port}`
  })
}

function listener(address: string): { family: string; host: string; port: string } {
  const [ip, tcp] = multiaddr(address).getComponents()
  return { family: ip?.name ?? '', host: ip?.value ?? '', port: tcp?.value ?? '' }
}

/** Binds and lets go again; the code of what went wrong, or undefined. Addresses that are not TCP are the transport's to judge. */
function tryToBind(address: string): Promise<string | undefined> {
  const parsed = multiaddr(address)
  if (!isNetworkAddress(parsed)) return Promise.resolve(undefined)
  const { host, port, type } = getNetConfig(parsed)
  if (port === undefined || port === 0 || (type !== 'ip4' && type !== 'ip6')) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, ipv6Only: type === 'ip6', exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
