import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { ByteReader, ByteWriter, type ReadFailure } from '../platform/byte-codec.ts'
import { GovernanceError, type GovernanceErrorCode } from './governance-error.ts'
import { MAX_TIME_MS } from './limits.ts'

/** What hashes. */
export type Hashing = Pick<CryptoBackend, 'sha256'>

/** What would drive a terminal, forge a line of a log or turn the direction of writing: no text of ours holds it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

export function failing(code: GovernanceErrorCode): ReadFailure {
  return (why) => new GovernanceError(code, why)
}

/** A reader over a copy of `bytes` (`own`) that has read `label` already. @throws what `fail` makes */
export function startReading(
  bytes: Uint8Array,
  label: Uint8Array,
  max: number,
  fail: ReadFailure,
): { readonly reader: ByteReader; readonly own: Uint8Array } {
  if (bytes.length > max) throw fail(`${bytes.length} bytes, ${max} allowed`)
  // A copy by Uint8Array.from: Buffer's own slice() would share the caller's memory.
  const own = Uint8Array.from(bytes)
  const reader = new ByteReader(own, fail)
  if (!equalBytes(reader.bytes(label.length), label)) throw fail('another kind of document, or another version')
  return { reader, own }
}

/** Two bytes of count, then that many items. */
export function readMany<Item>(reader: ByteReader, max: number, item: () => Item): Item[] {
  const count = reader.u16(max)
  return Array.from({ length: count }, item)
}

/** Eight bytes: a number from `least` to `most`, a time or a duration in ms. */
export function readMs(reader: ByteReader, least: number, most: number, fail: ReadFailure): number {
  const value = reader.u64()
  if (value < BigInt(least) || value > BigInt(most)) throw fail(`a time of ${value} ms, from ${least} to ${most} are allowed`)
  return Number(value)
}

/** A wall-clock time in ms. */
export function readTime(reader: ByteReader, fail: ReadFailure): number {
  return readMs(reader, 0, MAX_TIME_MS, fail)
}

/** A number of 1, 2, 4 or 8 bytes. @throws RangeError for one that is not whole or has no place there: our own mistake */
export function writeNumber(writer: ByteWriter, size: 1 | 2 | 4 | 8, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no whole number`)
  if (size === 8) writer.u64(BigInt(value))
  else if (size === 4) writer.u32(value)
  else if (size === 2) writer.u16(value)
  else if (value > 0xff) throw new RangeError(`${value} is above 255`)
  else writer.u8(value)
}

/** @throws RangeError unless there are exactly `length` bytes */
export function writeBytes(writer: ByteWriter, length: number, bytes: Uint8Array): void {
  if (bytes.length !== length) throw new RangeError(`${bytes.length} bytes where ${length} belong`)
  writer.bytes(bytes)
}

/** What `write` makes; a value that has no place in it throws what `fail` makes. */
export function written(fail: ReadFailure, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter()
  try {
    write(writer)
  } catch (cause) {
    if (cause instanceof RangeError) throw fail(cause.message)
    throw cause
  }
  return writer.finish()
}

/** Two bytes from `least` to `most`. */
export function readWithin(reader: ByteReader, least: number, most: number, fail: ReadFailure): number {
  const value = reader.u16()
  if (value < least || value > most) throw fail(`a number of ${value}, from ${least} to ${most} are allowed`)
  return value
}

/** Two bytes of length, then text for people in UTF-8: printable, and where `lines` is set with line feeds. */
export function readText(reader: ByteReader, maxBytes: number, fail: ReadFailure, lines = false): string {
  const text = decoded(reader.bytes(reader.u16(maxBytes)))
  if (text === undefined || !isText(text, maxBytes, lines)) throw fail('a text that cannot be printed')
  return text
}

export function writeText(writer: ByteWriter, text: string): void {
  if (!text.isWellFormed()) throw new RangeError('half of a character')
  const bytes = Buffer.from(text, 'utf8')
  writer.u16(bytes.length).bytes(bytes)
}

/** Whether people can be shown `text` as it is, and it has one encoding of at most `maxBytes`. */
export function isText(text: string, maxBytes: number, lines = false): boolean {
  return !UNPRINTABLE.test(lines ? text.replaceAll('\n', '') : text) && Buffer.byteLength(text) <= maxBytes
}

/** A name of a node or of a group, two bytes of length first. */
export function readName(reader: ByteReader): string {
  return reader.text(reader.u16(), NAME)
}

/** Whether each item is above the one before it. */
export function isAscending<Item extends string | number>(items: readonly Item[]): boolean {
  return items.every((item, index) => {
    const before = items[index - 1]
    return before === undefined || before < item
  })
}

/** A key for maps. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

export function label(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // not UTF-8
    return undefined
  }
}
