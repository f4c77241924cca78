import type { CryptoBackend } from '../crypto/backend.ts'
import { CryptoError } from '../crypto/backend.ts'
import { compositePublicKey, importCompositePublic } from '../crypto/composite.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { ED25519_PUBLIC_KEY_BYTES, MLDSA65_PUBLIC_KEY_BYTES } from '../crypto/lengths.ts'
import { type ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import { isTime, readTime, startReading } from './form.ts'
import { MAX_FOUNDERS, MAX_GENESIS_BYTES, MAX_WEIGHT, NONCE_BYTES } from './limits.ts'
import {
  expectNetworkName,
  expectNodeName,
  isAscending,
  orderedGroups,
  readGroups,
  readNetworkName,
  readNodeName,
  writeGroups,
  writeText,
} from './names.ts'
import { TrustError } from './trust-error.ts'

/** Who may belong: anybody, who has a credential of a member, or whom the members voted in. */
export type AdmissionMode = 'open' | 'sponsor' | 'vote'

/** A member from the first day on. */
export interface Founder {
  /** The name of its node; no two founders have the same. */
  readonly name: string
  /** 32 bytes. */
  readonly ed25519: Uint8Array
  /** 1,952 bytes. */
  readonly mldsa65: Uint8Array
  /** Of its vote, 1 to 1,000. */
  readonly weight: number
  /** Ascending, at most 16. */
  readonly groups: readonly string[]
}

export interface GenesisContent {
  readonly name: string
  /** Wall clock, ms. */
  readonly createdAt: number
  /** 32 random bytes: two networks of one name, made by the same people in the same moment, are two. */
  readonly nonce: Uint8Array
  readonly admission: AdmissionMode
  /** Ascending by name; 1 to 32. */
  readonly founders: readonly Founder[]
}

/** The document that a network is made of; the layout is in docs/networks.md. */
export interface Genesis extends GenesisContent {
  readonly bytes: Uint8Array
  /** SHA-256 of the bytes, 32 bytes: the network's id. */
  readonly id: Uint8Array
}

const LABEL = new TextEncoder().encode('x0-genesis/1\0')
/** The number of a mode is its place here. */
const MODES: readonly AdmissionMode[] = ['open', 'sponsor', 'vote']

/**
 * A new network. Founders and groups are put in order.
 * @throws TrustError `bad-name`, `bad-genesis`
 */
export function makeGenesis(backend: CryptoBackend, content: GenesisContent): Genesis {
  expectNetworkName(content.name)
  const founders = content.founders
    .map((founder) => ({ ...founder, groups: orderedGroups(founder.groups) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
  for (const founder of founders) expectFounder(founder)
  if (content.nonce.length !== NONCE_BYTES) throw new TrustError('bad-genesis', `a nonce has ${NONCE_BYTES} bytes`)
  if (!isTime(content.createdAt)) throw new TrustError('bad-genesis', 'it was made at no time')
  if (founders.length > MAX_FOUNDERS) {
    throw new TrustError('bad-genesis', `${founders.length} founders, ${MAX_FOUNDERS} are allowed: invite the others later`)
  }
  return decodeGenesis(backend, encodeGenesis({ ...content, founders }))
}

/**
 * Reads a genesis, every part of it checked; each has exactly one encoding.
 * @throws TrustError `bad-genesis`
 */
export function decodeGenesis(backend: CryptoBackend, bytes: Uint8Array): Genesis {
  const { reader, own } = startReading(bytes, LABEL, MAX_GENESIS_BYTES, 'bad-genesis')
  const name = readNetworkName(reader)
  const createdAt = readTime(reader, 'bad-genesis')
  const nonce = reader.bytes(NONCE_BYTES)
  const admission = MODES[reader.u8()]
  const founders = reader.list(MAX_FOUNDERS, () => readFounder(reader))
  reader.end()
  if (admission === undefined) throw new TrustError('bad-genesis', 'an admission mode that this version does not know')
  expectFounders(backend, founders)
  return { name, createdAt, nonce, admission, founders, bytes: own, id: backend.sha256(own) }
}

function encodeGenesis(content: GenesisContent): Uint8Array {
  const writer = new ByteWriter().bytes(LABEL)
  writeText(writer, content.name)
  writer.u64(BigInt(content.createdAt)).bytes(content.nonce).u8(MODES.indexOf(content.admission))
  writer.u8(content.founders.length)
  for (const founder of content.founders) {
    writeText(writer, founder.name)
    writer.bytes(founder.ed25519).bytes(founder.mldsa65).u16(founder.weight)
    writeGroups(writer, founder.groups)
  }
  return writer.finish()
}

function readFounder(reader: ByteReader): Founder {
  const name = readNodeName(reader)
  const ed25519 = reader.bytes(ED25519_PUBLIC_KEY_BYTES)
  const mldsa65 = reader.bytes(MLDSA65_PUBLIC_KEY_BYTES)
  const weight = reader.u16(MAX_WEIGHT)
  if (weight === 0) throw new TrustError('bad-genesis', 'a founder without weight')
  return { name, ed25519, mldsa65, weight, groups: readGroups(reader, 'bad-genesis') }
}

function expectFounder(founder: Founder): void {
  expectNodeName(founder.name)
  const { ed25519, mldsa65, weight } = founder
  if (ed25519.length !== ED25519_PUBLIC_KEY_BYTES || mldsa65.length !== MLDSA65_PUBLIC_KEY_BYTES) {
    throw new TrustError('bad-genesis', `the keys of ${founder.name} have another length`)
  }
  if (!Number.isInteger(weight) || weight < 1 || weight > MAX_WEIGHT) {
    throw new TrustError('bad-genesis', `the weight of ${founder.name} is a whole number from 1 to ${MAX_WEIGHT}`)
  }
}

function expectFounders(backend: CryptoBackend, founders: readonly Founder[]): void {
  if (founders.length === 0) throw new TrustError('bad-genesis', 'it has no founder, so nobody could ever let anybody in')
  if (!isAscending(founders.map(({ name }) => name))) {
    throw new TrustError('bad-genesis', 'the founders are out of order, or two have the same name')
  }
  // one half in common would be enough to mistake one founder for the other
  const shared = founders.some((one, index) =>
    founders.slice(index + 1).some((other) => equalBytes(one.ed25519, other.ed25519) || equalBytes(one.mldsa65, other.mldsa65)),
  )
  if (shared) throw new TrustError('bad-genesis', 'two founders have the same key')
  for (const founder of founders) expectKey(backend, founder)
}

function expectKey(backend: CryptoBackend, founder: Founder): void {
  try {
    importCompositePublic(backend, compositePublicKey(founder))
  } catch (cause) {
    if (cause instanceof CryptoError) throw new TrustError('bad-genesis', `the key of ${founder.name} is no key`, { cause })
    throw cause
  }
}
