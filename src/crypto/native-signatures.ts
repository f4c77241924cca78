import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import type { SigningKey, VerifyingKey } from './backend.ts'
import { checkEd25519PublicKey } from './ed25519-point.ts'
import {
  ED25519_SIGNATURE_BYTES,
  expectContext,
  expectLength,
  expectNoContext,
  MAX_CONTEXT_BYTES,
  MLDSA65_PUBLIC_KEY_BYTES,
  MLDSA65_SIGNATURE_BYTES,
  SIGNING_SEED_BYTES,
} from './lengths.ts'
import { plainBytes } from './native-bytes.ts'

/*
 * ML-DSA runs in libuv's pool (a signature takes 1.3 ms), so that a flood of handshakes does not stop the event loop; its
 * signing is OpenSSL's default, the hedged variant of FIPS 204. Ed25519 runs at once: 60 and 150 microseconds are less
 * than the way to the pool and back, measured 290 and 370, and they pass while the pool is busy with the other half.
 */

const NO_CONTEXT = new Uint8Array(0)
type Algorithm = 'ml-dsa-65' | 'ed25519'

export function generateNativeMlDsa65(): SigningKey {
  return mlDsa65(generateKeyPairSync('ml-dsa-65').privateKey)
}

/** @throws CryptoError `bad-key` unless `seed` is 32 bytes */
export function importNativeMlDsa65(seed: Uint8Array): SigningKey {
  return mlDsa65(importPrivate('ml-dsa-65', 'raw-seed', seed))
}

/** @throws CryptoError `bad-key` unless `publicKey` is 1,952 bytes */
export function importNativeMlDsa65Public(publicKey: Uint8Array): VerifyingKey {
  expectLength(publicKey, MLDSA65_PUBLIC_KEY_BYTES, 'bad-key', 'ML-DSA-65 public key')
  const key = importPublic('ml-dsa-65', publicKey)
  const fits = (signature: Uint8Array, context: Uint8Array): boolean =>
    signature.length === MLDSA65_SIGNATURE_BYTES && context.length <= MAX_CONTEXT_BYTES
  return {
    publicKey: publicKey.slice(),
    async verify(message, signature, context = NO_CONTEXT) {
      return fits(signature, context) && (await verifyInPool(key, message, signature, context))
    },
    verifyNow: (message, signature, context = NO_CONTEXT) =>
      fits(signature, context) && verify(null, message, keyWith(key, context), signature),
  }
}

export function generateNativeEd25519(): SigningKey {
  return ed25519(generateKeyPairSync('ed25519').privateKey)
}

/** @throws CryptoError `bad-key` unless `seed` is 32 bytes */
export function importNativeEd25519(seed: Uint8Array): SigningKey {
  return ed25519(importPrivate('ed25519', 'raw-private', seed))
}

/** @throws CryptoError `bad-key` unless `publicKey` is 32 bytes that name a point of full order */
export function importNativeEd25519Public(publicKey: Uint8Array): VerifyingKey {
  checkEd25519PublicKey(publicKey)
  const key = importPublic('ed25519', publicKey)
  const verifyNow: VerifyingKey['verifyNow'] = (message, signature, context = NO_CONTEXT) =>
    signature.length === ED25519_SIGNATURE_BYTES && context.length === 0 && verify(null, message, key, signature)
  return {
    publicKey: publicKey.slice(),
    verify: (...args) => Promise.resolve(verifyNow(...args)),
    verifyNow,
  }
}

function mlDsa65(key: KeyObject): SigningKey {
  return {
    publicKey: publicKeyOf(key),
    exportSeed: () => plainBytes(key.export({ format: 'raw-seed' })),
    async sign(message, context = NO_CONTEXT) {
      expectContext(context)
      return await signInPool(key, message, context)
    },
    signNow(message, context = NO_CONTEXT) {
      expectContext(context)
      return plainBytes(sign(null, message, keyWith(key, context)))
    },
  }
}

function ed25519(key: KeyObject): SigningKey {
  const signNow = (message: Uint8Array, context: Uint8Array = NO_CONTEXT): Uint8Array => {
    expectNoContext(context)
    return plainBytes(sign(null, message, key))
  }
  return {
    publicKey: publicKeyOf(key),
    exportSeed: () => plainBytes(key.export({ format: 'raw-private' })),
    sign: async (message, context = NO_CONTEXT) => signNow(message, context),
    signNow,
  }
}

function publicKeyOf(privateKey: KeyObject): Uint8Array {
  return plainBytes(createPublicKey(privateKey).export({ format: 'raw-public' }))
}

function importPrivate(algorithm: Algorithm, format: 'raw-seed' | 'raw-private', seed: Uint8Array): KeyObject {
  expectLength(seed, SIGNING_SEED_BYTES, 'bad-key', `${algorithm} seed`)
  return createPrivateKey({ key: Buffer.from(seed), format, asymmetricKeyType: algorithm })
}

function importPublic(algorithm: Algorithm, publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(publicKey), format: 'raw-public', asymmetricKeyType: algorithm })
}

function keyWith(key: KeyObject, context: Uint8Array): KeyObject | { key: KeyObject; context: Uint8Array } {
  return context.length === 0 ? key : { key, context }
}

function signInPool(key: KeyObject, message: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    sign(null, message, keyWith(key, context), (error, signature) => {
      if (error === null) resolve(plainBytes(signature))
      else reject(error)
    })
  })
}

function verifyInPool(key: KeyObject, message: Uint8Array, signature: Uint8Array, context: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify(null, message, keyWith(key, context), signature, (error, holds) => {
      if (error === null) resolve(holds)
      else reject(error)
    })
  })
}
