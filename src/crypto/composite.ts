import type { CryptoBackend, SigningKey, VerifyingKey } from './backend.ts'
import {
  ED25519_PUBLIC_KEY_BYTES,
  ED25519_SIGNATURE_BYTES,
  expectContext,
  expectLength,
  MAX_CONTEXT_BYTES,
  MLDSA65_PUBLIC_KEY_BYTES,
  MLDSA65_SIGNATURE_BYTES,
} from './lengths.ts'

/*
 * id-MLDSA65-Ed25519-SHA512 of draft-ietf-lamps-pq-composite-sigs (1.3.6.1.5.5.7.6.48):
 *   M' = Prefix || Label || len(ctx) || ctx || SHA-512(M)
 *   ML-DSA-65 signs M' with Label as its FIPS 204 context, Ed25519 signs the same M'.
 * The domain stands inside the signed bytes, so a runtime that ignores the ML-DSA context weakens nothing here.
 */

/** ML-DSA-65 public key || Ed25519 public key. */
export const COMPOSITE_PUBLIC_KEY_BYTES = MLDSA65_PUBLIC_KEY_BYTES + ED25519_PUBLIC_KEY_BYTES
/** ML-DSA-65 signature || Ed25519 signature. */
export const COMPOSITE_SIGNATURE_BYTES = MLDSA65_SIGNATURE_BYTES + ED25519_SIGNATURE_BYTES

const PREFIX = new TextEncoder().encode('CompositeAlgorithmSignatures2025')
const LABEL = new TextEncoder().encode('COMPSIG-MLDSA65-Ed25519-SHA512')

/** The two halves of a composite key of our own. */
export interface CompositeKeys {
  readonly mldsa: SigningKey
  readonly ed25519: SigningKey
}

/** An imported composite public key. */
export interface CompositeVerifier {
  /** 1,984 bytes. */
  readonly publicKey: Uint8Array
  /** True where both halves hold. False for anything else that a peer can send; never throws for it. */
  verify(message: Uint8Array, signature: Uint8Array, context: Uint8Array): Promise<boolean>
  /** The same on this thread, see VerifyingKey. */
  verifyNow(message: Uint8Array, signature: Uint8Array, context: Uint8Array): boolean
}

/** ML-DSA-65 public key || Ed25519 public key, 1,984 bytes. */
export function compositePublicKey(keys: { readonly mldsa65: Uint8Array; readonly ed25519: Uint8Array }): Uint8Array {
  const publicKey = new Uint8Array(COMPOSITE_PUBLIC_KEY_BYTES)
  publicKey.set(keys.mldsa65)
  publicKey.set(keys.ed25519, MLDSA65_PUBLIC_KEY_BYTES)
  return publicKey
}

/**
 * Signs `message` with both keys, 3,373 bytes; both run at the same time where the backend has threads.
 * @throws CryptoError `bad-context` where `context` is longer than 255 bytes
 */
export async function compositeSign(
  backend: CryptoBackend,
  keys: CompositeKeys,
  message: Uint8Array,
  context: Uint8Array,
): Promise<Uint8Array> {
  expectContext(context)
  const representative = messageRepresentative(backend, message, context)
  return joined(await Promise.all([keys.mldsa.sign(representative, LABEL), keys.ed25519.sign(representative)]))
}

/** The same on this thread, see SigningKey. */
export function compositeSignNow(
  backend: Pick<CryptoBackend, 'sha512'>,
  keys: CompositeKeys,
  message: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  expectContext(context)
  const representative = messageRepresentative(backend, message, context)
  return joined([keys.mldsa.signNow(representative, LABEL), keys.ed25519.signNow(representative)])
}

function joined([lattice, curve]: readonly [Uint8Array, Uint8Array]): Uint8Array {
  const signature = new Uint8Array(COMPOSITE_SIGNATURE_BYTES)
  signature.set(lattice)
  signature.set(curve, MLDSA65_SIGNATURE_BYTES)
  return signature
}

/** @throws CryptoError `bad-key` unless `publicKey` is 1,984 bytes whose Ed25519 half names a point */
export function importCompositePublic(backend: CryptoBackend, publicKey: Uint8Array): CompositeVerifier {
  expectLength(publicKey, COMPOSITE_PUBLIC_KEY_BYTES, 'bad-key', 'composite public key')
  const mldsa = backend.importMlDsa65Public(publicKey.subarray(0, MLDSA65_PUBLIC_KEY_BYTES))
  const ed25519 = backend.importEd25519Public(publicKey.subarray(MLDSA65_PUBLIC_KEY_BYTES))
  return compositeVerifier(backend, mldsa, ed25519)
}

/** The verifier of two halves that are imported already: an import costs as much as a check. */
export function compositeVerifier(
  backend: Pick<CryptoBackend, 'sha512'>,
  mldsa: VerifyingKey,
  ed25519: VerifyingKey,
): CompositeVerifier {
  const fits = (signature: Uint8Array, context: Uint8Array): boolean =>
    signature.length === COMPOSITE_SIGNATURE_BYTES && context.length <= MAX_CONTEXT_BYTES
  const halves = (signature: Uint8Array) =>
    [signature.subarray(0, MLDSA65_SIGNATURE_BYTES), signature.subarray(MLDSA65_SIGNATURE_BYTES)] as const
  return {
    publicKey: compositePublicKey({ mldsa65: mldsa.publicKey, ed25519: ed25519.publicKey }),
    async verify(message, signature, context) {
      if (!fits(signature, context)) return false
      const representative = messageRepresentative(backend, message, context)
      const [lattice, curve] = halves(signature)
      const holds = await Promise.all([mldsa.verify(representative, lattice, LABEL), ed25519.verify(representative, curve)])
      return holds.every(Boolean)
    },
    verifyNow(message, signature, context) {
      if (!fits(signature, context)) return false
      const representative = messageRepresentative(backend, message, context)
      const [lattice, curve] = halves(signature)
      return mldsa.verifyNow(representative, lattice, LABEL) && ed25519.verifyNow(representative, curve)
    },
  }
}

/** M' of the draft. */
function messageRepresentative(backend: Pick<CryptoBackend, 'sha512'>, message: Uint8Array, context: Uint8Array): Uint8Array {
  const digest = backend.sha512(message)
  const bytes = new Uint8Array(PREFIX.length + LABEL.length + 1 + context.length + digest.length)
  bytes.set(PREFIX)
  bytes.set(LABEL, PREFIX.length)
  bytes[PREFIX.length + LABEL.length] = context.length
  bytes.set(context, PREFIX.length + LABEL.length + 1)
  bytes.set(digest, PREFIX.length + LABEL.length + 1 + context.length)
  return bytes
}
