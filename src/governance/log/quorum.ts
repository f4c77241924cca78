/**
 * More than two thirds. Two such sets share more than a third of the weight, so at least one honest attester as long as less
 * than a third cheats.
 */
export function isQuorum(weight: number, total: number): boolean {
  return weight * 3 > total * 2
}

/** More than a third: at least one honest attester is among them. */
export function holdsHonest(weight: number, total: number): boolean {
  return weight * 3 > total
}
