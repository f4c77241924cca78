import type { MultiaddrConnection, StreamCloseEvent } from '@libp2p/interface'
import { rawPair } from './two-ends.ts'

/** The messages of a handshake in order; what follows are records. */
export type Letter = 'A' | 'B' | 'C' | 'verdict' | 'record'

export interface Seen {
  readonly letter: Letter
  /** Length prefix included. */
  readonly framed: Uint8Array
}

/** What the one in the middle passes on in place of a frame: any bytes, or none. */
export type Tamper = (seen: Seen) => Uint8Array | undefined

/** Cuts u16be-framed bytes by the book: all that is held in one piece, copied anew each time. */
export class PlainFrames {
  #held: Uint8Array = new Uint8Array(0)

  add(bytes: Uint8Array): Uint8Array[] {
    this.#held = Buffer.concat([this.#held, bytes])
    const frames: Uint8Array[] = []
    for (;;) {
      const [high, low] = this.#held
      if (high === undefined || low === undefined) return frames
      const end = 2 + high * 256 + low
      if (this.#held.length < end) return frames
      frames.push(Uint8Array.from(this.#held.subarray(0, end)))
      this.#held = this.#held.subarray(end)
    }
  }
}

/**
 * Two ends of a wire with somebody between them who reads every frame and decides what goes on.
 * @returns [initiator's, responder's] raw connections
 */
export function tampered(tamper: Tamper): [MultiaddrConnection, MultiaddrConnection] {
  const [initiator, nearInitiator] = rawPair()
  const [nearResponder, responder] = rawPair()
  pass(nearInitiator, nearResponder, ['A', 'C'], tamper)
  pass(nearResponder, nearInitiator, ['B', 'verdict'], tamper)
  return [initiator, responder]
}

function pass(from: MultiaddrConnection, to: MultiaddrConnection, letters: readonly Letter[], tamper: Tamper): void {
  const frames = new PlainFrames()
  let index = 0
  from.addEventListener('message', ({ data }) => {
    for (const framed of frames.add(data.subarray())) {
      const passed = tamper({ letter: letters[index] ?? 'record', framed })
      index += 1
      if (passed !== undefined && to.status === 'open') to.send(passed)
    }
  })
  from.addEventListener('close', (event: StreamCloseEvent) => {
    if (to.status === 'open') to.abort(event.error ?? new Error('the other side of the wire was closed'))
  })
}

/** A tamperer that changes nothing and keeps every frame. */
export function listening(): { tamper: Tamper; heard: Seen[] } {
  const heard: Seen[] = []
  return {
    heard,
    tamper: (seen) => {
      heard.push(seen)
      return seen.framed
    },
  }
}

/** Changes the frames of one letter, passes the others. */
export function changing(letter: Letter, change: (framed: Uint8Array) => Uint8Array | undefined): Tamper {
  return (seen) => (seen.letter === letter ? change(seen.framed) : seen.framed)
}

export function framed(body: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(body.length >> 8, body.length & 0xff), body])
}

/** A copy with the byte at `position` changed by `difference` (1 to 255, exclusive or). */
export function flipped(bytes: Uint8Array, position: number, difference = 1): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[position] = (copy[position] ?? 0) ^ difference
  return copy
}
