import { peerIdFromString } from '@libp2p/peer-id'
import { parseBootstrapLine } from '../identity/bootstrap-line.ts'
import { IdentityError } from '../identity/identity-error.ts'
import { formatX0Id, parseX0Id } from '../identity/x0-id.ts'
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

/** The keys by which a request names a peer. */
export interface PeerKeys {
  readonly peerId: string | undefined
  /** Text form. */
  readonly x0Id: string | undefined
}

/**
 * The peer that a request names: by peer id or x0 id (whole, or the beginning of one of at least 8 characters) where it is
 * known here, or by a line MULTIADDR[/p2p/PEERID][#x0id].
 * @throws NodeFault `peer-unknown`, `peer-ambiguous`, `bad-address`
 */
export function peerTarget(text: string, known: readonly KnownPeer[]): PeerTarget {
  const name = text.trim()
  if (name.startsWith('/')) return fromLine(name)
  const peer = knownPeer(name, known)
  const [address] = peer.addresses
  if (address === undefined) throw new NodeFault('unreachable', `no address of ${name} is known`)
  return { address, peerId: peer.peerId, x0Id: peer.x0Id, stated: false }
}

/**
 * One of the known peers: by its ids as above, or by a line that leads to it.
 * @throws NodeFault `peer-unknown`, `peer-ambiguous`, `bad-address`
 */
export function knownPeer<Peer extends KnownPeer>(text: string, known: readonly Peer[]): Peer {
  const name = text.trim()
  const found = name.startsWith('/') ? atLine(fromLine(name), known) : byId(name, known)
  const [peer, another] = found
  if (peer === undefined) {
    throw new NodeFault(
      'peer-unknown',
      `no peer ${name} is known here; \`x0 peers\` lists those that are, or give its address: MULTIADDR/p2p/PEERID#x0id`,
    )
  }
  if (another !== undefined) throw new NodeFault('peer-ambiguous', `${found.length} peers fit ${name}; give more of the id`)
  return peer
}

/**
 * The keys of a peer that need not be known here: by a whole peer id or x0 id, by a line with a peer id, or as above.
 * @throws NodeFault `peer-unknown`, `peer-ambiguous`, `bad-address`
 */
export function peerKeys(text: string, known: readonly KnownPeer[]): PeerKeys {
  const name = text.trim()
  if (name.startsWith('/')) {
    const { peerId, x0Id } = fromLine(name)
    if (peerId !== undefined) return { peerId, x0Id: x0Id ?? known.find((peer) => peer.peerId === peerId)?.x0Id }
  }
  try {
    const { peerId, x0Id } = knownPeer(name, known)
    if (peerId !== undefined || x0Id !== undefined) return { peerId, x0Id }
  } catch (error) {
    const keys = error instanceof NodeFault && error.code === 'peer-unknown' ? wholeId(name) : undefined
    if (keys === undefined) throw error
    return keys
  }
  throw new NodeFault('peer-unknown', `whoever is at ${name} has not been met yet; name its peer id or x0 id`)
}

function byId<Peer extends KnownPeer>(name: string, known: readonly Peer[]): readonly Peer[] {
  const whole = known.filter(({ peerId, x0Id }) => peerId === name || x0Id === name)
  if (whole.length > 0 || name.length < 8) return whole
  return known.filter(({ peerId, x0Id }) => peerId?.startsWith(name) || x0Id?.startsWith(name))
}

function atLine<Peer extends KnownPeer>({ peerId, address }: PeerTarget, known: readonly Peer[]): readonly Peer[] {
  return known.filter((peer) => (peerId === undefined ? peer.addresses.includes(address) : peer.peerId === peerId))
}

function wholeId(name: string): PeerKeys | undefined {
  try {
    if (name.startsWith('x0')) return { peerId: undefined, x0Id: formatX0Id(parseX0Id(name)) }
    return { peerId: peerIdFromString(name).toString(), x0Id: undefined }
  } catch {
    // no id of either kind
    return undefined
  }
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
