import { setTimeout } from 'node:timers/promises'
import type { MessageStream, MultiaddrConnection } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { Attention } from '../../src/channel/attention.ts'
import { CipherState } from '../../src/channel/cipher-state.ts'
import { FrameSplitter } from '../../src/channel/frames.ts'
import { MAX_FRAME_BYTES } from '../../src/channel/limits.ts'
import { RecordOpener, RecordSealer, type RekeyLimits } from '../../src/channel/records.ts'
import type { ChannelRefusal } from '../../src/channel/refusal.ts'
import { SecureStream } from '../../src/channel/secure-stream.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { NATIVE } from '../crypto/backends.ts'

/** One end of an encrypted stream without a handshake before it, and what it reported. */
export interface StreamEnd {
  readonly stream: SecureStream
  readonly damages: ChannelRefusal[]
  readonly counts: { rekeys: number; sent: number; received: number }
  /** Gives it its keys. */
  start(): void
}

const KEYS = { forward: new Uint8Array(32).fill(1), backward: new Uint8Array(32).fill(2) }

export function streamEnd(carrier: MultiaddrConnection, role: 'initiator' | 'responder', limits?: RekeyLimits): StreamEnd {
  const damages: ChannelRefusal[] = []
  const counts = { rekeys: 0, sent: 0, received: 0 }
  const stream = new SecureStream({
    carrier,
    log: carrier.log,
    splitter: new FrameSplitter(),
    scratch: new Uint8Array(MAX_FRAME_BYTES),
    attention: new Attention(systemClock),
    traffic: counts,
    totals: { sent: 0, received: 0 },
    onRekey: () => {
      counts.rekeys += 1
    },
    onDamage: (refusal) => void damages.push(refusal),
  })
  const cipher = (key: Uint8Array) => new CipherState(NATIVE, key.slice())
  const [out, into] = role === 'initiator' ? [KEYS.forward, KEYS.backward] : [KEYS.backward, KEYS.forward]
  return {
    stream,
    damages,
    counts,
    start: () => stream.start(new RecordSealer(cipher(out), limits), new RecordOpener(cipher(into), limits)),
  }
}

export function streamPair(
  [one, other]: readonly [MultiaddrConnection, MultiaddrConnection],
  limits?: RekeyLimits,
): [StreamEnd, StreamEnd] {
  const ends: [StreamEnd, StreamEnd] = [streamEnd(one, 'initiator', limits), streamEnd(other, 'responder', limits)]
  for (const end of ends) end.start()
  return ends
}

/** Every write that reaches a carrier, in order. */
export function watchWrites(carrier: MultiaddrConnection): Uint8Array[] {
  const writes: Uint8Array[] = []
  const send = carrier.send.bind(carrier)
  carrier.send = (data: Uint8Array | Uint8ArrayList) => {
    writes.push(Uint8Array.from(data.subarray()))
    return send(data)
  }
  return writes
}

/** What a stream delivers, as one growing buffer; `until` waits for so many bytes. */
export class Inbox {
  readonly #chunks: Uint8Array[] = []
  #length = 0
  #wake: () => void = () => undefined
  #over = false

  constructor(stream: MessageStream) {
    stream.addEventListener('message', ({ data }) => {
      this.#chunks.push(Uint8Array.from(data.subarray()))
      this.#length += data.byteLength
      this.#wake()
    })
    stream.addEventListener('close', () => {
      this.#over = true
      this.#wake()
    })
  }

  get length(): number {
    return this.#length
  }

  get all(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** All that has come once there are `bytes`, or once the stream is over. */
  async until(bytes: number): Promise<Buffer> {
    while (this.#length < bytes && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.all
  }
}

/** Sends in good manners: waits for drain where it is asked to. */
export async function sendAll(stream: MessageStream, chunks: Iterable<Uint8Array>): Promise<void> {
  for (const chunk of chunks) {
    if (!stream.send(chunk)) await stream.onDrain()
  }
}

/** Resolves with the error of the stream's end, undefined for a graceful one. */
export function ended(stream: MessageStream): Promise<Error | undefined> {
  return new Promise((resolve) => stream.addEventListener('close', (event) => resolve(event.error), { once: true }))
}

/** Resolves once `value` has stayed the same for twenty turns of a millisecond. */
export async function still(value: () => number): Promise<void> {
  for (let turns = 0, before = value(); turns < 20; turns += 1) {
    await setTimeout(1)
    if (value() !== before) turns = 0
    before = value()
  }
}
