import { setTimeout } from 'node:timers/promises'
import type { Clock, Timer } from '../../src/platform/clock.ts'

/** A clock whose hands are moved by the test; its timers run when they are passed. */
export class HandClock implements Clock {
  #now = 1_000_000
  readonly #timers = new Map<() => void, number>()

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, run: () => void): Timer {
    const once = (): void => run()
    this.#timers.set(once, this.#now + ms)
    return { cancel: () => this.#timers.delete(once) }
  }

  /** Timers that have neither run nor been cancelled. */
  get pending(): number {
    return this.#timers.size
  }

  advance(ms: number): void {
    this.#now += ms
    for (const [run, due] of [...this.#timers]) {
      if (due > this.#now || !this.#timers.delete(run)) continue
      run()
    }
  }
}

/** Moves the hands on, past any deadline, whenever nothing else happens, until `waited` is over: for what must run into one. */
export async function hurried<T>(clock: HandClock, waited: Promise<T>): Promise<T> {
  let over = false
  const settled = waited.finally(() => {
    over = true
  })
  settled.catch(() => undefined)
  while (!over) {
    for (let turn = 0; turn < 50 && !over; turn += 1) await setTimeout(1)
    clock.advance(60_000)
  }
  return await settled
}
