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
