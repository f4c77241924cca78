import type { Clock } from '../platform/clock.ts'
import { SPARING_QUIET_MS } from './limits.ts'

/**
 * Thins out what strangers can cause at will: of each kind the 1st, 2nd, 4th, 8th ... time is told, and the count starts
 * anew after a minute without. A flood then costs the log twenty lines and pushes nothing else out of it. Kinds must come
 * from a closed set.
 */
export class Sparing {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #seen = new Map<string, { times: number; last: number }>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** Counts one of `kind`. @returns which time it was, where it is to be told */
  next(kind: string): number | undefined {
    const now = this.#clock.monotonic()
    const before = this.#seen.get(kind)
    const times = before === undefined || now - before.last >= SPARING_QUIET_MS ? 1 : before.times + 1
    this.#seen.set(kind, { times, last: now })
    return Number.isInteger(Math.log2(times)) ? times : undefined
  }
}
