import { ChannelRefusal } from './refusal.ts'
import type { Suite } from './session.ts'

/** What differs between the protocol ids that share the XXhfs handshake. */
export interface ChannelProfile {
  /** multistream-select id. */
  readonly protocol: string
  readonly prologue: Uint8Array
  /** `required`: a peer without the extension is refused. `offered`: it is sent along, and its absence is marked. */
  readonly authentication: 'required' | 'offered'
  /** The first record R->I tells the initiator how message C was judged. */
  readonly verdict: boolean
  readonly rekey: boolean
}

export const X0_PROTOCOL = '/x0/noise-mlkem768-mldsa65/1.0.0'

/** The only protocol that a node offers by default. */
export const X0_PROFILE: ChannelProfile = {
  protocol: X0_PROTOCOL,
  prologue: new TextEncoder().encode(X0_PROTOCOL),
  authentication: 'required',
  verdict: true,
  rekey: true,
}

/** The id of the join door, over which a node without a credential asks for one (join-door.ts). */
export const JOIN_PROTOCOL = '/x0/join/1.0.0'

/** The same handshake, for one request and one answer: too short for a rekey. */
export const JOIN_PROFILE: ChannelProfile = {
  protocol: JOIN_PROTOCOL,
  prologue: new TextEncoder().encode(JOIN_PROTOCOL),
  authentication: 'required',
  verdict: true,
  rekey: false,
}

/** The open libp2p hybrid Noise draft; its id is configuration because the draft's version still moves. */
export function interopProfile(protocol: string): ChannelProfile {
  return { protocol, prologue: new Uint8Array(0), authentication: 'offered', verdict: false, rekey: false }
}

export function suiteOf(pqAuthenticated: boolean): Suite {
  return pqAuthenticated ? 'noise-xxhfs-mlkem768-mldsa65' : 'noise-xxhfs-mlkem768'
}

/**
 * multistream's choice of encrypter is not authenticated, so both ends sign their lists and check the choice against
 * them: it must be the first of the initiator's preferences that the responder has.
 * @throws ChannelRefusal `protocol-mismatch`: somebody between us steered the negotiation
 */
export function checkNegotiation(
  negotiated: string,
  initiatorOffers: readonly string[],
  responderOffers: readonly string[],
): void {
  const best = initiatorOffers.find((protocol) => responderOffers.includes(protocol))
  if (best === negotiated) return
  throw new ChannelRefusal(
    'protocol-mismatch',
    `${negotiated} was negotiated although the two sides would agree on ${best ?? 'none'}`,
  )
}
