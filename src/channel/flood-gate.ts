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
    if (known === undefined && this.#addresses.size > MAX_TRACKED_ADDRESSES) this.#forgetOne()
    return address
  }

  /** Drops the address heard of longest ago; one with handshakes under way is passed over, they are bounded by `concurrent`. */
  #forgetOne(): void {
    for (const [key, address] of this.#addresses) {
      if (address.underWay > 0) continue
      this.#addresses.delete(key)
      return
    }
  }
}

/** The key an address is counted under: an IPv4 address, or the /64 of an IPv6 one (a home or host owns a whole /64). */
export function floodKey(host: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)
  if (mapped?.[1] !== undefined) return mapped[1]
  if (!host.includes(':')) return host
  const [head = '', tail] = host.split('%', 1)[0]?.split('::') ?? []
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
