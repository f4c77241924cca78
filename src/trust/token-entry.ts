import { X0_ID_BYTES } from '../identity/limits.ts'
import { ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import { readTime } from './form.ts'
import { MAX_TOKEN_USES } from './limits.ts'
import { isNodeName, readGroups, writeGroups, writeText } from './names.ts'
import { TrustError } from './trust-error.ts'

/** What a member keeps of an invite that it made; the secret is not among it. */
export interface TokenEntry {
  /** SHA-256 of the token's public key, 32 bytes. */
  readonly id: Uint8Array
  /** That the node will have; undefined: what it wishes. */
  readonly name: string | undefined
  readonly groups: readonly string[]
  /** Wall clock ms. */
  readonly createdAt: number
  readonly expiresAt: number
  /** How many nodes it may admit, 1 to 256. */
  readonly uses: number
  /** Of the credentials, ms. */
  readonly validityMs: number
  readonly withdrawn: boolean
  /** x0 ids of the nodes it has admitted, in order. */
  readonly redeemers: readonly Uint8Array[]
}

const VERSION = 1

/**
 * As it is kept in the home: version | id | name | groups | created u64 | expires u64 | uses u16 | validity u64 | withdrawn
 * | number of redeemers u16 | their x0 ids.
 */
export function encodeTokenEntry(entry: TokenEntry): Uint8Array {
  const writer = new ByteWriter().u8(VERSION).bytes(entry.id)
  writeText(writer, entry.name ?? '')
  writeGroups(writer, entry.groups)
  writer.u64(BigInt(entry.createdAt)).u64(BigInt(entry.expiresAt)).u16(entry.uses).u64(BigInt(entry.validityMs))
  writer.u8(entry.withdrawn ? 1 : 0).u16(entry.redeemers.length)
  for (const redeemer of entry.redeemers) writer.bytes(redeemer)
  return writer.finish()
}

/** @throws TrustError `damaged` */
export function decodeTokenEntry(bytes: Uint8Array): TokenEntry {
  const reader = new ByteReader(Uint8Array.from(bytes), (why) => new TrustError('damaged', `an invite in the home: ${why}`))
  if (reader.u8() !== VERSION) throw new TrustError('damaged', 'an invite in the home, of another version')
  const id = reader.bytes(32)
  const name = reader.text(reader.u8(), /^[a-z0-9-]*$/)
  const groups = readGroups(reader, 'damaged')
  const createdAt = readTime(reader, 'damaged')
  const expiresAt = readTime(reader, 'damaged')
  const uses = reader.u16(MAX_TOKEN_USES)
  const validityMs = readTime(reader, 'damaged')
  const withdrawn = reader.u8() !== 0
  const redeemers = Array.from({ length: reader.u16(uses) }, () => reader.bytes(X0_ID_BYTES))
  reader.end()
  if (name !== '' && !isNodeName(name)) throw new TrustError('damaged', 'an invite in the home, for no name')
  const named = name === '' ? undefined : name
  return { id, name: named, groups, createdAt, expiresAt, uses, validityMs, withdrawn, redeemers }
}
