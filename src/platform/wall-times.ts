import type { Clock } from './clock.ts'

/** Beyond this the wall clock was set; below it the two clocks only round differently. */
const CLOCK_WAS_SET_MS = 500

/**
 * What a monotonic time is on the wall clock, ms. The same time always gives the same answer, unless somebody sets the
 * clock: then all answers move with it.
 */
export function wallTimes(clock: Pick<Clock, 'now' | 'monotonic'>): (monotonic: number) => number {
  let epoch = clock.now() - clock.monotonic()
  return (monotonic) => {
    const current = clock.now() - clock.monotonic()
    if (Math.abs(current - epoch) > CLOCK_WAS_SET_MS) epoch = current
    return epoch + monotonic
  }
}
