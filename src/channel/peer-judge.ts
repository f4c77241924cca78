import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { equalBytes } from '../crypto/constant-time.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Applicant, ChannelContext } from './context.ts'
import type { HandshakePayload } from './payload.ts'
import type { ProvenIdentity, Role } from './pq-auth.ts'
import { type ChannelProfile, checkNegotiation } from './profile.ts'
import { ChannelRefusal, type RefusalCode } from './refusal.ts'
import { explainedRefusal } from './refusal-text.ts'

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

/** Whom a protocol takes: sessions and the join door differ in it. */
export interface Admission {
  /** 32 bytes: the network that the peer signed for. */
  isNetwork(networkId: Uint8Array): boolean
  /** The reason to turn an authenticated peer away, or undefined. */
  admit(applicant: Applicant): RefusalCode | undefined
}

/** Sessions: our own network, and whom the node admits. */
export function sessionAdmission(context: ChannelContext, { protocol }: ChannelProfile): Admission {
  return {
    isNetwork: (networkId) => equalBytes(networkId, context.networkId),
    admit: (applicant) => context.admit(protocol, applicant),
  }
}

export interface JudgeRules {
  readonly protocol: string
  /** Ours. */
  readonly role: Role
  /** The encrypters that we signed for, in order of preference. */
  readonly offers: readonly string[]
  readonly expected: Expectation
  readonly admission: Admission
}

/**
 * Everything that is checked about a peer once its signatures hold, in both roles, from what is wrong for everybody to what
 * is a matter of this network: who was expected and ourselves, the network (a credential says nothing outside of its own),
 * the negotiation, the names that are known (an alarm must not hide behind an expired credential), and admission last.
 * @throws ChannelRefusal
 */
export function judgePeer(
  context: Pick<ChannelContext, 'identity' | 'pins' | 'report'>,
  { protocol, role, offers, expected, admission }: JudgeRules,
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
    if (!admission.isNetwork(auth.networkId)) throw explainedRefusal('wrong-network', 'self')
    const [initiator, responder] = role === 'initiator' ? [offers, auth.securityProtocols] : [auth.securityProtocols, offers]
    checkNegotiation(protocol, initiator, responder)
  }
  if (expected.x0Id !== undefined && expected.x0Id !== x0Id) {
    throw explainedRefusal(x0Id === undefined ? 'missing-authentication' : 'x0-id-mismatch', 'self')
  }
  judgePin(context, peerId, x0Id)
  const code = admission.admit({ peerId: name, x0Id, credential: auth?.credential })
  if (code !== undefined) throw explainedRefusal(code, 'self')
  return { peerId, x0Id }
}

/** @throws ChannelRefusal where the proven x0 id is not the one that this node believes, after raising the alarm */
export function judgePin(context: Pick<ChannelContext, 'pins' | 'report'>, peerId: PeerId, x0Id: string | undefined): void {
  const code = context.pins.judge(peerId.toString(), x0Id)
  if (code === undefined) return
  context.report({ type: 'pin-alarm', peerId: peerId.toString(), code, seenX0Id: x0Id })
  throw explainedRefusal(code, 'self')
}
