import { MAX_RECENT_REFUSALS } from './limits.ts'
import type { ChannelRefusal } from './refusal.ts'

/** A dial, as who made it looks for its refusal. */
export interface FailedDial {
  /** Undefined for a line without one. */
  readonly peerId: string | undefined
  /** The addresses that were tried, as they were dialled. */
  readonly addresses: readonly string[]
  /** Monotonic ms when it began. */
  readonly since: number
}

interface Entry {
  readonly refusal: ChannelRefusal
  readonly at: number
}

/**
 * The last refusal of each dial, by the peer id that it expected, else by address: libp2p flattens an encrypter's error to
 * its message, and who dialled wants the code. Times are monotonic milliseconds. Bounded; the oldest goes first.
 */
export class RecentRefusals {
  readonly #entries = new Map<string, Entry>()

  remember(key: string, refusal: ChannelRefusal, now: number): void {
    this.#entries.delete(key)
    this.#entries.set(key, { refusal, at: now })
    if (this.#entries.size <= MAX_RECENT_REFUSALS) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }

  /** A dial went well: what was refused before explains nothing any more. */
  forget(key: string): void {
    this.#entries.delete(key)
  }

  /** The refusal of `key` since then, given once: a dial must not tell the story of an earlier one. */
  take(key: string, since: number): ChannelRefusal | undefined {
    const entry = this.#entries.get(key)
    this.#entries.delete(key)
    return entry !== undefined && entry.at >= since ? entry.refusal : undefined
  }

  /** The refusal that a dial met, where it met one. */
  of({ peerId, addresses, since }: FailedDial): ChannelRefusal | undefined {
    const keys = peerId === undefined ? addresses : [peerId]
    return keys.map((key) => this.take(key, since)).find((refusal) => refusal !== undefined)
  }
}
