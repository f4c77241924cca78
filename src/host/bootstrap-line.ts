import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { HostError } from './host-error.ts'
import { MAX_ADDRESS_BYTES } from './limits.ts'

/** One line that names a wanted peer: `MULTIADDR[/p2p/PEERID][#x0id]`. */
export interface BootstrapLine {
  /** The multiaddr without its /p2p/ part. */
  readonly address: string
  readonly peerId: string | undefined
  /** 64 hex digits, lower case. */
  readonly x0Id: string | undefined
}

/**
 * Reads a bootstrap line.
 * @throws HostError `bad-address`
 */
export function parseBootstrapLine(line: string): BootstrapLine {
  const [text = '', x0Id, ...more] = line.trim().split('#')
  if (more.length > 0) throw new HostError('bad-address', 'a bootstrap line has at most one #')
  if (text.length > 2 * MAX_ADDRESS_BYTES) throw new HostError('bad-address', 'the multiaddr is too long')
  if (x0Id !== undefined && !/^[0-9a-f]{64}$/i.test(x0Id)) throw new HostError('bad-address', 'an x0 id is 64 hex digits')
  const parsed = parseAddress(text)
  const peerId = peerIdOf(parsed)
  if (x0Id !== undefined && peerId === undefined) {
    // The expected x0 id is looked up by peer id in the handshake: without one it could not be enforced.
    throw new HostError('bad-address', 'a line with #x0id needs its /p2p/ part')
  }
  return { address: withoutPeerId(parsed), peerId, x0Id: x0Id?.toLowerCase() }
}

/** The line that another node can paste. */
export function formatBootstrapLine(address: string, peerId: string, x0Id: string): string {
  return `${withoutPeerId(parseAddress(address))}/p2p/${peerId}#${x0Id}`
}

/** @throws HostError `bad-address` */
export function parseAddress(text: string): Multiaddr {
  try {
    return multiaddr(text)
  } catch (cause) {
    throw new HostError('bad-address', `not a multiaddr: ${text.slice(0, MAX_ADDRESS_BYTES)}`, { cause })
  }
}

/** The last /p2p/ part, if any. */
export function peerIdOf(address: Multiaddr): string | undefined {
  return address.getComponents().findLast((component) => component.code === CODE_P2P)?.value
}

/** The address as text without its /p2p/ part. */
export function withoutPeerId(address: Multiaddr): string {
  return address.decapsulateCode(CODE_P2P).toString()
}
