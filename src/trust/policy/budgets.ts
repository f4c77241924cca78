import { MAX_BUCKETS, MAX_BUCKETS_SWEPT } from './limits.ts'
import type { Rate, Rule } from './rule.ts'

interface Bucket {
  tokens: number
  /** Monotonic, ms. */
  at: number
}

interface RuleBuckets {
  readonly rate: Rate
  /** By source, the one used longest ago first. */
  readonly bySource: Map<string, Bucket>
}

/**
 * How much of its rate each source has used up under each rule: the state of an evaluation. In memory only. What is
 * forgotten is only what is whole again: where there is no room a new source gets nothing, since forgetting a half-used
 * bucket would let whoever has many identities begin anew with each.
 */
export class Budgets {
  readonly #rules = new Map<string, RuleBuckets>()
  readonly #max: number
  #share: number

  /** @param max buckets of all rules that `keepFor` names, or of each rule where it was never called */
  constructor(max = MAX_BUCKETS) {
    this.#max = max
    this.#share = max
  }

  /** Keeps the buckets of rules whose name and rate are the same in `rules`, and forgets all others. */
  keepFor(rules: readonly Rule[]): void {
    const rated = new Map(rules.flatMap(({ name, rate }) => (rate === undefined ? [] : [[name, rate] as const])))
    this.#share = Math.floor(this.#max / Math.max(1, rated.size))
    for (const [name, { rate, bySource }] of this.#rules) {
      const next = rated.get(name)
      const isSame = next?.limit === rate.limit && next.periodMs === rate.periodMs
      if (!isSame) this.#rules.delete(name)
      // a smaller share: those used longest ago go
      for (const source of [...bySource.keys()].slice(0, Math.max(0, bySource.size - this.#share))) bySource.delete(source)
    }
  }

  /** Takes one of what `source` may do under `rule` by `rate`. False where nothing is left. `now` is monotonic, ms. */
  take(rule: string, rate: Rate, source: string, now: number): boolean {
    const buckets = this.#of(rule, rate)
    const known = buckets.get(source)
    if (known === undefined && buckets.size >= this.#share && !sweep(buckets, rate, now)) return false
    const tokens = known === undefined ? rate.limit : tokensAt(known, rate, now)
    const isLeft = tokens >= 1
    // at the end: the map is a queue by last use
    buckets.delete(source)
    buckets.set(source, { tokens: isLeft ? tokens - 1 : tokens, at: Math.max(now, known?.at ?? now) })
    return isLeft
  }

  /** Whether `take` would say true; takes nothing. */
  has(rule: string, rate: Rate, source: string, now: number): boolean {
    const known = this.#rules.get(rule)?.bySource.get(source)
    return known === undefined || tokensAt(known, rate, now) >= 1
  }

  /** Buckets held, of all rules. */
  get size(): number {
    let size = 0
    for (const { bySource } of this.#rules.values()) size += bySource.size
    return size
  }

  #of(rule: string, rate: Rate): Map<string, Bucket> {
    const known = this.#rules.get(rule)
    if (known !== undefined) return known.bySource
    const bySource = new Map<string, Bucket>()
    this.#rules.set(rule, { rate, bySource })
    return bySource
  }
}

function tokensAt({ tokens, at }: Bucket, rate: Rate, now: number): number {
  return Math.min(rate.limit, tokens + (Math.max(0, now - at) * rate.limit) / rate.periodMs)
}

/** Makes room by forgetting one bucket that is full again. */
function sweep(buckets: Map<string, Bucket>, rate: Rate, now: number): boolean {
  let looked = 0
  for (const [source, bucket] of buckets) {
    if (tokensAt(bucket, rate, now) >= rate.limit) return buckets.delete(source)
    looked += 1
    if (looked >= MAX_BUCKETS_SWEPT) return false
  }
  return false
}
