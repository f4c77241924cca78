import { ChaCha20Poly1305, newInstance } from '@chainsafe/as-chacha20poly1305'
import type { Aead } from './backend.ts'
import { AEAD_NONCE_BYTES, AEAD_TAG_BYTES } from './lengths.ts'

/**
 * Below this a call into WebAssembly beats making an OpenSSL cipher object, which costs 5 microseconds whatever the size
 * (measured: 64 B 2 against 6 microseconds, 256 B 4 against 6, 1 KiB 11 against 6). Requests, answers and the muxer's window
 * updates are that small.
 */
const SMALL_BYTES = 256
/** The associated data that the WebAssembly module has room for. */
const MAX_SMALL_AD_BYTES = 32

/** One for a backend: the module has memory of its own for one message at a time. */
export function smallRecordCipher(): ChaCha20Poly1305 {
  return new ChaCha20Poly1305(newInstance())
}

/** ChaCha20-Poly1305 under one key that gives small messages to WebAssembly and everything else, errors included, to `large`. */
export function aeadBySize(small: ChaCha20Poly1305, key: Uint8Array, large: Aead): Aead {
  const own = Uint8Array.from(key)
  const fits = (nonce: Uint8Array, ad: Uint8Array, length: number): boolean =>
    length <= SMALL_BYTES && ad.length <= MAX_SMALL_AD_BYTES && nonce.length === AEAD_NONCE_BYTES
  return {
    seal(nonce, ad, plaintext, out, offset) {
      const end = offset + plaintext.length + AEAD_TAG_BYTES
      if (offset < 0 || end > out.length || !fits(nonce, ad, plaintext.length)) large.seal(nonce, ad, plaintext, out, offset)
      else small.seal(own, nonce, plaintext, ad, out.subarray(offset, end))
    },
    open(nonce, ad, sealed) {
      if (sealed.length < AEAD_TAG_BYTES || !fits(nonce, ad, sealed.length)) return large.open(nonce, ad, sealed)
      return small.open(own, nonce, sealed, ad) ?? undefined
    },
  }
}
