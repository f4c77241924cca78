import type { Uint8ArrayList } from 'uint8arraylist'

/**
 * Cuts a byte stream into Noise frames: u16be length || body. It holds at most one unfinished frame beyond what it was
 * given, so a peer cannot grow it past 64 KiB and the carrier's read size.
 */
export class FrameSplitter {
  #chunks: Uint8Array[] = []
  #first = 0
  #offset = 0
  #length = 0

  push(data: Uint8Array | Uint8ArrayList): void {
    if (data instanceof Uint8Array) this.#add(data)
    else for (const chunk of data) this.#add(chunk)
  }

  /** Nothing is held. */
  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** The body length of the next frame, known before the body has arrived. */
  get announced(): number | undefined {
    return this.#length < 2 ? undefined : this.#peekLength()
  }

  /**
   * The next whole frame's body, or undefined. It is a view where it lies in one chunk; one that spans chunks is put
   * together in `scratch` where that is given: whoever gives it must be done with the body before the next call.
   */
  next(scratch?: Uint8Array): Uint8Array | undefined {
    const bodyLength = this.announced
    if (bodyLength === undefined || this.#length < bodyLength + 2) return undefined
    this.#skip(2)
    return this.#take(bodyLength, scratch)
  }

  #add(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  #chunk(index: number): Uint8Array {
    const chunk = this.#chunks[index]
    if (chunk === undefined) throw new Error('the frame splitter lost count of its chunks')
    return chunk
  }

  #peekLength(): number {
    const chunk = this.#chunk(this.#first)
    const high = chunk[this.#offset] ?? 0
    const low = this.#offset + 1 < chunk.length ? chunk[this.#offset + 1] : this.#chunk(this.#first + 1)[0]
    return high * 256 + (low ?? 0)
  }

  #skip(count: number): void {
    this.#offset += count
    this.#length -= count
    while (this.#first < this.#chunks.length && this.#offset >= this.#chunk(this.#first).length) {
      this.#offset -= this.#chunk(this.#first).length
      this.#first += 1
    }
    if (this.#first === this.#chunks.length) {
      this.#chunks = []
      this.#first = 0
    } else if (this.#first > 64) {
      this.#chunks = this.#chunks.slice(this.#first)
      this.#first = 0
    }
  }

  #take(count: number, scratch: Uint8Array | undefined): Uint8Array {
    if (count === 0) return new Uint8Array(0)
    const chunk = this.#chunk(this.#first)
    if (chunk.length - this.#offset >= count) {
      const view = chunk.subarray(this.#offset, this.#offset + count)
      this.#skip(count)
      return view
    }
    const whole = scratch?.subarray(0, count) ?? Buffer.allocUnsafe(count)
    let filled = 0
    while (filled < count) {
      const part = this.#chunk(this.#first).subarray(this.#offset, this.#offset + count - filled)
      whole.set(part, filled)
      filled += part.length
      this.#skip(part.length)
    }
    return whole
  }
}

/** u16be length || body. */
export function frame(body: Uint8Array): Uint8Array {
  const framed = Buffer.allocUnsafe(body.length + 2)
  framed.writeUInt16BE(body.length, 0)
  framed.set(body, 2)
  return framed
}
