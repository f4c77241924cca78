/** Makes the error of the domain that reads; `why` is a short phrase without an end. */
export type ReadFailure = (why: string) => Error

/** Reads a canonical binary form, big endian. Every read past the end or its limit throws what `failure` makes. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #failure: ReadFailure
  #offset = 0

  constructor(bytes: Uint8Array, failure: ReadFailure) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#failure = failure
  }

  get offset(): number {
    return this.#offset
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  u16(max = 0xffff): number {
    const value = this.#bytes.readUInt16BE(this.#take(2))
    if (value > max) throw this.#failure(`a length of ${value}, ${max} allowed`)
    return value
  }

  u32(max = 0xffff_ffff): number {
    const value = this.#bytes.readUInt32BE(this.#take(4))
    if (value > max) throw this.#failure(`a number of ${value}, ${max} allowed`)
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
    if (!form.test(text)) throw this.#failure('text in another form')
    return text
  }

  /** One byte of count, then that many items. */
  list<Item>(max: number, item: () => Item): Item[] {
    const count = this.u8()
    if (count > max) throw this.#failure(`${count} items, ${max} allowed`)
    return Array.from({ length: count }, item)
  }

  /** Nothing may be left. */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw this.#failure(`${this.#bytes.length - this.#offset} bytes too many`)
  }

  #take(length: number): number {
    const start = this.#offset
    if (start + length > this.#bytes.length) throw this.#failure('it ends too early')
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

  u32(value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
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
