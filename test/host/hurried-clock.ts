import { type Clock, systemClock, type Timer } from '../../src/platform/clock.ts'

/** The system's clock, and its timers, which can be put forward as well: what is due by then runs at once. */
export class HurriedClock implements Clock {
  #ahead = 0
  readonly #pending = new Set<{ readonly dueAt: number; readonly run: () => void; readonly timer: Timer }>()

  now(): number {
    return systemClock.now() + this.#ahead
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#ahead
  }

  after(ms: number, run: () => void): Timer {
    const fire = (): void => {
      this.#pending.delete(entry)
      entry.timer.cancel()
      run()
    }
    const entry = { dueAt: this.monotonic() + ms, run: fire, timer: systemClock.after(ms, fire) }
    this.#pending.add(entry)
    return {
      cancel: () => {
        this.#pending.delete(entry)
        entry.timer.cancel()
      },
    }
  }

  hurry(ms: number): void {
    this.#ahead += ms
    for (const entry of [...this.#pending]) if (entry.dueAt <= this.monotonic() && this.#pending.has(entry)) entry.run()
  }
}
