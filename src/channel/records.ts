import type { Uint8ArrayList } from 'uint8arraylist'
import type { CipherState } from './cipher-state.ts'
import { MAX_RECORD_PLAINTEXT_BYTES, REKEY_AFTER_BYTES, REKEY_AFTER_RECORDS, TAG_BYTES } from './limits.ts'
import { ChannelRefusal } from './refusal.ts'

const NO_AD = new Uint8Array(0)

/** When a direction rekeys; undefined on interop protocols, which know no rekey. */
export interface RekeyLimits {
  readonly records: number
  readonly bytes: number
}

export const REKEY_LIMITS: RekeyLimits = { records: REKEY_AFTER_RECORDS, bytes: REKEY_AFTER_BYTES }

/** One direction of a session. Both ends count alike, so Rekey() needs no message: it follows the record that reaches a limit. */
class Direction {
  protected readonly cipher: CipherState
  readonly #limits: RekeyLimits | undefined
  #records = 0
  #bytes = 0
  /** Told after each Rekey(). */
  onRekey: (() => void) | undefined

  constructor(cipher: CipherState, limits: RekeyLimits | undefined) {
    this.cipher = cipher
    this.#limits = limits
  }

  protected count(plaintextBytes: number): void {
    this.#records += 1
    this.#bytes += plaintextBytes
    if (this.#limits === undefined) return
    if (this.#records < this.#limits.records && this.#bytes < this.#limits.bytes) return
    this.cipher.rekey()
    this.#records = 0
    this.#bytes = 0
    this.onRekey?.()
  }
}

export class RecordSealer extends Direction {
  /** Bytes on the wire for `plaintextBytes` of plaintext: lengths, tags and all. */
  static wireBytes(plaintextBytes: number): number {
    const records = Math.max(1, Math.ceil(plaintextBytes / MAX_RECORD_PLAINTEXT_BYTES))
    return plaintextBytes + records * (2 + TAG_BYTES)
  }

  /** Seals `plaintext` as one or more frames in one buffer: one write to the carrier, whatever the size. */
  seal(plaintext: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(RecordSealer.wireBytes(plaintext.length))
    let offset = 0
    let done = 0
    do {
      const part = plaintext.subarray(done, done + MAX_RECORD_PLAINTEXT_BYTES)
      offset = this.#sealRecord(part, out, offset)
      done += part.length
    } while (done < plaintext.length)
    return out
  }

  /**
   * The same for a list of chunks (a muxer's header and its data): records that span chunks are put together in
   * `scratch`, of MAX_RECORD_PLAINTEXT_BYTES or more, which spares one allocation of their size each.
   */
  sealList(chunks: Uint8ArrayList, scratch: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(RecordSealer.wireBytes(chunks.byteLength))
    let offset = 0
    let filled = 0
    for (const chunk of chunks) {
      for (let done = 0; done < chunk.length; ) {
        const part = chunk.subarray(done, done + MAX_RECORD_PLAINTEXT_BYTES - filled)
        done += part.length
        if (filled === 0 && part.length === MAX_RECORD_PLAINTEXT_BYTES) offset = this.#sealRecord(part, out, offset)
        else {
          scratch.set(part, filled)
          filled += part.length
          if (filled === MAX_RECORD_PLAINTEXT_BYTES) {
            offset = this.#sealRecord(scratch.subarray(0, filled), out, offset)
            filled = 0
          }
        }
      }
    }
    // nothing at all is an empty record, as in seal()
    if (filled > 0 || chunks.byteLength === 0) this.#sealRecord(scratch.subarray(0, filled), out, offset)
    return out
  }

  #sealRecord(plaintext: Uint8Array, out: Buffer, offset: number): number {
    out.writeUInt16BE(plaintext.length + TAG_BYTES, offset)
    this.cipher.seal(NO_AD, plaintext, out, offset + 2)
    this.count(plaintext.length)
    return offset + 2 + plaintext.length + TAG_BYTES
  }
}

export class RecordOpener extends Direction {
  /** @throws ChannelRefusal `record-damaged`: the session must end, nothing after such a record can be trusted */
  open(sealed: Uint8Array): Uint8Array {
    try {
      const plaintext = this.cipher.open(NO_AD, sealed)
      this.count(plaintext.length)
      return plaintext
    } catch (cause) {
      throw new ChannelRefusal('record-damaged', 'a record of this session was altered, replayed, reordered or cut', { cause })
    }
  }
}
