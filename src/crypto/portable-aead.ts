import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import type { Aead } from './backend.ts'
import { AEAD_KEY_BYTES, AEAD_TAG_BYTES, expectLength, expectNonce, expectSealArguments } from './lengths.ts'

/** ChaCha20-Poly1305 of @noble/ciphers. */
export function portableAead(key: Uint8Array): Aead {
  expectLength(key, AEAD_KEY_BYTES, 'bad-key', 'ChaCha20-Poly1305 key')
  const secret = Uint8Array.from(key)
  return {
    seal(nonce, ad, plaintext, out, offset) {
      expectSealArguments(nonce, plaintext, out, offset)
      const end = offset + plaintext.length + AEAD_TAG_BYTES
      chacha20poly1305(secret, nonce, ad).encrypt(plaintext, out.subarray(offset, end))
    },
    open(nonce, ad, sealed) {
      expectNonce(nonce)
      if (sealed.length < AEAD_TAG_BYTES) return undefined
      try {
        return chacha20poly1305(secret, nonce, ad).decrypt(sealed)
      } catch {
        // all lengths have been checked: what is left is a tag that does not hold
        return undefined
      }
    },
  }
}
