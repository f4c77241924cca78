import type { Clock } from '../platform/clock.ts'
import {
  ACCOUNT_FAILURES,
  GOOD_ADDRESSES,
  LOGIN_FAILURES_PER_MINUTE,
  MAX_TRACKED_CLIENTS,
  REGISTRATIONS_PER_MINUTE,
} from './limits.ts'
import { TokenBuckets } from './token-buckets.ts'

/**
 * Slows down who guesses passwords: by address, so that one machine gets nowhere, and by account, so that many do not
 * either. An address that the account was logged in from lately is not held to the latter: else a stranger who guesses
 * without end would lock the owner out. Addresses and e-mail addresses without an account are counted like all others, so
 * nothing here tells which accounts there are. All of it is in memory, bounded, and gone with the process.
 */
export class LoginGuard {
  readonly #addresses: TokenBuckets
  readonly #accounts: TokenBuckets
  readonly #registrations: TokenBuckets
  readonly #good = new Map<string, readonly string[]>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    const each = (perMinute: number, burst: number) =>
      new TokenBuckets(clock, { perSecond: perMinute / 60, burst, maxKeys: MAX_TRACKED_CLIENTS })
    this.#addresses = each(LOGIN_FAILURES_PER_MINUTE, LOGIN_FAILURES_PER_MINUTE)
    this.#accounts = each(ACCOUNT_FAILURES.perMinute, ACCOUNT_FAILURES.burst)
    this.#registrations = each(REGISTRATIONS_PER_MINUTE, REGISTRATIONS_PER_MINUTE)
  }

  /**
   * Takes a try before it is made, so that a hundred at once are not one. @returns 0, or milliseconds to wait: then
   * nothing was taken, and the password must not be looked at.
   * @param client what the caller's address is counted by
   * @param email what the account is compared by
   */
  take(client: string, email: string): number {
    const isGood = this.#isGood(client, email)
    const waitMs = Math.max(this.#addresses.waitMs(client), isGood ? 0 : this.#accounts.waitMs(email))
    if (waitMs > 0) return waitMs
    this.#addresses.take(client)
    if (!isGood) this.#accounts.take(email)
    return 0
  }

  /** The try was none: the password was right, or was not looked at. */
  giveBack(client: string, email: string): void {
    this.#addresses.give(client)
    if (!this.#isGood(client, email)) this.#accounts.give(email)
  }

  /** Somebody knew the password there. After `giveBack`. */
  remember(client: string, email: string): void {
    const before = this.#good.get(email) ?? []
    this.#good.delete(email)
    this.#good.set(email, [client, ...before.filter((other) => other !== client)].slice(0, GOOD_ADDRESSES))
    if (this.#good.size <= MAX_TRACKED_CLIENTS) return
    for (const oldest of this.#good.keys()) {
      this.#good.delete(oldest)
      break
    }
  }

  /** Milliseconds until a stranger at that address may register an account; 0: now, and it is counted. */
  takeRegistration(client: string): number {
    const waitMs = this.#registrations.waitMs(client)
    if (waitMs === 0) this.#registrations.take(client)
    return waitMs
  }

  #isGood(client: string, email: string): boolean {
    return this.#good.get(email)?.includes(client) === true
  }
}
