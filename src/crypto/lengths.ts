import type { CryptoErrorCode } from './backend.ts'
import { CryptoError } from './backend.ts'

/** X25519 secrets, public keys and shared secrets (RFC 7748). */
export const X25519_BYTES = 32
/** FIPS 203, table 3, ML-KEM-768. */
export const KEM_SEED_BYTES = 64
export const ENCAPSULATION_KEY_BYTES = 1184
export const KEM_CIPHERTEXT_BYTES = 1088
/** FIPS 204, table 2, ML-DSA-65. */
export const MLDSA65_PUBLIC_KEY_BYTES = 1952
export const MLDSA65_SIGNATURE_BYTES = 3309
/** RFC 8032. */
export const ED25519_PUBLIC_KEY_BYTES = 32
export const ED25519_SIGNATURE_BYTES = 64
/** The seed of both signature algorithms. */
export const SIGNING_SEED_BYTES = 32
/** FIPS 204 section 5.2: the length of a context must fit in one byte. */
export const MAX_CONTEXT_BYTES = 255
/** RFC 8439. */
export const AEAD_KEY_BYTES = 32
export const AEAD_NONCE_BYTES = 12
export const AEAD_TAG_BYTES = 16

/** @throws CryptoError with `code` unless `bytes` is exactly `length` long */
export function expectLength(bytes: Uint8Array, length: number, code: CryptoErrorCode, what: string): void {
  if (bytes.length !== length) throw new CryptoError(code, `${what} is ${bytes.length} bytes long, it must be ${length}`)
}

/** @throws CryptoError `bad-context` where `context` is longer than 255 bytes */
export function expectContext(context: Uint8Array): void {
  if (context.length > MAX_CONTEXT_BYTES) {
    throw new CryptoError('bad-context', `context is ${context.length} bytes long, ML-DSA takes ${MAX_CONTEXT_BYTES} at most`)
  }
}

/** @throws CryptoError `bad-context` where a context is handed to plain Ed25519, which has none */
export function expectNoContext(context: Uint8Array): void {
  if (context.length !== 0) throw new CryptoError('bad-context', 'Ed25519 takes no context')
}

/**
 * Our own mistakes, not a peer's: a nonce of another length, or no room for the result.
 * @throws CryptoError `unsupported` for the nonce, RangeError for the room
 */
export function expectSealArguments(nonce: Uint8Array, plaintext: Uint8Array, out: Uint8Array, offset: number): void {
  expectNonce(nonce)
  if (offset < 0 || out.length - offset < plaintext.length + AEAD_TAG_BYTES) {
    throw new RangeError(`no room for ${plaintext.length + AEAD_TAG_BYTES} bytes at ${offset} of ${out.length}`)
  }
}

/** @throws CryptoError `unsupported` unless the nonce is 12 bytes */
export function expectNonce(nonce: Uint8Array): void {
  if (nonce.length !== AEAD_NONCE_BYTES) {
    throw new CryptoError(
      'unsupported',
      `nonce is ${nonce.length} bytes long, ChaCha20-Poly1305 (RFC 8439) takes ${AEAD_NONCE_BYTES}`,
    )
  }
}
