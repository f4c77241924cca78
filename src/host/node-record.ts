import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { CryptoBackend } from '../crypto/backend.ts'
import { COMPOSITE_SIGNATURE_BYTES, compositePublicKey, importCompositePublic } from '../crypto/composite.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { x0IdOf } from '../identity/x0-id.ts'
import { addressFromBytes } from '../platform/address-bytes.ts'
import { ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import { HostError } from './host-error.ts'
import {
  MAX_ADDRESS_BYTES,
  MAX_CAPABILITY_BYTES,
  MAX_RECORD_ADDRESSES,
  MAX_RECORD_BYTES,
  MAX_RECORD_CAPABILITIES,
  MAX_RECORD_NEIGHBOURS,
} from './limits.ts'

/** What a node says of itself to the network; the layout is in docs/node-records.md. */
export interface NodeRecordBody {
  /** 32 bytes: a record of one network means nothing in another. */
  readonly networkId: Uint8Array
  readonly ed25519: Uint8Array
  readonly mldsa65: Uint8Array
  /** Wall clock ms at signing, but never lower than or equal to an earlier one of this node. */
  readonly sequence: bigint
  /** Wall clock ms after which the record says nothing any more. */
  readonly expiresAt: number
  /** Multiaddrs without a /p2p/ part, best first. */
  readonly addresses: readonly string[]
  /** x0 ids (32 bytes each) of nodes it is connected to: ways to a node that nobody can dial. Ascending. */
  readonly neighbours: readonly Uint8Array[]
  /** Short names of what the node offers, ascending. */
  readonly capabilities: readonly string[]
}

export interface NodeRecord extends NodeRecordBody {
  /** Derived from the two keys, 32 bytes. */
  readonly x0Id: Uint8Array
  /** Derived from the Ed25519 key. */
  readonly peerId: string
  /** 3,373 bytes over the body. */
  readonly signature: Uint8Array
  /** The whole record as it was decoded. */
  readonly bytes: Uint8Array
  /** SHA-256 of the body without the signature: ML-DSA signing is randomised, one body has many signatures. */
  readonly bodyHash: Uint8Array
}

const VERSION = 1
const CONTEXT = new TextEncoder().encode('x0/node-record/1')
const CAPABILITY = /^[a-z0-9][a-z0-9/._-]*$/

/** Signs a record. Neighbours and capabilities are put in order and cut to their limits; addresses too long are left out. */
export async function signNodeRecord(
  backend: CryptoBackend,
  identity: NodeIdentity,
  content: Pick<NodeRecordBody, 'networkId' | 'sequence' | 'expiresAt' | 'addresses' | 'neighbours' | 'capabilities'>,
): Promise<NodeRecord> {
  const body = encodeBody({
    ...content,
    ed25519: identity.ed25519,
    mldsa65: identity.mldsa65,
    addresses: content.addresses
      .filter((address) => multiaddr(address).bytes.length <= MAX_ADDRESS_BYTES)
      .slice(0, MAX_RECORD_ADDRESSES),
    neighbours: distinct(content.neighbours).slice(0, MAX_RECORD_NEIGHBOURS),
    capabilities: [...new Set(content.capabilities)].sort().slice(0, MAX_RECORD_CAPABILITIES),
  })
  const signature = await identity.sign(body, CONTEXT)
  return decodeNodeRecord(backend, Buffer.concat([body, signature]))
}

/**
 * The record in `bytes`, its form checked to the last byte; the signature is not (see `verifyNodeRecord`).
 * Each record has exactly one encoding.
 * @throws HostError `bad-record`
 */
export function decodeNodeRecord(backend: Pick<CryptoBackend, 'sha256'>, bytes: Uint8Array): NodeRecord {
  if (bytes.length > MAX_RECORD_BYTES) throw new HostError('bad-record', `a record of ${bytes.length} bytes`)
  // A copy by Uint8Array.from: Buffer's own slice() would share the caller's memory.
  const own = Uint8Array.from(bytes)
  const reader = new ByteReader(own, (why) => new HostError('bad-record', why))
  if (reader.u8() !== VERSION) throw new HostError('bad-record', 'another version')
  const networkId = reader.bytes(32)
  const ed25519 = reader.bytes(32)
  const mldsa65 = reader.bytes(1952)
  const sequence = reader.u64()
  const expiresAt = Number(reader.u64())
  const addresses = reader.list(MAX_RECORD_ADDRESSES, () => decodeAddress(reader.bytes(reader.u16(MAX_ADDRESS_BYTES))))
  const neighbours = reader.list(MAX_RECORD_NEIGHBOURS, () => reader.bytes(32))
  const capabilities = reader.list(MAX_RECORD_CAPABILITIES, () => reader.text(reader.u8(), CAPABILITY))
  const body = own.subarray(0, reader.offset)
  const signature = reader.bytes(COMPOSITE_SIGNATURE_BYTES)
  reader.end()
  if (!isAscending(neighbours.map((id) => Buffer.from(id).toString('hex'))) || !isAscending(capabilities)) {
    throw new HostError('bad-record', 'a list is out of order')
  }
  if (new Set(addresses).size !== addresses.length) throw new HostError('bad-record', 'an address stands twice')
  if (!Number.isSafeInteger(expiresAt)) throw new HostError('bad-record', 'an expiry beyond all time')
  return {
    networkId,
    ed25519,
    mldsa65,
    sequence,
    expiresAt,
    addresses,
    neighbours,
    capabilities,
    signature,
    bytes: own,
    x0Id: x0IdOf(backend, { ed25519, mldsa65 }),
    peerId: peerIdOfKey(ed25519),
    bodyHash: backend.sha256(body),
  }
}

/** True where both halves of the signature hold. Costs one ML-DSA-65 verification. */
export async function verifyNodeRecord(backend: CryptoBackend, record: NodeRecord): Promise<boolean> {
  try {
    const verifier = importCompositePublic(backend, compositePublicKey(record))
    const body = record.bytes.subarray(0, record.bytes.length - COMPOSITE_SIGNATURE_BYTES)
    return await verifier.verify(body, record.signature, CONTEXT)
  } catch (error) {
    // A key that names no point is the peer's fault, and the signature under it is worth nothing.
    if (error instanceof Error && error.name === 'CryptoError') return false
    throw error
  }
}

/** Where the DHT looks for the holders of a record: `/x0/node/` and the x0 id in hex. */
export function recordKey(x0Id: Uint8Array): Uint8Array {
  return Buffer.from(`/x0/node/${Buffer.from(x0Id).toString('hex')}`, 'utf8')
}

/** base58btc peer id of a raw Ed25519 public key. @throws HostError `bad-record` */
export function peerIdOfKey(ed25519: Uint8Array): string {
  try {
    return peerIdFromPublicKey(publicKeyFromRaw(ed25519)).toString()
  } catch (cause) {
    throw new HostError('bad-record', 'no Ed25519 key', { cause })
  }
}

function encodeBody(body: NodeRecordBody): Uint8Array {
  const writer = new ByteWriter()
  writer.u8(VERSION).bytes(body.networkId).bytes(body.ed25519).bytes(body.mldsa65)
  writer.u64(body.sequence).u64(BigInt(body.expiresAt))
  writer.u8(body.addresses.length)
  for (const address of body.addresses) {
    const bytes = multiaddr(address).bytes
    writer.u16(bytes.length).bytes(bytes)
  }
  writer.u8(body.neighbours.length)
  for (const neighbour of body.neighbours) writer.bytes(neighbour)
  writer.u8(body.capabilities.length)
  for (const capability of body.capabilities) {
    if (!CAPABILITY.test(capability) || capability.length > MAX_CAPABILITY_BYTES)
      throw new HostError('bad-record', `no capability: ${capability}`)
    writer.u8(capability.length).bytes(Buffer.from(capability, 'ascii'))
  }
  return writer.finish()
}

function decodeAddress(bytes: Uint8Array): string {
  const address = addressFromBytes(bytes)
  if (address === undefined) throw new HostError('bad-record', 'no multiaddr, or one in another form')
  return address
}

function distinct(ids: readonly Uint8Array[]): Uint8Array[] {
  const byName = new Map(ids.map((id) => [Buffer.from(id).toString('hex'), id]))
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, id]) => id)
}

function isAscending(items: readonly string[]): boolean {
  return items.every((item, index) => index === 0 || (items[index - 1] ?? '') < item)
}
