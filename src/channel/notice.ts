import type { ChannelRefusal, RefusalCode } from './refusal.ts'
import { peerRefusal, refusalNumber } from './verdict.ts'

/**
 * The refusal notice: what an initiator that turns the proved responder away sends in message C in place of its identity.
 * libp2p's NoiseHandshakePayload with nothing but one extension, X0Refusal { version (1) = 1; code = 2 }, so that both ends
 * know the reason. It names nobody, and nobody has signed it: the responder takes it for the word of a stranger.
 *
 * There is exactly one encoding: these bytes and the number of the refusal, which is below 128 and so one byte of varint.
 */
const HEAD = Uint8Array.of(
  ...[0x22, 7], // extensions (4), 7 bytes
  ...[0x8a, 0x6f, 4], // X0Refusal (1777), 4 bytes
  ...[0x08, 1], // version (1): 1
  0x10, // code (2)
)
const MAX_NUMBER = 127

/** Field number of X0Refusal beside X0PqAuth; a payload that shows who sent it must not hold it. */
export const NOTICE_EXTENSION = 1777
export const NOTICE_BYTES = HEAD.length + 1

export function encodeNotice(code: RefusalCode): Uint8Array {
  return Uint8Array.of(...HEAD, refusalNumber(code))
}

/** The peer's refusal; undefined where the payload is not exactly a notice, which is for decodePayload to judge. */
export function decodeNotice(payload: Uint8Array): ChannelRefusal | undefined {
  if (payload.length !== NOTICE_BYTES || !HEAD.every((byte, index) => payload[index] === byte)) return undefined
  const number = payload[HEAD.length] ?? 0
  return number === 0 || number > MAX_NUMBER ? undefined : peerRefusal(number)
}
