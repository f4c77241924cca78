import { MAX_RECORD_BYTES } from './limits.ts'

/**
 * Frames of `/x0/record/1.0.0`, one request and one answer per stream (docs/node-records.md, Exchange).
 *
 *     get     0x01 | x0 id (32); all zero asks for the answering node's own record
 *     put     0x02 | record
 *     found   0x10 | record
 *     absent  0x11
 *     stored  0x12
 *     newer   0x13 | record        the put was stale, here is what I have
 *     refused 0x14
 *     busy    0x15                 ask again later
 */
export const RECORD_PROTOCOL = '/x0/record/1.0.0'
export const MAX_RECORD_FRAME_BYTES = MAX_RECORD_BYTES + 1
/** Names the answering node itself. */
export const OWN_RECORD: Uint8Array = new Uint8Array(32)

export type RecordRequest =
  | { readonly kind: 'get'; readonly x0Id: Uint8Array }
  | { readonly kind: 'put'; readonly record: Uint8Array }

export type RecordAnswer =
  | { readonly kind: 'found' | 'newer'; readonly record: Uint8Array }
  | { readonly kind: 'absent' | 'stored' | 'refused' | 'busy' }

const answerCodes = { found: 0x10, absent: 0x11, stored: 0x12, newer: 0x13, refused: 0x14, busy: 0x15 } as const

export function encodeRequest(request: RecordRequest): Uint8Array {
  return request.kind === 'get'
    ? Buffer.concat([Uint8Array.of(1), request.x0Id])
    : Buffer.concat([Uint8Array.of(2), request.record])
}

/** The request, or undefined for bytes that are none. */
export function decodeRequest(bytes: Uint8Array): RecordRequest | undefined {
  const rest = bytes.subarray(1)
  if (bytes[0] === 1 && rest.length === 32) return { kind: 'get', x0Id: rest }
  if (bytes[0] === 2 && rest.length > 0) return { kind: 'put', record: rest }
  return undefined
}

export function encodeAnswer(answer: RecordAnswer): Uint8Array {
  const code = Uint8Array.of(answerCodes[answer.kind])
  return 'record' in answer ? Buffer.concat([code, answer.record]) : code
}

/** The answer, or undefined for bytes that are none. */
export function decodeAnswer(bytes: Uint8Array): RecordAnswer | undefined {
  const record = bytes.subarray(1)
  switch (bytes[0]) {
    case answerCodes.found:
      return record.length > 0 ? { kind: 'found', record } : undefined
    case answerCodes.newer:
      return record.length > 0 ? { kind: 'newer', record } : undefined
    case answerCodes.absent:
      return record.length === 0 ? { kind: 'absent' } : undefined
    case answerCodes.stored:
      return record.length === 0 ? { kind: 'stored' } : undefined
    case answerCodes.refused:
      return record.length === 0 ? { kind: 'refused' } : undefined
    case answerCodes.busy:
      return record.length === 0 ? { kind: 'busy' } : undefined
    default:
      return undefined
  }
}
