import type { CryptoBackend } from '../crypto/backend.ts'
import { noiseHkdf2 } from '../crypto/hkdf.ts'
import { CipherState } from './cipher-state.ts'
import { TAG_BYTES } from './limits.ts'

/** What Split() gives: a CipherState each way, the channel binding and the secret that exporters grow from. */
export interface SplitResult {
  readonly initiatorToResponder: CipherState
  readonly responderToInitiator: CipherState
  /** h, 32 bytes. */
  readonly handshakeHash: Uint8Array
  /** HMAC-SHA-256(ck, "x0/exporter/1" || h), 32 bytes. */
  readonly exporterSecret: Uint8Array
}

const EMPTY = new Uint8Array(0)
const EXPORTER_LABEL = new TextEncoder().encode('x0/exporter/1')

/** The SymmetricState of Noise rev. 34 section 5.2 with SHA-256. */
export class SymmetricState {
  readonly #crypto: CryptoBackend
  #h: Uint8Array
  #ck: Uint8Array
  #cipher: CipherState | undefined

  constructor(crypto: CryptoBackend, protocolName: string) {
    this.#crypto = crypto
    const name = new TextEncoder().encode(protocolName)
    if (name.length <= 32) {
      this.#h = new Uint8Array(32)
      this.#h.set(name)
    } else this.#h = crypto.sha256(name)
    this.#ck = this.#h.slice()
  }

  /** h as of now, 32 bytes. The array is replaced, never changed: callers may keep it. */
  get hash(): Uint8Array {
    return this.#h
  }

  mixHash(data: Uint8Array): void {
    this.#h = this.#crypto.sha256(this.#h, data)
  }

  /** MixKey(input): HKDF with two outputs; `input` is overwritten. */
  mixKey(input: Uint8Array): void {
    const [ck, key] = noiseHkdf2(this.#crypto, this.#ck, input)
    input.fill(0)
    this.#ck.fill(0)
    this.#ck = ck
    this.#cipher?.forget()
    this.#cipher = new CipherState(this.#crypto, key)
  }

  /** Bytes that `length` bytes of plaintext take once encrypted. */
  sealedLength(length: number): number {
    return this.#cipher === undefined ? length : length + TAG_BYTES
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(this.sealedLength(plaintext.length))
    if (this.#cipher === undefined) sealed.set(plaintext)
    else this.#cipher.seal(this.#h, plaintext, sealed, 0)
    this.mixHash(sealed)
    return sealed
  }

  /** @throws ChannelRefusal `decrypt-failed` */
  decryptAndHash(sealed: Uint8Array): Uint8Array {
    const plaintext = this.#cipher === undefined ? sealed.slice() : this.#cipher.open(this.#h, sealed)
    this.mixHash(sealed)
    return plaintext
  }

  /** Split(): ends the handshake; this state is overwritten and must not be used again. */
  split(): SplitResult {
    const exporterSecret = this.#crypto.hmacSha256(this.#ck, EXPORTER_LABEL, this.#h)
    const [first, second] = noiseHkdf2(this.#crypto, this.#ck, EMPTY)
    this.#ck.fill(0)
    this.#cipher?.forget()
    return {
      initiatorToResponder: new CipherState(this.#crypto, first),
      responderToInitiator: new CipherState(this.#crypto, second),
      handshakeHash: this.#h,
      exporterSecret,
    }
  }
}
