import { MAX_RECENT_REFUSALS } from './limits.ts'
import type { ChannelRefusal } from './refusal.ts'

/**
 * The last refusal of each dial, by peer id or address: libp2p flattens an encrypter's error to its message, and who
 * dialled wants the code. Bounded; the oldest goes first.
 */
export class RecentRefusals {
  readonly #refusals = new Map<string, ChannelRefusal>()

  remember(key: string, refusal: ChannelRefusal): void {
    this.#refusals.delete(key)
    this.#refusals.set(key, refusal)
    if (this.#refusals.size <= MAX_RECENT_REFUSALS) return
    for (const oldest of this.#refusals.keys()) {
      this.#refusals.delete(oldest)
      return
    }
  }

  /** The refusal, given once: a later dial that fails for another reason must not inherit it. */
  take(key: string): ChannelRefusal | undefined {
    const refusal = this.#refusals.get(key)
    this.#refusals.delete(key)
    return refusal
  }
}
