import type { Attempt } from './attempt.ts'
import type { ChannelContext } from './context.ts'
import type { HandshakeInput } from './handshake.ts'
import type { ChannelProfile } from './profile.ts'

/** What this end says of itself in one handshake. */
export interface OwnSide {
  readonly profile: ChannelProfile
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly credential: Uint8Array | undefined
  readonly securityProtocols: readonly string[]
  readonly streamMuxers: readonly string[]
  readonly identitySignature: Uint8Array
}

/** All that `initiate` and `respond` take, from what the encrypters of a node share and what this handshake is. */
export function handshakeInput(
  context: ChannelContext,
  attempt: Attempt,
  side: OwnSide,
  judge: HandshakeInput['judge'],
): HandshakeInput {
  const { role } = attempt
  return {
    ...side,
    crypto: context.crypto,
    identity: context.identity,
    keys: context.keys.take(role),
    known: context.known,
    isAlone: () => role === 'responder' && context.gate.underWay <= 1,
    carrier: attempt.carrier,
    signal: attempt.signal,
    slots: role === 'initiator' ? context.outboundSlots : context.inboundSlots,
    judge,
  }
}
