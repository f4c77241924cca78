import { equalBytes } from '../crypto/constant-time.ts'
import { ByteReader } from '../platform/byte-codec.ts'
import { MAX_TIME_MS } from './limits.ts'
import { TrustError, type TrustErrorCode } from './trust-error.ts'

/** What would drive a terminal, forge a line of a log or turn the direction of writing: no text of ours holds it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u

/** A reader over a copy of `bytes` (`own`) that has read `label` already. @throws TrustError with `code` */
export function startReading(
  bytes: Uint8Array,
  label: Uint8Array,
  max: number,
  code: TrustErrorCode,
): { readonly reader: ByteReader; readonly own: Uint8Array } {
  if (bytes.length > max) throw new TrustError(code, `${bytes.length} bytes, ${max} allowed`)
  // A copy by Uint8Array.from: Buffer's own slice() would share the caller's memory.
  const own = Uint8Array.from(bytes)
  const reader = new ByteReader(own, (why) => new TrustError(code, why))
  if (!equalBytes(reader.bytes(label.length), label)) throw new TrustError(code, 'another kind of document, or another version')
  return { reader, own }
}

/** A wall-clock time in ms. @throws TrustError with `code` */
export function readTime(reader: ByteReader, code: TrustErrorCode): number {
  const time = reader.u64()
  if (time > BigInt(MAX_TIME_MS)) throw new TrustError(code, 'a time beyond the year 9999')
  return Number(time)
}

export function isTime(time: number): boolean {
  return Number.isSafeInteger(time) && time >= 0 && time <= MAX_TIME_MS
}

/** One byte of length, then text for people in UTF-8. @throws TrustError with `code` */
export function readPlainText(reader: ByteReader, maxBytes: number, code: TrustErrorCode): string {
  const length = reader.u8()
  const text = plainTextFrom(reader.bytes(length))
  if (length > maxBytes || text === undefined) throw new TrustError(code, 'a text that is too long or cannot be printed')
  return text
}

/** Whether people can be shown `text` as it is, and it has one encoding of at most `maxBytes`. */
export function isPlainText(text: string, maxBytes: number): boolean {
  return !UNPRINTABLE.test(text) && Buffer.byteLength(text) <= maxBytes
}

function plainTextFrom(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return UNPRINTABLE.test(text) ? undefined : text
  } catch {
    // not UTF-8
    return undefined
  }
}
