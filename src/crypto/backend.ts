/**
 * What the program needs of cryptography, in one interface with two implementations: `native` (node:crypto, OpenSSL
 * 3.5) and `portable` (@noble). Both are checked against each other and against published vectors case by case.
 *
 * Keys are objects that keep their secret to themselves: importing a key costs more than using it, so hold on to them.
 */

/** An X25519 key pair (RFC 7748). */
export interface AgreementKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /**
   * The shared secret with `remote`, 32 bytes.
   * @throws CryptoError `bad-key` unless `remote` is 32 bytes, `all-zero-secret` where the result is all zero (RFC 7748 section 6.1)
   */
  agree(remote: Uint8Array): Uint8Array
}

/** An ML-KEM-768 key pair (FIPS 203). */
export interface DecapsulationKey {
  /** 1,184 bytes. */
  readonly encapsulationKey: Uint8Array
  /**
   * The shared secret, 32 bytes; for a forged ciphertext the implicit-rejection secret.
   * @throws CryptoError `bad-ciphertext` unless `ciphertext` is 1,088 bytes
   */
  decapsulate(ciphertext: Uint8Array): Uint8Array
}

export interface Encapsulation {
  /** 1,088 bytes. */
  readonly ciphertext: Uint8Array
  /** 32 bytes. */
  readonly sharedSecret: Uint8Array
}

/** A signing key: Ed25519 (RFC 8032) or ML-DSA-65 (FIPS 204, hedged). */
export interface SigningKey {
  /** 32 bytes for Ed25519, 1,952 for ML-DSA-65. */
  readonly publicKey: Uint8Array
  /** The seed (32 bytes for both algorithms), for the key store alone. */
  exportSeed(): Uint8Array
  /** Signs off the main thread where the backend can. `context` is FIPS 204's, 255 bytes at most; Ed25519 takes none. */
  sign(message: Uint8Array, context?: Uint8Array): Promise<Uint8Array>
  /** The same on this thread (ML-DSA-65 takes 1.3 ms natively, now and then 5): for who has nothing else to do. */
  signNow(message: Uint8Array, context?: Uint8Array): Uint8Array
}

/** An imported public key; `verify` never throws for bytes that a peer can choose: it answers false. */
export interface VerifyingKey {
  readonly publicKey: Uint8Array
  verify(message: Uint8Array, signature: Uint8Array, context?: Uint8Array): Promise<boolean>
  /**
   * The same on this thread: for who has nothing else to do until the answer, and was not made to ask by a stranger
   * (ML-DSA-65 takes 0.3 ms natively).
   */
  verifyNow(message: Uint8Array, signature: Uint8Array, context?: Uint8Array): boolean
}

/** ChaCha20-Poly1305 (RFC 8439) under one key. Tag 16 bytes, behind the ciphertext. */
export interface Aead {
  /** Writes ciphertext and tag (`plaintext.length + 16` bytes) into `out` at `offset`. `nonce` is 12 bytes. */
  seal(nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array, out: Uint8Array, offset: number): void
  /** The plaintext, or undefined where the tag does not hold (or `sealed` is shorter than a tag). */
  open(nonce: Uint8Array, ad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

export interface CryptoBackend {
  readonly name: 'native' | 'portable'
  sha256(...parts: Uint8Array[]): Uint8Array
  sha512(...parts: Uint8Array[]): Uint8Array
  hmacSha256(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array
  /** @throws CryptoError `bad-key` unless `key` is 32 bytes */
  aead(key: Uint8Array): Aead

  generateAgreementKey(): AgreementKey
  /** @throws CryptoError `bad-key` unless `secret` is 32 bytes */
  importAgreementKey(secret: Uint8Array): AgreementKey

  generateDecapsulationKey(): DecapsulationKey
  /** From the 64-byte seed d || z of FIPS 203. @throws CryptoError `bad-key` */
  importDecapsulationKey(seed: Uint8Array): DecapsulationKey
  /** @throws CryptoError `bad-key` for a wrong length or a coefficient that fails the modulus check of FIPS 203 section 7.2 */
  encapsulate(encapsulationKey: Uint8Array): Encapsulation

  generateMlDsa65(): SigningKey
  importMlDsa65(seed: Uint8Array): SigningKey
  /** @throws CryptoError `bad-key` unless `publicKey` is 1,952 bytes */
  importMlDsa65Public(publicKey: Uint8Array): VerifyingKey

  generateEd25519(): SigningKey
  importEd25519(seed: Uint8Array): SigningKey
  /** @throws CryptoError `bad-key` unless `publicKey` is 32 bytes that name a point */
  importEd25519Public(publicKey: Uint8Array): VerifyingKey
}

export type CryptoErrorCode = 'bad-key' | 'bad-ciphertext' | 'all-zero-secret' | 'bad-context' | 'self-test' | 'unsupported'

/** A fault in what was handed to a cryptographic operation; `code` is stable. */
export class CryptoError extends Error {
  override readonly name = 'CryptoError'
  readonly code: CryptoErrorCode

  constructor(code: CryptoErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
