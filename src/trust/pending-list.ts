import { addressKey } from '../platform/address-key.ts'
import { MAX_PENDING, MAX_PENDING_PER_ADDRESS, PENDING_MS } from './limits.ts'

/** Somebody who knocks and waits for an operator. */
export interface PendingAsk {
  /** Text form. */
  readonly x0Id: string
  /** That it would like. */
  readonly name: string | undefined
  readonly note: string
  /** Wall clock ms of the first and of the latest knock. */
  readonly since: number
  readonly lastAsked: number
  /** IP address it came from, where known. */
  readonly address: string | undefined
}

/**
 * Who waits, in memory: whoever still wants to come in asks again. Name and note stay as they were first said, so that
 * nobody can change them between the look of the operator and the word.
 */
export class PendingList {
  readonly #asks = new Map<string, PendingAsk>()

  /** Oldest first. */
  list(now: number): readonly PendingAsk[] {
    this.#forget(now)
    return [...this.#asks.values()]
  }

  has(x0Id: string, now: number): boolean {
    this.#forget(now)
    return this.#asks.has(x0Id)
  }

  /** False where there is no room. */
  knock(ask: Pick<PendingAsk, 'x0Id' | 'name' | 'note' | 'address'>, now: number): boolean {
    this.#forget(now)
    const known = this.#asks.get(ask.x0Id)
    if (known !== undefined) {
      this.#asks.set(ask.x0Id, { ...known, lastAsked: now })
      return true
    }
    if (this.#asks.size >= MAX_PENDING || this.#countOf(ask.address) >= MAX_PENDING_PER_ADDRESS) return false
    this.#asks.set(ask.x0Id, { ...ask, since: now, lastAsked: now })
    return true
  }

  remove(x0Id: string): void {
    this.#asks.delete(x0Id)
  }

  #countOf(address: string | undefined): number {
    if (address === undefined) return 0
    const key = addressKey(address)
    return [...this.#asks.values()].filter((ask) => ask.address !== undefined && addressKey(ask.address) === key).length
  }

  #forget(now: number): void {
    for (const { x0Id, lastAsked } of this.#asks.values()) {
      if (now - lastAsked >= PENDING_MS) this.#asks.delete(x0Id)
    }
  }
}
