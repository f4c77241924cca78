import type { Clock } from '../../src/platform/clock.ts'

/** A clock that stands until it is told to go on. */
export class ManualClock implements Pick<Clock, 'now' | 'monotonic'> {
  ms = 1_000_000

  now(): number {
    return this.ms
  }

  monotonic(): number {
    return this.ms
  }
}
