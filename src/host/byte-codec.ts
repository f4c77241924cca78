import { HostError, type HostErrorCode } from './host-error.ts'

/** Reads a canonical binary form, big endian. Every read past the end or its limit throws HostError with the code given. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #code: HostErrorCode
  #offset = 0

  constructor(bytes: Uint8Array, code: HostErrorCode) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#code = code
  }

  get offset(): number {
    return this.#offset
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  u16(max = 0xffff): number {
    const value = this.#bytes.readUInt16BE(this.#take(2))
    if (value > max) throw new HostError(this.#code, `a length of ${value}, ${max} allowed`)
    return value
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8))
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  /** ASCII text of a fixed form. */
  text(length: number, form: RegExp): string {
    const text = Buffer.from(this.bytes(length)).toString('latin1')
    if (!form.test(text)) throw new HostError(this.#code, 'text in another form')
    return text
  }

  /** One byte of count, then that many items. */
  list<Item>(max: number, item: () => Item): Item[] {
    const count = this.u8()
    if (count > max) throw new HostError(this.#code, `${count} items, ${max} allowed`)
    return Array.from({ length: count }, item)
  }

  /** Nothing may be left. */
  end(): void {
    if (this.#offset !== this.#bytes.length)
      throw new HostError(this.#code, `${this.#bytes.length - this.#offset} bytes too many`)
  }

  #take(length: number): number {
    const start = this.#offset
    if (start + length > this.#bytes.length) throw new HostError(this.#code, 'it ends too early')
    this.#offset += length
    return start
  }
}

/** The writing side of ByteReader. */
export class ByteWriter {
  readonly #parts: Uint8Array[] = []

  u8(value: number): this {
    return this.bytes(Uint8Array.of(value))
  }

  u16(value: number): this {
    const bytes = Buffer.alloc(2)
    bytes.writeUInt16BE(value)
    return this.bytes(bytes)
  }

  u64(value: bigint): this {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(value)
    return this.bytes(bytes)
  }

  bytes(value: Uint8Array): this {
    this.#parts.push(value)
    return this
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts)
  }
}
