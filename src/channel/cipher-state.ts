import type { Aead, CryptoBackend } from '../crypto/backend.ts'
import { TAG_BYTES } from './limits.ts'
import { ChannelRefusal } from './refusal.ts'

const EMPTY = new Uint8Array(0)
const ZEROS = new Uint8Array(32)
/** Noise reserves the last nonce for Rekey(). As a counter of JavaScript numbers we stop far earlier. */
const LAST_NONCE = Number.MAX_SAFE_INTEGER

/** A CipherState of Noise rev. 34 section 5.1 over ChaCha20-Poly1305: a key and a counter that never repeats. */
export class CipherState {
  readonly #crypto: CryptoBackend
  readonly #nonce = new Uint8Array(12)
  readonly #nonceView = new DataView(this.#nonce.buffer)
  #key: Uint8Array
  #aead: Aead
  #n = 0

  /** @param key 32 bytes, owned from here on: it is overwritten when no longer needed */
  constructor(crypto: CryptoBackend, key: Uint8Array) {
    this.#crypto = crypto
    this.#key = key
    this.#aead = crypto.aead(key)
  }

  /** Records so far under this CipherState; Rekey() does not reset it. */
  get n(): number {
    return this.#n
  }

  /** Writes `plaintext.length + 16` bytes into `out` at `offset`. */
  seal(ad: Uint8Array, plaintext: Uint8Array, out: Uint8Array, offset: number): void {
    this.#aead.seal(this.#nextNonce(), ad, plaintext, out, offset)
    this.#n += 1
  }

  /** @throws ChannelRefusal `decrypt-failed`; the counter stays where it was (Noise section 5.1) */
  open(ad: Uint8Array, sealed: Uint8Array): Uint8Array {
    const plaintext = this.#aead.open(this.#nextNonce(), ad, sealed)
    if (plaintext === undefined) throw new ChannelRefusal('decrypt-failed', 'a message fails its authentication tag')
    this.#n += 1
    return plaintext
  }

  /** REKEY(k) = the first 32 bytes of ENCRYPT(k, 2^64 - 1, empty, 32 zeros); the counter goes on. */
  rekey(): void {
    const nonce = new Uint8Array(12).fill(0xff, 4)
    const sealed = new Uint8Array(32 + TAG_BYTES)
    this.#aead.seal(nonce, EMPTY, ZEROS, sealed, 0)
    this.forget()
    this.#key = sealed.slice(0, 32)
    sealed.fill(0)
    this.#aead = this.#crypto.aead(this.#key)
  }

  /** Overwrites our copy of the key. Using the state afterwards still works until the next rekey; drop it. */
  forget(): void {
    this.#key.fill(0)
  }

  #nextNonce(): Uint8Array {
    if (this.#n >= LAST_NONCE) throw new ChannelRefusal('record-damaged', 'the record counter of this session is used up')
    this.#nonceView.setUint32(4, this.#n >>> 0, true)
    this.#nonceView.setUint32(8, Math.floor(this.#n / 2 ** 32), true)
    return this.#nonce
  }
}
