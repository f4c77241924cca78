import { type Argon2Cost, argon2id } from '../../crypto/argon2id.ts'
import { equalBytes } from '../../crypto/constant-time.ts'
import type { Random } from '../../platform/random.ts'
import { AccountError } from './account-error.ts'
import { HASH_BYTES, HASHES_AT_ONCE, HASHES_WAITING, PASSWORD_COST, SALT_BYTES } from './limits.ts'

/** A password as it is kept: nobody learns it from this but by trying, at that cost each time. */
export interface PasswordHash {
  readonly cost: Argon2Cost
  /** 16 random bytes of its own. */
  readonly salt: Uint8Array
  /** Argon2id of the password in UTF-8, 32 bytes. */
  readonly hash: Uint8Array
}

/**
 * What of a password is hashed: normal form KC (NIST SP 800-63B), so that one password is one on every keyboard, composed
 * or not, full width or not.
 */
export function passwordText(password: string): string {
  return password.normalize('NFKC')
}

/** Makes and checks password hashes, one at a time, since it shares libuv's threads with signatures. */
export class PasswordHasher {
  readonly #random: Pick<Random, 'bytes'>
  readonly #cost: Argon2Cost
  /** Stands in for accounts that do not exist. No password gives it: it is random, not hashed. */
  readonly #nobody: PasswordHash
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** @param cost for new passwords; less than PASSWORD_COST only where a test needs many */
  constructor(random: Pick<Random, 'bytes'>, cost: Argon2Cost = PASSWORD_COST) {
    this.#random = random
    this.#cost = cost
    this.#nobody = { cost, salt: random.bytes(SALT_BYTES), hash: random.bytes(HASH_BYTES) }
  }

  /** @throws AccountError hashing-busy */
  async hash(password: string): Promise<PasswordHash> {
    const salt = this.#random.bytes(SALT_BYTES)
    return { cost: this.#cost, salt, hash: await this.#derive(password, salt, this.#cost) }
  }

  /**
   * Whether `password` is the one of `known`. Without `known` it is not, after the same work: the time does not tell
   * whether there is an account.
   * @throws AccountError hashing-busy
   */
  async check(password: string, known: PasswordHash | undefined): Promise<boolean> {
    const { cost, salt, hash } = known ?? this.#nobody
    const isEqual = equalBytes(await this.#derive(password, salt, cost), hash)
    return isEqual && known !== undefined
  }

  async #derive(password: string, salt: Uint8Array, cost: Argon2Cost): Promise<Uint8Array> {
    await this.#enter()
    try {
      return await argon2id(new TextEncoder().encode(passwordText(password)), salt, cost, HASH_BYTES)
    } finally {
      // whoever waits longest takes the place over; it never stands empty between
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < HASHES_AT_ONCE) {
      this.#running += 1
      return
    }
    if (this.#waiting.length >= HASHES_WAITING) {
      throw new AccountError('hashing-busy', `${HASHES_WAITING} passwords wait to be checked already; try again in some seconds`)
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
