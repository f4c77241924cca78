import { x25519 } from '@noble/curves/ed25519.js'
import type { AgreementKey } from './backend.ts'
import { CryptoError } from './backend.ts'
import { expectLength, X25519_BYTES } from './lengths.ts'

/** @throws CryptoError `bad-key` unless `secret` is 32 bytes */
export function importPortableAgreementKey(secret: Uint8Array): AgreementKey {
  expectLength(secret, X25519_BYTES, 'bad-key', 'X25519 secret')
  const own = Uint8Array.from(secret)
  return {
    publicKey: x25519.getPublicKey(own),
    agree(remote) {
      expectLength(remote, X25519_BYTES, 'bad-key', 'X25519 public key')
      try {
        return x25519.getSharedSecret(own, remote)
      } catch (error) {
        // both lengths have been checked: what is left is a public key of small order
        throw new CryptoError('all-zero-secret', 'X25519 gave the all-zero secret: the public key has a small order', {
          cause: error,
        })
      }
    },
  }
}
