import type { Clock } from '../platform/clock.ts'

interface Bucket {
  tokens: number
  /** Monotonic milliseconds. */
  at: number
}

/** What rounding may be short of a whole token: who waited exactly as long as told is not turned away for it. */
const ROUNDING = 1e-9

/**
 * A token bucket for each key, in bounded memory: past `maxKeys` the least recently used is forgotten (and would start
 * full again).
 */
export class TokenBuckets {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #maxKeys: number
  readonly #buckets = new Map<string, Bucket>()
  #perSecond: number
  #burst: number

  constructor(
    clock: Pick<Clock, 'monotonic'>,
    options: { readonly perSecond: number; readonly burst: number; readonly maxKeys: number },
  ) {
    this.#clock = clock
    this.#maxKeys = options.maxKeys
    this.#perSecond = options.perSecond
    this.#burst = options.burst
  }

  get size(): number {
    return this.#buckets.size
  }

  /** Applies to every key from its next use on. */
  setRate(perSecond: number, burst: number): void {
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /** Milliseconds until `key` has a token; 0 where it has one. Takes nothing. */
  waitMs(key: string): number {
    const tokens = this.#tokens(key)
    return isWhole(tokens) ? 0 : Math.ceil(((1 - tokens) / this.#perSecond) * 1000)
  }

  /** Takes a token; false where there is none. */
  take(key: string): boolean {
    const tokens = this.#tokens(key)
    const taken = isWhole(tokens)
    this.#buckets.delete(key)
    this.#buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at: this.#clock.monotonic() })
    if (this.#buckets.size > this.#maxKeys) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest)
        break
      }
    }
    return taken
  }

  /** Gives back a token that was taken. */
  give(key: string): void {
    const bucket = this.#buckets.get(key)
    if (bucket !== undefined) bucket.tokens = Math.min(this.#burst, bucket.tokens + 1)
  }

  #tokens(key: string): number {
    const bucket = this.#buckets.get(key)
    if (bucket === undefined) return this.#burst
    const elapsed = (this.#clock.monotonic() - bucket.at) / 1000
    return Math.min(this.#burst, bucket.tokens + elapsed * this.#perSecond)
  }
}

function isWhole(tokens: number): boolean {
  return tokens >= 1 - ROUNDING
}
