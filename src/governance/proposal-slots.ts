import { SLOTS_PER_AUTHOR } from './limits.ts'

/**
 * The slot numbers that an author may use now, ascending, always three: a number is at most three above how many of the
 * author's proposals are closed. They follow from the decision log, so every node that is level has the same.
 */
export type UsableSlots = readonly number[]

/** Of an author none of whose proposals is closed. */
export const FIRST_SLOTS: UsableSlots = Array.from({ length: SLOTS_PER_AUTHOR }, (_, index) => index + 1)

/**
 * After the log closed the proposal in `slot`: the next number comes in its place. With k proposals closed there were the
 * numbers 1 to k + 3, of which k are gone; now there are those to k + 4, and the new one is above all that were.
 * @throws RangeError where the slot was not usable, so that nothing can have been closed in it
 */
export function closeSlot(usable: UsableSlots, slot: number): UsableSlots {
  if (!usable.includes(slot)) throw new RangeError(`slot ${slot} is not one of ${usable.join(', ')}`)
  return [...usable.filter((other) => other !== slot), Math.max(...usable) + 1]
}
