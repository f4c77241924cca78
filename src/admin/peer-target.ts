import { parseBootstrapLine } from '../identity/bootstrap-line.ts'
import { IdentityError } from '../identity/identity-error.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import { NodeFault } from './node-view.ts'

/** What the node knows of a peer that a request may name. */
export interface KnownPeer {
  readonly peerId: string | undefined
  readonly x0Id: string | undefined
  /** Without /p2p/, the most recently confirmed first. */
  readonly addresses: readonly string[]
}

export interface PeerTarget {
  readonly address: string
  readonly peerId: string | undefined
  /** Text form. */
  readonly x0Id: string | undefined
  /** The request itself names the x0 id: the operator's word. What is known of a peer may be a record's mere claim. */
  readonly stated: boolean
}

/**
 * The peer that a request names: by peer id or x0 id (whole, or the beginning of one of at least 8 characters) where it is
 * known here, or by a line MULTIADDR[/p2p/PEERID][#x0id].
 * @throws NodeFault `peer-unknown`, `peer-ambiguous`, `bad-address`
 */
export function peerTarget(text: string, known: readonly KnownPeer[]): PeerTarget {
  const name = text.trim()
  if (name.startsWith('/')) return fromLine(name)
  const whole = known.filter(({ peerId, x0Id }) => peerId === name || x0Id === name)
  const found =
    whole.length > 0 || name.length < 8
      ? whole
      : known.filter(({ peerId, x0Id }) => peerId?.startsWith(name) || x0Id?.startsWith(name))
  const [peer, another] = found
  if (peer === undefined) {
    throw new NodeFault(
      'peer-unknown',
      `no peer ${name} is known here; \`x0 peers\` lists those that are, or give its address: MULTIADDR/p2p/PEERID#x0id`,
    )
  }
  if (another !== undefined)
    throw new NodeFault('peer-ambiguous', `${found.length} peers begin with ${name}; give more of the id`)
  const [address] = peer.addresses
  if (address === undefined) throw new NodeFault('unreachable', `no address of ${name} is known`)
  return { address, peerId: peer.peerId, x0Id: peer.x0Id, stated: false }
}

function fromLine(text: string): PeerTarget {
  try {
    const line = parseBootstrapLine(text)
    const address = line.address.toString().replace(/\/p2p\/[^/]+$/, '')
    if (line.x0Id === undefined) return { address, peerId: line.peerId, x0Id: undefined, stated: false }
    return { address, peerId: line.peerId, x0Id: formatX0Id(line.x0Id), stated: true }
  } catch (cause) {
    if (cause instanceof IdentityError) throw new NodeFault('bad-address', cause.message, { cause })
    throw cause
  }
}
