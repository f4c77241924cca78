import { equalBytes } from '../crypto/constant-time.ts'
import type { JoinRefusal } from './join-refusal.ts'
import { DEAD_INVITE_MS, MAX_INVITES } from './limits.ts'
import type { TokenEntry } from './token-entry.ts'
import { TrustError } from './trust-error.ts'

/** What a token does for an applicant: admits it, has admitted it already, or does not. */
export type TokenJudgement =
  | { readonly kind: 'fresh' | 'again'; readonly entry: TokenEntry }
  | { readonly kind: 'refused'; readonly code: JoinRefusal }

/** The digits of a token's hash that people see and say. */
const SHORT_ID_DIGITS = 16

/** What is shown of a token: 16 digits of its hash. */
export function shortTokenId(id: Uint8Array): string {
  return Buffer.from(id).toString('hex').slice(0, SHORT_ID_DIGITS)
}

/**
 * The invites of one member, as they are on its disk: decisions alone. Each change is an entry to be written first and
 * `put` once it is.
 */
export class TokenBook {
  readonly #entries = new Map<string, TokenEntry>()

  constructor(entries: Iterable<TokenEntry> = []) {
    for (const entry of entries) this.put(entry)
  }

  list(): readonly TokenEntry[] {
    return [...this.#entries.values()].sort((one, other) => one.createdAt - other.createdAt)
  }

  put(entry: TokenEntry): void {
    this.#entries.set(tokenKey(entry.id), entry)
  }

  delete(id: Uint8Array): void {
    this.#entries.delete(tokenKey(id))
  }

  /** By the 16 digits that were shown. @throws TrustError `unknown-invite` */
  find(shortId: string): TokenEntry {
    const entry = this.list().find(({ id }) => shortTokenId(id) === shortId)
    if (entry === undefined) throw new TrustError('unknown-invite', `there is no invite ${shortId}: \`x0 invites\` lists them`)
    return entry
  }

  /**
   * A node that was admitted before is admitted again, even by a token that has expired or was withdrawn since: the answer
   * may have been lost on its way.
   */
  judge(id: Uint8Array, applicantId: Uint8Array, now: number): TokenJudgement {
    const entry = this.#entries.get(tokenKey(id))
    if (entry === undefined) return { kind: 'refused', code: 'invite-unknown' }
    if (entry.redeemers.some((redeemer) => equalBytes(redeemer, applicantId))) return { kind: 'again', entry }
    if (entry.withdrawn) return { kind: 'refused', code: 'invite-withdrawn' }
    if (entry.redeemers.length >= entry.uses) return { kind: 'refused', code: 'invite-used' }
    return now >= entry.expiresAt ? { kind: 'refused', code: 'invite-expired' } : { kind: 'fresh', entry }
  }

  /** Those that are dead for a week. */
  forgettable(now: number): readonly TokenEntry[] {
    return this.list().filter(({ expiresAt }) => now >= expiresAt + DEAD_INVITE_MS)
  }

  /** @throws TrustError `too-many` */
  expectRoom(): void {
    if (this.#entries.size < MAX_INVITES) return
    throw new TrustError('too-many', `${MAX_INVITES} invites are kept, live and recently dead ones: make one with more uses`)
  }
}

/** The entry once it has admitted one more. */
export function redeemed(entry: TokenEntry, applicantId: Uint8Array): TokenEntry {
  return { ...entry, redeemers: [...entry.redeemers, applicantId] }
}

/** Its key in the store: the whole hash in hexadecimal. */
export function tokenKey(id: Uint8Array): string {
  return Buffer.from(id).toString('hex')
}
