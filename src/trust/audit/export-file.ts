import type { CryptoBackend } from '../../crypto/backend.ts'
import { AuditError } from './audit-error.ts'
import type { Kept } from './audit-shelf.ts'
import { type AuditEntry, encodeEntry, type SealedEntry } from './entry.ts'
import { isHead, type SignedHead } from './head.ts'
import { AUDIT_KINDS, type AuditData } from './kinds.ts'
import { type AuditReport, verifyTrail } from './verify-trail.ts'

/** Bytes as hex, times in ISO 8601: an entry as documents and exported files show it. Its hash is over the binary form. */
export interface EntryDocument {
  readonly n: number
  readonly at: string
  readonly kind: string
  readonly data: AuditData
  readonly previous: string
  readonly hash: string
}

/** A signed head in the same form; keys and signature in base64. */
export interface HeadDocument {
  readonly first: number
  readonly anchor: string
  readonly count: number
  readonly hash: string
  readonly at: string
  readonly publicKey: string
  readonly signature: string
}

/** The first line of an exported file; every other line is an entry. */
interface Header {
  readonly schema: typeof EXPORT_SCHEMA
  readonly head: HeadDocument
}

const EXPORT_SCHEMA = 'x0.audit-export/v1'

export function entryDocument({ n, at, kind, data, previous, hash }: SealedEntry): EntryDocument {
  return { n, at: new Date(at).toISOString(), kind, data, previous: hex(previous), hash: hex(hash) }
}

export function headDocument(head: SignedHead): HeadDocument {
  const { first, anchor, count, hash, at, publicKey, signature } = head
  return {
    first,
    anchor: hex(anchor),
    count,
    hash: hex(hash),
    at: new Date(at).toISOString(),
    publicKey: base64(publicKey),
    signature: base64(signature),
  }
}

export function headerLine(head: HeadDocument): string {
  return `${JSON.stringify({ schema: EXPORT_SCHEMA, head } satisfies Header)}\n`
}

export function entryLine(entry: EntryDocument): string {
  return `${JSON.stringify(entry)}\n`
}

/**
 * Verifies an exported file, line by line: what is a number too high or too low stands in the wrong place.
 * @param x0Ids as for verifyTrail
 * @throws AuditError bad-export where the first line is not that of an exported file
 */
export async function verifyExport(
  backend: CryptoBackend,
  lines: AsyncIterable<string>,
  x0Ids?: readonly Uint8Array[],
): Promise<AuditReport> {
  const iterator = lines[Symbol.asyncIterator]()
  const first = await iterator.next()
  const head = first.done === true ? undefined : readHeader(first.value)
  if (head === undefined) throw new AuditError('bad-export', 'the first line is not that of a file that `x0 audit export` writes')
  return await verifyTrail(backend, head, placed(iterator, head), x0Ids)
}

async function* placed(lines: AsyncIterator<string>, head: SignedHead): AsyncGenerator<Kept> {
  let place = head.first
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    if (next.value === '') continue
    const read = readEntry(next.value)
    // one that comes later leaves a gap; any other stands where another should
    yield [Math.max(place, read?.n ?? place), read?.sealed]
    place += 1
  }
}

function readHeader(line: string): SignedHead | undefined {
  const value = parse(line)
  if (field(value, 'schema') !== EXPORT_SCHEMA) return undefined
  const head = field(value, 'head')
  const number = (name: string): number => {
    const found = field(head, name)
    return typeof found === 'number' ? found : Number.NaN
  }
  const bytes = (name: string, encoding: 'hex' | 'base64'): Uint8Array =>
    bytesOf(field(head, name), encoding) ?? new Uint8Array(0)
  const read = {
    first: number('first'),
    anchor: bytes('anchor', 'hex'),
    count: number('count'),
    hash: bytes('hash', 'hex'),
    at: timeOf(field(head, 'at')),
    publicKey: bytes('publicKey', 'base64'),
    signature: bytes('signature', 'base64'),
  }
  return isHead(read) ? read : undefined
}

/** The entry of a line in the form in which a trail keeps it; its number for the place, undefined where it is none. */
function readEntry(line: string): { readonly n: number; readonly sealed: Uint8Array } | undefined {
  const value = parse(line)
  const [n, kind, data] = [field(value, 'n'), field(value, 'kind'), field(value, 'data')]
  const previous = bytesOf(field(value, 'previous'), 'hex')
  const hash = bytesOf(field(value, 'hash'), 'hex')
  const known = AUDIT_KINDS.find((name) => name === kind)
  if (typeof n !== 'number' || known === undefined || previous === undefined || hash === undefined || !isData(data))
    return undefined
  const entry: AuditEntry = { n, at: timeOf(field(value, 'at')), kind: known, data, previous }
  try {
    return { n, sealed: Buffer.concat([encodeEntry(entry), hash]) }
  } catch (error) {
    if (error instanceof AuditError) return undefined
    throw error
  }
}

function isData(value: unknown): value is AuditData {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((one) => ['string', 'number', 'boolean'].includes(typeof one))
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Ms since the Unix epoch; NaN for what is no time as this file writes it. */
function timeOf(value: unknown): number {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return !Number.isNaN(at) && new Date(at).toISOString() === value ? at : Number.NaN
}

function bytesOf(value: unknown, encoding: 'hex' | 'base64'): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined
  const bytes = Buffer.from(value, encoding)
  return bytes.toString(encoding) === value ? bytes : undefined
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
