import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import type { Aead } from './backend.ts'
import { AEAD_KEY_BYTES, AEAD_TAG_BYTES, expectLength, expectNonce, expectSealArguments } from './lengths.ts'
import { plainBytes } from './native-bytes.ts'

const CIPHER = 'chacha20-poly1305'
const OPTIONS = { authTagLength: AEAD_TAG_BYTES } as const

/**
 * ChaCha20-Poly1305 of OpenSSL. The KeyObject is made once: a raw key would cost 10 microseconds more in every record.
 * Measured on Node 24.21 against @noble/ciphers, microseconds to seal: 64 B 6 and 7, 1 KiB 6 and 18, 64 KiB 33 and 536;
 * JavaScript is never the better choice, WebAssembly is for small messages: see native-small-records.ts.
 */
export function nativeAead(key: Uint8Array): Aead {
  expectLength(key, AEAD_KEY_BYTES, 'bad-key', 'ChaCha20-Poly1305 key')
  const secret = createSecretKey(key)
  return {
    seal(nonce, ad, plaintext, out, offset) {
      expectSealArguments(nonce, plaintext, out, offset)
      const cipher = createCipheriv(CIPHER, secret, nonce, OPTIONS)
      if (ad.length > 0) cipher.setAAD(ad, { plaintextLength: plaintext.length })
      // node:crypto has no call that writes into a buffer of the caller: this one copy is the least there is
      out.set(cipher.update(plaintext), offset)
      cipher.final()
      out.set(cipher.getAuthTag(), offset + plaintext.length)
    },
    open(nonce, ad, sealed) {
      expectNonce(nonce)
      const length = sealed.length - AEAD_TAG_BYTES
      if (length < 0) return undefined
      const decipher = createDecipheriv(CIPHER, secret, nonce, OPTIONS)
      decipher.setAuthTag(sealed.subarray(length))
      if (ad.length > 0) decipher.setAAD(ad, { plaintextLength: length })
      const plaintext = decipher.update(sealed.subarray(0, length))
      try {
        decipher.final()
      } catch {
        // final() throws for one reason, a tag that does not hold: that is an answer here, not an exception
        return undefined
      }
      return plainBytes(plaintext)
    },
  }
}
