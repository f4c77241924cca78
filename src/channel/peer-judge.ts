import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { equalBytes } from '../crypto/constant-time.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { ChannelContext } from './context.ts'
import type { HandshakePayload } from './payload.ts'
import type { ProvenIdentity, Role } from './pq-auth.ts'
import { type ChannelProfile, checkNegotiation } from './profile.ts'
import { ChannelRefusal, type RefusalCode } from './refusal.ts'

/** What this end knew before the handshake. */
export interface Expectation {
  readonly peerId: PeerId | undefined
  /** Text form; overrides nothing: it is checked beside the pins. */
  readonly x0Id: string | undefined
}

export interface JudgedPeer {
  readonly peerId: PeerId
  /** Text form. */
  readonly x0Id: string | undefined
}

const EXPLAINED: Partial<Record<RefusalCode, string>> = {
  'pin-mismatch':
    'the peer proved another x0 id than the one seen at first contact: either its keys were replaced or somebody stands between',
  'x0-id-mismatch': 'the peer proved another x0 id than the one that was stated for it (bootstrap line, invite or credential)',
  'pin-frozen': 'two different successors were signed for this x0 id: one of its keys is in other hands; an operator must decide',
  blocked: 'the operator of this node has blocked the peer: `x0 peer blocked` says why and until when',
  'missing-authentication': 'the x0 id of this peer is known, so it must prove it with ML-DSA-65; it did not',
}

/** Everything that is checked about a peer once its signatures hold. @throws ChannelRefusal */
export function judgePeer(
  context: ChannelContext,
  profile: ChannelProfile,
  role: Role,
  offers: readonly string[],
  expected: Expectation,
  remote: ProvenIdentity,
  payload: HandshakePayload,
): JudgedPeer {
  const peerId = peerIdFromPublicKey(publicKeyFromRaw(remote.ed25519))
  const name = peerId.toString()
  const x0Id = remote.x0Id === undefined ? undefined : formatX0Id(remote.x0Id)
  if (expected.peerId !== undefined && !expected.peerId.equals(peerId)) {
    throw new ChannelRefusal('peer-id-mismatch', `expected the peer ${expected.peerId}, met ${name}`)
  }
  if (equalBytes(remote.ed25519, context.identity.ed25519)) {
    throw new ChannelRefusal('self-connection', 'this is the node itself')
  }
  const auth = payload.pqAuth
  if (auth !== undefined) {
    if (!equalBytes(auth.networkId, context.networkId))
      throw new ChannelRefusal('wrong-network', 'the peer belongs to another network')
    const [initiator, responder] = role === 'initiator' ? [offers, auth.securityProtocols] : [auth.securityProtocols, offers]
    checkNegotiation(profile.protocol, initiator, responder)
  }
  if (expected.x0Id !== undefined && expected.x0Id !== x0Id) {
    throw refused(x0Id === undefined ? 'missing-authentication' : 'x0-id-mismatch')
  }
  judgePin(context, peerId, x0Id)
  const admission = context.admit(profile.protocol, { peerId: name, x0Id, credential: auth?.credential })
  if (admission !== undefined) throw refused(admission)
  return { peerId, x0Id }
}

/** @throws ChannelRefusal where the proven x0 id is not the one that this node believes, after raising the alarm */
export function judgePin(context: ChannelContext, peerId: PeerId, x0Id: string | undefined): void {
  const code = context.pins.judge(peerId.toString(), x0Id)
  if (code === undefined) return
  context.report({ type: 'pin-alarm', peerId: peerId.toString(), code, seenX0Id: x0Id })
  throw refused(code)
}

function refused(code: RefusalCode): ChannelRefusal {
  return new ChannelRefusal(code, EXPLAINED[code] ?? `refused: ${code}`)
}
