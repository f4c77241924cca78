/** A token bucket: `burst` at once, `rate` per second after that. Time is passed in, milliseconds, monotonic. */
export class TokenBucket {
  readonly #burst: number
  readonly #rate: number
  #tokens: number
  #at: number

  constructor(burst: number, rate: number, now: number) {
    this.#burst = burst
    this.#rate = rate
    this.#tokens = burst
    this.#at = now
  }

  /** True where one token was left, which is then taken. */
  take(now: number): boolean {
    this.#refill(now)
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** True where nothing is remembered of this bucket's past: it can be forgotten. */
  isFull(now: number): boolean {
    this.#refill(now)
    return this.#tokens >= this.#burst
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, now - this.#at) * this.#rate) / 1000)
    this.#at = Math.max(this.#at, now)
  }
}

/** One bucket per key, at most `max` of them; the one that was used longest ago goes first. */
export class KeyedBuckets {
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #burst: number
  readonly #rate: number
  readonly #max: number

  constructor(burst: number, rate: number, max: number) {
    this.#burst = burst
    this.#rate = rate
    this.#max = max
  }

  get size(): number {
    return this.#buckets.size
  }

  take(key: string, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#burst, this.#rate, now)
    // Re-inserted at the end: a Map keeps insertion order, which makes it a queue by last use.
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > this.#max) {
      const idlest = this.#buckets.keys().next()
      if (idlest.done !== true) this.#buckets.delete(idlest.value)
    }
    return bucket.take(now)
  }
}
