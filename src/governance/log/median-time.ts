import { type AttesterSet, attesterOf } from './attester-set.ts'
import type { ClockReading } from './message.ts'

/**
 * The median of clock readings by weight, ms: the first, in ascending order, at which half the weight that answered is
 * reached. With more than two thirds of all weight answering and less than a third cheating it lies between two honest clocks.
 */
export function medianTime(readings: readonly Pick<ClockReading, 'attester' | 'wall'>[], set: AttesterSet): number {
  const weighed = readings
    .map(({ attester, wall }) => ({ wall, weight: attesterOf(set, attester)?.weight ?? 0 }))
    .sort((one, other) => one.wall - other.wall)
  const half = weighed.reduce((sum, { weight }) => sum + weight, 0) / 2
  let sum = 0
  for (const { wall, weight } of weighed) {
    sum += weight
    if (sum >= half) return wall
  }
  throw new RangeError('a median of no readings')
}
