import { ChannelRefusal, type RefusalCode } from './refusal.ts'
import { explainedRefusal } from './refusal-text.ts'

/**
 * The verdict: the first record R->I of the x0 protocol, two bytes of plaintext `version (1) || code`. In XX the
 * initiator is done before the responder has judged message C; this record tells it the outcome and why.
 */
const VERSION = 1
const ACCEPTED = 0

/** Wire codes; never reuse a number. A refusal without a number of its own travels as `not-allowed`. */
const WIRE: ReadonlyMap<RefusalCode, number> = new Map<RefusalCode, number>([
  ['wrong-network', 1],
  ['not-admitted', 2],
  ['revoked', 3],
  ['pin-mismatch', 4],
  ['pin-frozen', 5],
  ['x0-id-mismatch', 6],
  ['peer-id-mismatch', 7],
  ['bad-identity-signature', 8],
  ['bad-composite-signature', 9],
  ['missing-authentication', 10],
  ['protocol-mismatch', 11],
  ['malformed-message', 12],
  ['payload-too-large', 13],
  ['decrypt-failed', 14],
  ['self-connection', 15],
  ['not-allowed', 16],
  ['no-common-muxer', 17],
  ['shed', 18],
  ['timeout', 19],
  ['blocked', 20],
  ['catching-up', 21],
  ['credential-malformed', 22],
  ['credential-forged', 23],
  ['credential-expired', 24],
  ['credential-early', 25],
  ['credential-foreign', 26],
  ['credential-mismatch', 27],
  ['issuer-unknown', 28],
])

const BY_WIRE = new Map([...WIRE].map(([code, number]) => [number, code]))
/** For reasons that have no number, or one that this version does not know. */
const OTHER = 16

/** How a refusal is named on the wire, 1 to 127: in the verdict, and in a refusal notice (notice.ts). */
export function refusalNumber(code: RefusalCode): number {
  return WIRE.get(code) ?? OTHER
}

/** What the peer says by `number`. A later version may know more reasons; that it refuses is what counts. */
export function peerRefusal(number: number): ChannelRefusal {
  const code = BY_WIRE.get(number)
  if (code !== undefined) return explainedRefusal(code, 'peer')
  return new ChannelRefusal('not-allowed', `the peer refused this connection: code ${number}`, { by: 'peer' })
}

export const VERDICT_BYTES = 2

export function encodeVerdict(refusal?: RefusalCode): Uint8Array {
  return Uint8Array.of(VERSION, refusal === undefined ? ACCEPTED : refusalNumber(refusal))
}

/** Undefined where the peer accepts; else its refusal. @throws ChannelRefusal `malformed-message` for anything else. */
export function decodeVerdict(bytes: Uint8Array): ChannelRefusal | undefined {
  if (bytes.length !== VERDICT_BYTES || bytes[0] !== VERSION) {
    throw new ChannelRefusal('malformed-message', 'the first record of the peer is not a verdict')
  }
  const number = bytes[1] ?? 0
  return number === ACCEPTED ? undefined : peerRefusal(number)
}
