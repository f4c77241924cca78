import type { CryptoBackend } from '../crypto/backend.ts'
import { COMPOSITE_SIGNATURE_BYTES } from '../crypto/composite.ts'
import { nativeDigest } from '../crypto/native-digest.ts'
import { X0_ID_BYTES } from '../identity/limits.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { ByteWriter } from '../platform/byte-codec.ts'
import { isPlainText, isTime, readPlainText, readTime, startReading } from './form.ts'
import { MAX_REASON_BYTES, MAX_REVOCATION_BYTES } from './limits.ts'
import { writeText } from './names.ts'
import { TrustError } from './trust-error.ts'

export interface RevocationBody {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** x0 id (32 bytes) that does not belong any more: the key, whatever credential it shows. */
  readonly subject: Uint8Array
  /** Wall clock ms at signing, as the issuer has it: for people, nothing is decided by it. */
  readonly at: number
  /** For people, at most 200 bytes, printable. */
  readonly reason: string
}

/** A member's signed word that a key does not belong to the network any more; the layout is in docs/networks.md. */
export interface Revocation extends RevocationBody {
  /** x0 id (32 bytes) of the member that signed. */
  readonly issuer: Uint8Array
  /** The whole statement. */
  readonly bytes: Uint8Array
  /** What is signed. */
  readonly body: Uint8Array
  /** 3,373 bytes over the body. */
  readonly signature: Uint8Array
  /** SHA-256 of the body: signing is randomised, one statement has many signatures. */
  readonly id: Uint8Array
}

const LABEL = new TextEncoder().encode('x0-revocation/1\0')

/** Making one needs no backend: the keys hash and sign as they were unlocked, and the id is the same with any. */
const DIGEST: Pick<CryptoBackend, 'sha256'> = { sha256: (...parts) => nativeDigest('sha256', parts) }

/** The signature's context. */
export const REVOCATION_CONTEXT: Uint8Array = new TextEncoder().encode('x0/revocation/1')

/** @throws TrustError `bad-revocation` for a time or a reason that no revocation has */
export async function signRevocation(identity: NodeIdentity, body: RevocationBody): Promise<Revocation> {
  if (!isTime(body.at)) throw new TrustError('bad-revocation', 'a time that is none')
  if (!isPlainText(body.reason, MAX_REASON_BYTES)) {
    throw new TrustError('bad-revocation', `a reason is one printable line of at most ${MAX_REASON_BYTES} bytes`)
  }
  const writer = new ByteWriter().bytes(LABEL).bytes(body.networkId).bytes(body.subject).bytes(identity.x0Id)
  writer.u64(BigInt(body.at))
  writeText(writer, body.reason)
  const signed = writer.finish()
  return decodeRevocation(DIGEST, Buffer.concat([signed, await identity.sign(signed, REVOCATION_CONTEXT)]))
}

/**
 * Reads a revocation without believing it: the form alone, to the last byte; each has exactly one encoding.
 * @throws TrustError `bad-revocation`
 */
export function decodeRevocation(backend: Pick<CryptoBackend, 'sha256'>, bytes: Uint8Array): Revocation {
  const { reader, own } = startReading(bytes, LABEL, MAX_REVOCATION_BYTES, 'bad-revocation')
  const networkId = reader.bytes(32)
  const subject = reader.bytes(X0_ID_BYTES)
  const issuer = reader.bytes(X0_ID_BYTES)
  const at = readTime(reader, 'bad-revocation')
  const reason = readPlainText(reader, MAX_REASON_BYTES, 'bad-revocation')
  const body = own.subarray(0, reader.offset)
  const signature = reader.bytes(COMPOSITE_SIGNATURE_BYTES)
  reader.end()
  return { networkId, subject, issuer, at, reason, bytes: own, body, signature, id: backend.sha256(body) }
}
