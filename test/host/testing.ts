import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { createConnectionGater } from '../../src/host/connection-gater.ts'
import type { PeerFault } from '../../src/host/counter.ts'
import { createHost, type Host, type HostOptions } from '../../src/host/libp2p-host.ts'
import { systemClock } from '../../src/platform/clock.ts'

export const NETWORK = '0123456789ab'
export const TOPIC = `/x0/${NETWORK}/presence/1`

/** A real host on loopback with classical noise, which is all that the host's own parts need. */
export async function testHost(
  options: Partial<HostOptions> & { privateKey?: PrivateKey; faults?: PeerFault[] } = {},
): Promise<Host> {
  const { faults, ...rest } = options
  return createHost({
    privateKey: await generateKeyPair('Ed25519'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    encrypters: [noise()],
    network: NETWORK,
    version: '0.0.0-test',
    gater: createConnectionGater({ clock: systemClock, count: (fault) => faults?.push(fault) }),
    maxConnections: 300,
    gossip: { topics: [TOPIC] },
    ...rest,
  })
}

/** Resolves once `check` holds; it is asked often, and the wait ends with an error that says what was awaited. */
export async function until(what: string, check: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<number> {
  const start = performance.now()
  for (;;) {
    if (await check()) return performance.now() - start
    if (performance.now() - start > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
