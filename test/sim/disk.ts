import type { Schedule } from './schedule.ts'
import type { SeededRandom } from './seeded-random.ts'

/** One write: later ones of the same key take its place. */
interface Write {
  readonly key: string
  readonly value: Uint8Array | string
}

export interface WriteOptions {
  /** Whether the caller waits for it to be durable; else it is some time later. */
  readonly isSynced: boolean
  /** Asked before a synced write takes place and after; true is a crash at this very write. */
  crashes(): boolean
  /** It is durable, with every write before it. */
  done(): void
}

/** A disk with a cache. A crash loses what is not durable yet, save a random part of it from the beginning. */
export class Disk {
  readonly #schedule: Schedule
  readonly #random: SeededRandom
  readonly #platter = new Map<string, Uint8Array | string>()
  #cache: Write[] = []

  constructor(schedule: Schedule, random: SeededRandom) {
    this.#schedule = schedule
    this.#random = random
  }

  write(key: string, value: Uint8Array | string, { isSynced, crashes, done }: WriteOptions): void {
    const write = { key, value }
    const cache = this.#cache
    cache.push(write)
    const delay = isSynced ? 1 + 7 * this.#random.fraction() : 20 + 400 * this.#random.fraction()
    this.#schedule.after(delay, () => {
      // a crash since has emptied the cache
      if (this.#cache !== cache || (isSynced && crashes())) return
      for (const earlier of cache.splice(0, cache.indexOf(write) + 1)) this.#platter.set(earlier.key, earlier.value)
      if (isSynced && crashes()) return
      done()
    })
  }

  read(key: string): Uint8Array | string | undefined {
    return this.#platter.get(key)
  }

  keys(prefix: string): readonly string[] {
    return [...this.#platter.keys()].filter((key) => key.startsWith(prefix))
  }

  crash(): void {
    const kept = this.#random.whole(0, this.#cache.length)
    for (const { key, value } of this.#cache.slice(0, kept)) this.#platter.set(key, value)
    this.#cache = []
  }
}
