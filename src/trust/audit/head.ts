import type { CryptoBackend } from '../../crypto/backend.ts'
import { CryptoError } from '../../crypto/backend.ts'
import {
  COMPOSITE_PUBLIC_KEY_BYTES,
  COMPOSITE_SIGNATURE_BYTES,
  compositePublicKey,
  importCompositePublic,
} from '../../crypto/composite.ts'
import { MLDSA65_PUBLIC_KEY_BYTES } from '../../crypto/lengths.ts'
import type { NodeIdentity } from '../../identity/node-identity.ts'
import { x0IdOf } from '../../identity/x0-id.ts'
import { u64 } from './entry.ts'

/*
 * The head says what there must be: which entries, from which hash on, to which hash. Big endian:
 *
 *   "x0-audit-head/1\0" | first u64 | anchor (32) | count u64 | hash (32) | at u64
 *   composite signature over these bytes with context "x0/audit/head/1"
 *
 * Kept as the bytes, then the composite public key (1,984), then the signature (3,373).
 */

const LABEL = Buffer.from('x0-audit-head/1\0', 'latin1')
const CONTEXT = Buffer.from('x0/audit/head/1', 'latin1')
const HASH_BYTES = 32
const FIRST_AT = LABEL.length
const ANCHOR_AT = FIRST_AT + 8
const COUNT_AT = ANCHOR_AT + HASH_BYTES
const HASH_AT = COUNT_AT + 8
const TIME_AT = HASH_AT + HASH_BYTES
const BODY_BYTES = TIME_AT + 8

/** Where a trail begins and ends. */
export interface AuditHead {
  /** The number of the oldest entry that must be there. */
  readonly first: number
  /** The hash of the entry before it, 32 bytes; zeros where there was none. */
  readonly anchor: Uint8Array
  /** The number of the newest entry; first - 1 where there is none. */
  readonly count: number
  /** Its hash. */
  readonly hash: Uint8Array
  /** Wall clock of the signing, ms since the Unix epoch. */
  readonly at: number
}

export interface SignedHead extends AuditHead {
  /** Composite, 1,984 bytes. */
  readonly publicKey: Uint8Array
  /** Composite, 3,373 bytes. */
  readonly signature: Uint8Array
}

export async function signHead(identity: NodeIdentity, head: AuditHead): Promise<SignedHead> {
  const signature = await identity.sign(body(head), CONTEXT)
  return { ...head, publicKey: compositePublicKey(identity), signature }
}

/** Whether the key that stands in it has signed it. Whose key that is, `x0IdOfHead` says. */
export async function verifyHead(backend: CryptoBackend, head: SignedHead): Promise<boolean> {
  try {
    return await importCompositePublic(backend, head.publicKey).verify(body(head), head.signature, CONTEXT)
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'bad-key') return false
    throw error
  }
}

/** The x0 id of the key that stands in it, 32 bytes. */
export function x0IdOfHead(backend: Pick<CryptoBackend, 'sha256'>, { publicKey }: Pick<SignedHead, 'publicKey'>): Uint8Array {
  return x0IdOf(backend, {
    mldsa65: publicKey.subarray(0, MLDSA65_PUBLIC_KEY_BYTES),
    ed25519: publicKey.subarray(MLDSA65_PUBLIC_KEY_BYTES),
  })
}

export function encodeHead(head: SignedHead): Uint8Array {
  return Buffer.concat([body(head), head.publicKey, head.signature])
}

/** The head that `bytes` are, unverified; undefined where they are none. */
export function decodeHead(bytes: Uint8Array): SignedHead | undefined {
  const keyEnd = BODY_BYTES + COMPOSITE_PUBLIC_KEY_BYTES
  if (bytes.length !== keyEnd + COMPOSITE_SIGNATURE_BYTES) return undefined
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (Buffer.compare(buffer.subarray(0, LABEL.length), LABEL) !== 0) return undefined
  const [first, count, at] = [FIRST_AT, COUNT_AT, TIME_AT].map((place) => Number(buffer.readBigUInt64BE(place)))
  if (first === undefined || count === undefined || at === undefined) return undefined
  const head = {
    first,
    anchor: bytes.slice(ANCHOR_AT, COUNT_AT),
    count,
    hash: bytes.slice(HASH_AT, TIME_AT),
    at,
    publicKey: bytes.slice(BODY_BYTES, keyEnd),
    signature: bytes.slice(keyEnd),
  }
  return isHead(head) ? head : undefined
}

/** Whether the numbers and lengths are those of a head. */
export function isHead({ first, anchor, count, hash, at, publicKey, signature }: SignedHead): boolean {
  return (
    [first, count, at].every(Number.isSafeInteger) &&
    first >= 1 &&
    count >= first - 1 &&
    at >= 0 &&
    anchor.length === HASH_BYTES &&
    hash.length === HASH_BYTES &&
    publicKey.length === COMPOSITE_PUBLIC_KEY_BYTES &&
    signature.length === COMPOSITE_SIGNATURE_BYTES
  )
}

function body({ first, anchor, count, hash, at }: AuditHead): Uint8Array {
  return Buffer.concat([LABEL, u64(first), anchor, u64(count), hash, u64(at)])
}
