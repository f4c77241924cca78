import { GOOD_ADDRESS_MS, MAX_TRACKED_ADDRESSES } from './limits.ts'

/** How many inbound handshakes a node takes on. A stranger's first message costs us a signature; these bound what that buys. */
export interface FloodLimits {
  /** Handshakes a second that one address may start, in the long run. */
  readonly perAddressPerSecond: number
  /** Handshakes that one address may start at once. */
  readonly perAddressBurst: number
  /** Handshakes under way at the same time, all addresses together. */
  readonly concurrent: number
}

export type ShedReason = 'address-rate' | 'address-concurrency' | 'concurrency'

interface Address {
  tokens: number
  refilledAt: number
  underWay: number
  goodUntil: number
}

/** One address may hold this share of the places, so that it cannot take them all within its burst. */
const ADDRESS_SHARE = 0.25
/** This share of the places is kept for addresses that completed a handshake lately. */
const RESERVED_SHARE = 0.25

/** Decides which inbound handshakes are taken on. Pure: `now` in milliseconds comes with each call. */
export class FloodGate {
  readonly #limits: FloodLimits
  readonly #addresses = new Map<string, Address>()
  #underWay = 0

  constructor(limits: FloodLimits) {
    this.#limits = limits
  }

  get underWay(): number {
    return this.#underWay
  }

  /** A reason where the handshake is shed, undefined where it may start; then `end` must follow exactly once. */
  begin(key: string, now: number): ShedReason | undefined {
    const address = this.#address(key, now)
    if (address.tokens < 1) return 'address-rate'
    address.tokens -= 1
    const { concurrent } = this.#limits
    if (address.underWay >= Math.max(2, concurrent * ADDRESS_SHARE)) return 'address-concurrency'
    const places = address.goodUntil > now ? concurrent : concurrent - Math.floor(concurrent * RESERVED_SHARE)
    if (this.#underWay >= places) return 'concurrency'
    address.underWay += 1
    this.#underWay += 1
    return undefined
  }

  end(key: string, good: boolean, now: number): void {
    this.#underWay -= 1
    const address = this.#addresses.get(key)
    if (address === undefined) return
    address.underWay -= 1
    if (good) address.goodUntil = now + GOOD_ADDRESS_MS
  }

  #address(key: string, now: number): Address {
    const { perAddressBurst, perAddressPerSecond } = this.#limits
    const known = this.#addresses.get(key)
    const address = known ?? { tokens: perAddressBurst, refilledAt: now, underWay: 0, goodUntil: 0 }
    const refill = (Math.max(0, now - address.refilledAt) / 1000) * perAddressPerSecond
    address.tokens = Math.min(perAddressBurst, address.tokens + refill)
    address.refilledAt = now
    this.#addresses.delete(key)
    this.#addresses.set(key, address)
    if (known === undefined && this.#addresses.size > MAX_TRACKED_ADDRESSES) this.#forgetOne(key, now)
    return address
  }

  /**
   * Drops the stranger heard of longest ago, or where all are good the good one: strangers that come by the thousand must
   * not cost an honest peer its place. Addresses with handshakes under way are passed over (`concurrent` bounds them), and so
   * is the newcomer: forgotten at once, it would have no limits.
   */
  #forgetOne(newcomer: string, now: number): void {
    let good: string | undefined
    for (const [key, address] of this.#addresses) {
      if (address.underWay > 0 || key === newcomer) continue
      if (address.goodUntil <= now) {
        this.#addresses.delete(key)
        return
      }
      good ??= key
    }
    if (good !== undefined) this.#addresses.delete(good)
  }
}
