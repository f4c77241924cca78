import type { Account, Change, Token, TokenKind } from './account.ts'
import { AccountError } from './account-error.ts'
import { emailKey } from './email.ts'
import { MAX_ACCOUNTS, MAX_API_TOKENS, MAX_LOGINS, MAX_OPEN_ACCOUNTS } from './limits.ts'
import { commonScopes, covers, type Scope } from './scope.ts'

/** Who a token speaks for, and what it may do now. */
export interface Bearer {
  /** The account's id; the token's where it is the operator's own. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Absent: the operator. */
  readonly account?: string
  readonly tokenId: string
}

/** Who asks for something: a bearer, or (without a token id) whoever holds the home's own token or the unix socket. */
export type Caller = Omit<Bearer, 'tokenId'> & { readonly tokenId?: string }

/**
 * Every account and token, and the rules of what may become of them. Pure: a `plan...` says what is to be written, or
 * refuses; `apply` makes it so, once it is on the disk. All of it is in memory, 30 MB at the very worst.
 */
export class AccountBook {
  readonly #accounts = new Map<string, Account>()
  readonly #byEmail = new Map<string, string>()
  readonly #tokens = new Map<string, Token>()
  readonly #byDigest = new Map<string, string>()

  get size(): number {
    return this.#accounts.size
  }

  account(id: string): Account | undefined {
    return this.#accounts.get(id)
  }

  accountOf(email: string): Account | undefined {
    const key = emailKey(email)
    return this.#accounts.get((key === undefined ? undefined : this.#byEmail.get(key)) ?? '')
  }

  /** Oldest first. */
  accounts(): readonly Account[] {
    return [...this.#accounts.values()].sort((one, other) => one.createdAt - other.createdAt)
  }

  token(id: string): Token | undefined {
    return this.#tokens.get(id)
  }

  /** Those of one owner, or all; those past their time are left out. Oldest first. */
  tokens(owner: string | null | 'all', now: number): readonly Token[] {
    const shown = [...this.#tokens.values()].filter(
      (token) => (owner === 'all' || token.owner === owner) && now < token.expiresAt,
    )
    return shown.sort((one, other) => one.createdAt - other.createdAt)
  }

  /** What the token with that digest may do now. A token never has more than its account has by now. */
  bearer(digest: string, now: number): Bearer | 'expired' | undefined {
    const token = this.#tokens.get(this.#byDigest.get(digest) ?? '')
    if (token === undefined) return undefined
    if (now >= token.expiresAt) return 'expired'
    if (token.owner === null) return { name: token.id, scopes: token.scopes, tokenId: token.id }
    const owner = this.#accounts.get(token.owner)
    if (owner === undefined) return undefined
    return { name: owner.id, scopes: commonScopes(token.scopes, owner.scopes), account: owner.id, tokenId: token.id }
  }

  /**
   * Whether an account of that address may be made, and with which scopes. An admin gives them; where he says nothing the
   * first admin is made, and then readers. Whoever registers himself is a reader.
   * @throws AccountError account-exists, limit-reached, scope-missing
   */
  admit(email: string, byAdmin: boolean, asked: readonly Scope[] | undefined): readonly Scope[] {
    if (this.accountOf(email) !== undefined) throw new AccountError('account-exists', 'this e-mail address has an account')
    const most = byAdmin ? MAX_ACCOUNTS : MAX_OPEN_ACCOUNTS
    if (this.size >= most) throw new AccountError('limit-reached', `there are ${most} accounts; remove one first`)
    if (asked !== undefined) {
      if (!byAdmin) throw new AccountError('scope-missing', 'only an admin gives scopes; leave the field out')
      return asked
    }
    const hasAdmin = this.accounts().some(({ scopes }) => scopes.includes('admin'))
    return byAdmin && !hasAdmin ? ['admin'] : ['read']
  }

  /** The account and all its tokens go together. @throws AccountError account-unknown */
  planRemoval(id: string): readonly Change[] {
    this.expect(id)
    return [...this.#without(id), { type: 'delete-account', id }]
  }

  /** Another password ends every token but the one it is changed with. @throws AccountError account-unknown */
  planPassword(id: string, password: Account['password'], keptToken: string | undefined): readonly Change[] {
    const account = this.expect(id)
    return [{ type: 'put-account', account: { ...account, password } }, ...this.#without(id, keptToken)]
  }

  /** @throws AccountError account-unknown */
  planScopes(id: string, scopes: readonly Scope[]): readonly Change[] {
    return [{ type: 'put-account', account: { ...this.expect(id), scopes } }]
  }

  /**
   * A new token, and the end of what is past its time or in its way: one login too many ends the oldest, an API token
   * too many is refused.
   * @throws AccountError limit-reached
   */
  planToken(token: Token, now: number): readonly Change[] {
    const own = [...this.#tokens.values()].filter(({ owner }) => owner === token.owner)
    const over = own.filter(({ expiresAt }) => now >= expiresAt)
    const live = own.filter(({ kind, expiresAt }) => kind === token.kind && now < expiresAt)
    if (token.kind === 'api' && live.length >= MAX_API_TOKENS) {
      throw new AccountError('limit-reached', `there are ${MAX_API_TOKENS} API tokens already; revoke one first`)
    }
    live.sort((one, other) => one.createdAt - other.createdAt)
    const surplus = token.kind === 'login' ? live.slice(0, Math.max(0, live.length - MAX_LOGINS + 1)) : []
    const ended = [...over, ...surplus].map(({ id }): Change => ({ type: 'delete-token', id }))
    return [...ended, { type: 'put-token', token }]
  }

  /**
   * When a token that `caller` asks for ends. Nobody gives more than he has: not in scopes, and, where he comes with an
   * API token, not in time; else a token that leaks once could renew itself for ever.
   * @throws AccountError scope-missing
   */
  grantedUntil(caller: Caller, scopes: readonly Scope[], until: number): number {
    const lacking = scopes.find((scope) => !covers(caller.scopes, scope))
    if (lacking !== undefined) throw new AccountError('scope-missing', `you have no scope ${lacking} to give`)
    const used = caller.tokenId === undefined ? undefined : this.token(caller.tokenId)
    return used?.kind === 'api' ? Math.min(until, used.expiresAt) : until
  }

  /**
   * An admin ends any token, others those of their own account that can do no more than they.
   * @throws AccountError token-unknown, scope-missing
   */
  planRevocation(caller: Caller, id: string): readonly Change[] {
    const token = this.token(id)
    const isAdmin = covers(caller.scopes, 'admin')
    if (token === undefined || (!isAdmin && token.owner !== ownerOf(caller))) {
      throw new AccountError('token-unknown', 'you have no token with that id')
    }
    if (!isAdmin && token.id !== caller.tokenId && !token.scopes.every((scope) => covers(caller.scopes, scope))) {
      throw new AccountError('scope-missing', 'that token can do more than the one you use')
    }
    return [{ type: 'delete-token', id }]
  }

  /** What is past its time, or belongs to nobody: at the start, after which there is none. */
  planCleaning(now: number): readonly Change[] {
    const dead = [...this.#tokens.values()].filter(
      ({ owner, expiresAt }) => now >= expiresAt || (owner !== null && !this.#accounts.has(owner)),
    )
    return dead.map(({ id }) => ({ type: 'delete-token', id }))
  }

  /** @throws AccountError account-unknown */
  expect(id: string): Account {
    const account = this.#accounts.get(id)
    if (account === undefined) throw new AccountError('account-unknown', 'there is no account with that id')
    return account
  }

  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      switch (change.type) {
        case 'put-account': {
          const key = emailKey(change.account.email)
          if (key !== undefined) this.#byEmail.set(key, change.account.id)
          this.#accounts.set(change.account.id, change.account)
          break
        }
        case 'delete-account': {
          const key = emailKey(this.#accounts.get(change.id)?.email ?? '')
          if (key !== undefined) this.#byEmail.delete(key)
          this.#accounts.delete(change.id)
          break
        }
        case 'put-token':
          this.#tokens.set(change.token.id, change.token)
          this.#byDigest.set(change.token.digest, change.token.id)
          break
        case 'delete-token':
          this.#byDigest.delete(this.#tokens.get(change.id)?.digest ?? '')
          this.#tokens.delete(change.id)
          break
      }
    }
  }

  #without(owner: string, keptToken?: string): Change[] {
    const ended = [...this.#tokens.values()].filter((token) => token.owner === owner && token.id !== keptToken)
    return ended.map(({ id }) => ({ type: 'delete-token', id }))
  }
}

/** Whose tokens a caller makes and sees. */
export function ownerOf(caller: Pick<Caller, 'account'>): string | null {
  return caller.account ?? null
}

/** The text of a fresh token: its prefix tells people, and programs that look for leaked secrets, what it is. */
export function tokenText(kind: TokenKind, random: Uint8Array): string {
  return `${kind === 'login' ? 'x0s_' : 'x0t_'}${Buffer.from(random).toString('base64url')}`
}
