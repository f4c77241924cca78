import type { CryptoBackend } from '../../crypto/backend.ts'
import { equalBytes } from '../../crypto/constant-time.ts'
import { AuditError } from './audit-error.ts'
import { AUDIT_KINDS, type AuditData, type AuditKind } from './kinds.ts'
import { MAX_ENTRY_BYTES, MAX_FIELD_NAME, MAX_FIELD_TEXT, MAX_FIELDS } from './limits.ts'

/*
 * An entry, big endian:
 *
 *   "x0-audit-entry/1\0" | n u64 | at u64 | previous hash (32) | kind | number of fields u8 | fields
 *   kind:  length u8 | ASCII
 *   field: length of name u8 | name, ASCII | type u8 | value; ascending by name, each name once
 *   types: 0 false, 1 true, 2 number (f64, finite, never -0), 3 text (length u16 | UTF-8)
 *
 * Its hash is SHA-256 of these bytes, so it covers the hash of the entry before it. Kept is the entry and its hash: the
 * hash alone tells an entry that was changed from one that was changed together with all that follow.
 */

const LABEL = Buffer.from('x0-audit-entry/1\0', 'latin1')
const HASH_BYTES = 32
const NAME = /^[a-z][a-zA-Z0-9]*$/

/** What the first entry has for the hash before it. */
export const NO_HASH: Uint8Array = new Uint8Array(HASH_BYTES)

export interface AuditEntry {
  /** 1, 2, 3 ... */
  readonly n: number
  /** Wall clock, ms since the Unix epoch. It may jump; the order is that of `n`. */
  readonly at: number
  readonly kind: AuditKind
  readonly data: AuditData
  /** Of the entry before it, 32 bytes. */
  readonly previous: Uint8Array
}

/** The data that an entry can hold: texts cut and made whole Unicode, what is no number 0, names in order, surplus fields dropped. */
export function recordable(data: AuditData): AuditData {
  const names = Object.keys(data)
    .filter((name) => name.length <= MAX_FIELD_NAME && NAME.test(name))
    .slice(0, MAX_FIELDS)
    .toSorted(byBytes)
  return Object.fromEntries(names.map((name) => [name, recordableValue(data[name])]))
}

function recordableValue(value: string | number | boolean | undefined): string | number | boolean {
  if (typeof value === 'string') return value.slice(0, MAX_FIELD_TEXT).toWellFormed()
  if (typeof value === 'number') return Number.isFinite(value) && value !== 0 ? value : 0
  return value === true
}

/**
 * The one encoding of an entry.
 * @throws AuditError bad-entry for what has none
 */
export function encodeEntry(entry: AuditEntry): Uint8Array {
  const fields = Object.entries(entry.data)
  if (!isCount(entry.n) || entry.n === 0 || !isCount(entry.at)) throw bad('n and at are whole numbers')
  if (entry.previous.length !== HASH_BYTES) throw bad(`a hash has ${HASH_BYTES} bytes`)
  if (!AUDIT_KINDS.some((kind) => kind === entry.kind)) throw bad(`there is no kind ${JSON.stringify(entry.kind)}`)
  if (fields.length > MAX_FIELDS) throw bad(`${fields.length} fields, ${MAX_FIELDS} allowed`)
  fields.sort(([a], [b]) => byBytes(a, b))
  return Buffer.concat([
    LABEL,
    u64(entry.n),
    u64(entry.at),
    entry.previous,
    shortText(entry.kind),
    Uint8Array.of(fields.length),
    ...fields.map(([name, value]) => Buffer.concat([fieldName(name), fieldValue(value)])),
  ])
}

/** The entry that `bytes` are, or undefined where they are none. */
export function decodeEntry(bytes: Uint8Array): AuditEntry | undefined {
  if (bytes.length > MAX_ENTRY_BYTES || !equalBytes(bytes.subarray(0, LABEL.length), LABEL)) return undefined
  try {
    const entry = read(bytes)
    // whatever else would read as the same entry: names out of order, -0, a text that is no UTF-8, bytes behind the end
    return equalBytes(encodeEntry(entry), bytes) ? entry : undefined
  } catch (error) {
    if (error instanceof RangeError || error instanceof AuditError) return undefined
    throw error
  }
}

/** An entry and its hash, as they are kept. */
export function sealEntry(
  backend: Pick<CryptoBackend, 'sha256'>,
  bytes: Uint8Array,
): { readonly sealed: Uint8Array; readonly hash: Uint8Array } {
  const hash = backend.sha256(bytes)
  return { sealed: Buffer.concat([bytes, hash]), hash }
}

/** An entry with the hash that is kept beside it. */
export interface SealedEntry extends AuditEntry {
  /** 32 bytes, unchecked. */
  readonly hash: Uint8Array
}

/** What is kept, read but not verified; undefined where it is no entry. */
export function readSealed(sealed: Uint8Array): SealedEntry | undefined {
  const { bytes, hash } = openSealed(sealed)
  const entry = decodeEntry(bytes)
  return entry === undefined ? undefined : { ...entry, hash: Uint8Array.from(hash) }
}

/** The two parts of what is kept, unchecked. */
export function openSealed(sealed: Uint8Array): { readonly bytes: Uint8Array; readonly hash: Uint8Array } {
  const at = Math.max(0, sealed.length - HASH_BYTES)
  return { bytes: sealed.subarray(0, at), hash: sealed.subarray(at) }
}

function read(bytes: Uint8Array): AuditEntry {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = LABEL.length
  // Buffer throws a RangeError past the end
  const u8 = (): number => buffer.readUInt8(at++)
  const take = (length: number): Buffer => {
    if (at + length > buffer.length) throw new RangeError('it ends too early')
    at += length
    return buffer.subarray(at - length, at)
  }
  const count = (): number => Number(take(8).readBigUInt64BE())
  const value = (): string | number | boolean => {
    const type = u8()
    if (type <= 1) return type === 1
    if (type === 2) return take(8).readDoubleBE()
    if (type !== 3) throw new RangeError('no such type')
    return take(take(2).readUInt16BE()).toString('utf8')
  }
  const n = count()
  const time = count()
  const previous = Uint8Array.from(take(HASH_BYTES))
  const name = take(u8()).toString('latin1')
  const kind = AUDIT_KINDS.find((known) => known === name)
  if (kind === undefined) throw new RangeError('no such kind')
  const fields = Array.from({ length: u8() }, () => [take(u8()).toString('latin1'), value()] as const)
  return { n, at: time, kind, data: Object.fromEntries(fields), previous }
}

function fieldName(name: string): Uint8Array {
  if (name.length > MAX_FIELD_NAME || !NAME.test(name)) throw bad(`${JSON.stringify(name)} is no name of a field`)
  return shortText(name)
}

function fieldValue(value: string | number | boolean): Uint8Array {
  if (typeof value === 'boolean') return Uint8Array.of(value ? 1 : 0)
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || Object.is(value, -0)) throw bad(`${value} is no number that can be recorded`)
    const bytes = Buffer.alloc(9, 2)
    bytes.writeDoubleBE(value, 1)
    return bytes
  }
  if (typeof value !== 'string' || value.length > MAX_FIELD_TEXT || !value.isWellFormed())
    throw bad('a text is too long or no Unicode')
  const text = Buffer.from(value, 'utf8')
  const length = Buffer.alloc(3, 3)
  length.writeUInt16BE(text.length, 1)
  return Buffer.concat([length, text])
}

function shortText(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([Uint8Array.of(bytes.length), bytes])
}

/** 8 bytes, big endian. */
export function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function bad(message: string): AuditError {
  return new AuditError('bad-entry', message)
}
