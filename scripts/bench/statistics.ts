/** What a row shows of its samples, one sample a round. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  /** In the order of the rounds. */
  readonly samples: readonly number[]
}

/**
 * The `share` quantile (0 to 1) by linear interpolation between the two nearest ranks (type 7 of Hyndman and Fan, what
 * R and NumPy do by default).
 * @throws RangeError where there is no sample or `share` is outside 0 to 1
 */
export function quantile(samples: readonly number[], share: number): number {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`a quantile of ${share}: it must be from 0 to 1`)
  const sorted = samples.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)]
  const above = sorted[Math.ceil(position)]
  if (below === undefined || above === undefined) throw new RangeError('a quantile of no samples')
  return below + (above - below) * (position - Math.floor(position))
}

/** @throws RangeError where there is no sample */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

/** @throws RangeError where there is no sample */
export function spread(samples: readonly number[]): Spread {
  return { median: median(samples), min: quantile(samples, 0), max: quantile(samples, 1), samples: [...samples] }
}

/**
 * ours[i] / theirs[i] for each round. The two were measured right after each other, so what the machine did to a round
 * hits both and cancels; a ratio of two medians would keep it.
 * @throws RangeError where the rounds do not pair up
 */
export function pairedRatios(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) throw new RangeError(`${ours.length} rounds beside ${theirs.length} do not pair up`)
  return ours.map((value, round) => value / (theirs[round] ?? Number.NaN))
}
