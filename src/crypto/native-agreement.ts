import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { AgreementKey } from './backend.ts'
import { CryptoError } from './backend.ts'
import { expectLength, X25519_BYTES } from './lengths.ts'
import { plainBytes } from './native-bytes.ts'

export function generateNativeAgreementKey(): AgreementKey {
  // generating costs two thirds of importing random bytes
  return agreementKey(generateKeyPairSync('x25519').privateKey)
}

/** @throws CryptoError `bad-key` unless `secret` is 32 bytes */
export function importNativeAgreementKey(secret: Uint8Array): AgreementKey {
  expectLength(secret, X25519_BYTES, 'bad-key', 'X25519 secret')
  return agreementKey(createPrivateKey({ key: Buffer.from(secret), format: 'raw-private', asymmetricKeyType: 'x25519' }))
}

function agreementKey(privateKey: KeyObject): AgreementKey {
  return {
    publicKey: plainBytes(createPublicKey(privateKey).export({ format: 'raw-public' })),
    agree(remote) {
      expectLength(remote, X25519_BYTES, 'bad-key', 'X25519 public key')
      const publicKey = createPublicKey({ key: Buffer.from(remote), format: 'raw-public', asymmetricKeyType: 'x25519' })
      return plainBytes(derive(privateKey, publicKey))
    },
  }
}

function derive(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  try {
    return diffieHellman({ privateKey, publicKey })
  } catch (error) {
    // every 32 bytes are a valid public key, so OpenSSL's derivation fails only where the result is all zero
    throw new CryptoError('all-zero-secret', 'X25519 gave the all-zero secret: the public key has a small order', {
      cause: error,
    })
  }
}
