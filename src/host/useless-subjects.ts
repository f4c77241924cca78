import type { Clock } from '../platform/clock.ts'
import { MAX_SYNC_USELESS, SYNC_USELESS_MS } from './limits.ts'

/**
 * Subjects of revocations that a peer has and this node cannot take. They are left out of what it asks for, for a while, or
 * each sync with such a peer would carry them again.
 */
export class UselessSubjects {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** By x0 id in hexadecimal, until when; the oldest first. */
  readonly #until = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  has(subject: Uint8Array): boolean {
    const until = this.#until.get(hex(subject))
    return until !== undefined && until > this.#clock.monotonic()
  }

  note(subject: Uint8Array): void {
    const key = hex(subject)
    this.#until.delete(key)
    this.#until.set(key, this.#clock.monotonic() + SYNC_USELESS_MS)
    if (this.#until.size <= MAX_SYNC_USELESS) return
    const oldest = this.#until.keys().next()
    if (oldest.done !== true) this.#until.delete(oldest.value)
  }

  get size(): number {
    return this.#until.size
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
