import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddr } from '@multiformats/multiaddr'
import { IdentityError } from './identity-error.ts'
import { MAX_BOOTSTRAP_LINE_LENGTH } from './limits.ts'
import { formatX0Id, parseX0Id } from './x0-id.ts'

/** A way to a first peer, as one line of text: `MULTIADDR[/p2p/PEERID][#x0id]`. */
export interface BootstrapLine {
  /** The whole address, its /p2p/ part included where it has one. */
  readonly address: Multiaddr
  /** The peer at the end of the address (for a circuit: not the relay). */
  readonly peerId?: string
  /** 32 bytes: who must answer there. Never without `peerId`, because libp2p dials by peer id. */
  readonly x0Id?: Uint8Array
}

/** @throws IdentityError `bad-bootstrap-line` with a sentence that says what to write instead */
export function parseBootstrapLine(line: string): BootstrapLine {
  if (line.length > MAX_BOOTSTRAP_LINE_LENGTH) {
    throw refusal(`it is ${line.length} characters long, at most ${MAX_BOOTSTRAP_LINE_LENGTH} are allowed`)
  }
  const text = line.trim()
  const hash = text.indexOf('#')
  const address = parseAddress(hash < 0 ? text : text.slice(0, hash))
  const peerId = targetPeer(address)
  if (hash < 0) return peerId === undefined ? { address } : { address, peerId }
  const x0Id = parseName(text.slice(hash + 1))
  if (peerId === undefined) {
    throw refusal('the x0 id behind # needs a peer id before it: write MULTIADDR/p2p/PEERID#x0id, as `x0 self` prints it')
  }
  return { address, peerId, x0Id }
}

/** The line that `parseBootstrapLine` reads back to the same value. */
export function formatBootstrapLine(line: BootstrapLine): string {
  return line.x0Id === undefined ? line.address.toString() : `${line.address.toString()}#${formatX0Id(line.x0Id)}`
}

function parseAddress(text: string): Multiaddr {
  if (text === '') throw refusal('the address is missing: write one such as /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo...')
  if (!text.startsWith('/')) {
    throw refusal('an address starts with a slash: write /ip4/192.0.2.1/tcp/4001 or /dns4/node.example/tcp/4001, not host:port')
  }
  try {
    return multiaddr(text)
  } catch (cause) {
    throw refusal(`the address is no multiaddr (${reasonOf(cause)}); it looks like /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo...`, cause)
  }
}

function targetPeer(address: Multiaddr): string | undefined {
  const components = address.getComponents()
  const last = components.at(-1)
  if (last === undefined) throw refusal('the address is empty: write one such as /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo...')
  if (last.name !== 'p2p') return undefined
  if (components.length === 1) throw refusal('a peer id alone is no way to a peer: put its address before /p2p/')
  const peerId = last.value ?? ''
  try {
    return peerIdFromString(peerId).toString()
  } catch (cause) {
    throw refusal(`${peerId} behind /p2p/ is no peer id: copy the whole line that the other node printed`, cause)
  }
}

function parseName(text: string): Uint8Array {
  try {
    return parseX0Id(text)
  } catch (cause) {
    throw refusal(`what stands behind # is no x0 id (${reasonOf(cause)}); copy the whole line that the other node printed`, cause)
  }
}

function refusal(why: string, cause?: unknown): IdentityError {
  return new IdentityError('bad-bootstrap-line', `bootstrap line: ${why}`, { cause })
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
