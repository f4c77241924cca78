import { createHash } from 'node:crypto'
import type { Argon2Cost } from '../../crypto/argon2id.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Random } from '../../platform/random.ts'
import type { Account, Change, Token, TokenKind } from './account.ts'
import { AccountBook, type Bearer, type Caller, ownerOf, tokenText } from './account-book.ts'
import { AccountError } from './account-error.ts'
import type { AccountShelf } from './account-shelf.ts'
import type { Credentials, Registration, TokenRequest } from './fields.ts'
import { ID_BYTES, LAST_USED_STEP_MS, LOGIN_LIFETIME_MS, TOKEN_BYTES } from './limits.ts'
import { PasswordHasher } from './password-hash.ts'
import type { Scope } from './scope.ts'

/** What has been changed, for an audit trail. */
export type AccountChangeKind =
  | 'account.registered'
  | 'account.deleted'
  | 'account.scopes-changed'
  | 'account.password-changed'
  | 'account.logged-in'
  | 'token.created'
  | 'token.revoked'

/** Ids, scopes and times; no address, no secret. `by` is the account's id, the token's, or the name of the operator's way in. */
export type AccountChangeData = Readonly<Record<string, string | number>>

export interface AccountsOptions {
  readonly shelf: AccountShelf
  readonly clock: Pick<Clock, 'now'>
  readonly random: Pick<Random, 'bytes'>
  readonly onDamaged: (namespace: string, key: string) => void
  /** Told of each change once it is on the disk. Must not throw. */
  readonly onChange?: (kind: AccountChangeKind, data: AccountChangeData) => void
  /** Of new passwords; tests that need many take less. */
  readonly cost?: Argon2Cost
}

/** A fresh token with its text, which is told this once and then known to its holder only. */
export interface IssuedToken {
  readonly token: Token
  readonly text: string
}

/**
 * The accounts of the admin port and their tokens. Changes are made one after another, each on the disk before it counts;
 * a kill -9 between any two leaves the one or the other whole.
 */
export class Accounts {
  readonly #options: AccountsOptions
  readonly #book = new AccountBook()
  readonly #hasher: PasswordHasher
  #work: Promise<unknown> = Promise.resolve()

  private constructor(options: AccountsOptions) {
    this.#options = options
    this.#hasher = new PasswordHasher(options.random, options.cost)
  }

  /** Reads what is kept and drops what is past its time. @throws StoreError */
  static async open(options: AccountsOptions): Promise<Accounts> {
    const opened = new Accounts(options)
    const { accounts, tokens } = await options.shelf.load(options.onDamaged)
    opened.#book.apply(accounts.map((account) => ({ type: 'put-account', account })))
    opened.#book.apply(tokens.map((token) => ({ type: 'put-token', token })))
    await opened.#commit(() => opened.#book.planCleaning(options.clock.now()))
    return opened
  }

  get count(): number {
    return this.#book.size
  }

  /** Oldest first. */
  list(): readonly Account[] {
    return this.#book.accounts()
  }

  /** @throws AccountError account-unknown */
  account(id: string): Account {
    return this.#book.expect(id)
  }

  accountOf(email: string): Account | undefined {
    return this.#book.accountOf(email)
  }

  /** Those of the caller, or everybody's; for the latter he must be an admin. Those past their time are not among them. */
  tokens(of: string | null | 'all'): readonly Token[] {
    return this.#book.tokens(of, this.#options.clock.now())
  }

  /** Who holds the token whose text has that SHA-256. A look-up by hash: its time tells nothing of any token. */
  verify(digest: Uint8Array): Bearer | 'expired' | undefined {
    const now = this.#options.clock.now()
    const bearer = this.#book.bearer(Buffer.from(digest).toString('hex'), now)
    if (typeof bearer === 'object') this.#used(bearer.tokenId, now)
    return bearer
  }

  /** @throws AccountError account-exists, limit-reached, scope-missing, hashing-busy; StoreError */
  async register(registration: Registration, by: { readonly name: string; readonly isAdmin: boolean }): Promise<Account> {
    const { email, fullName, company } = registration
    const admit = () => this.#book.admit(email, by.isAdmin, registration.scopes)
    // before the dear part, and again after it: another may have taken the address meanwhile
    admit()
    const password = await this.#hasher.hash(registration.password)
    return this.#serially(async () => {
      const id = `usr_${this.#hex(ID_BYTES)}`
      const account = { id, email, fullName, company, scopes: admit(), createdAt: this.#options.clock.now(), password }
      await this.#write([{ type: 'put-account', account }])
      this.#tell('account.registered', { account: id, scopes: account.scopes.join(' '), by: by.name })
      return account
    })
  }

  /**
   * A token for whoever knows the password. Takes the same time whether or not there is such an account.
   * @throws AccountError login-failed, hashing-busy; StoreError
   */
  async login({ email, password }: Credentials): Promise<IssuedToken & { readonly account: Account }> {
    const known = this.#book.accountOf(email)
    const isRight = await this.#hasher.check(password, known?.password)
    return this.#serially(async () => {
      // deleted meanwhile, or given another password: then this one is wrong
      const account = known === undefined ? undefined : this.#book.account(known.id)
      if (!isRight || account === undefined || account.password !== known?.password) throw wrongPassword()
      const issued = this.#issue('login', account.id, 'login', account.scopes, this.#options.clock.now() + LOGIN_LIFETIME_MS)
      await this.#write(this.#book.planToken(issued.token, this.#options.clock.now()))
      this.#tell('account.logged-in', { account: account.id, token: issued.token.id })
      return { ...issued, account }
    })
  }

  /**
   * Ends every other token of the account.
   * @throws AccountError login-failed where `old` is wrong, account-unknown, hashing-busy; StoreError
   */
  async changePassword(id: string, old: string, fresh: string, keptToken: string | undefined): Promise<Account> {
    const before = this.#book.expect(id)
    if (!(await this.#hasher.check(old, before.password))) throw wrongPassword()
    return await this.#setPassword(id, fresh, { keptToken, by: id, over: before })
  }

  /** An admin's way, for who has forgotten his: ends every token of the account. @throws AccountError account-unknown, hashing-busy; StoreError */
  async resetPassword(id: string, fresh: string, by: string): Promise<Account> {
    this.#book.expect(id)
    return await this.#setPassword(id, fresh, { keptToken: undefined, by, over: undefined })
  }

  /** @throws AccountError account-unknown; StoreError */
  async setScopes(id: string, scopes: readonly Scope[], by: string): Promise<Account> {
    await this.#commit(() => this.#book.planScopes(id, scopes))
    this.#tell('account.scopes-changed', { account: id, scopes: scopes.join(' '), by })
    return this.#book.expect(id)
  }

  /** The account goes with all its tokens. @returns how many these were. @throws AccountError account-unknown; StoreError */
  async remove(id: string, by: string): Promise<number> {
    const changes = await this.#commit(() => this.#book.planRemoval(id))
    this.#tell('account.deleted', { account: id, by })
    return changes.length - 1
  }

  /** @throws AccountError scope-missing, limit-reached; StoreError */
  async createToken(caller: Caller, { name, scopes, lifetimeMs }: TokenRequest): Promise<IssuedToken> {
    return await this.#serially(async () => {
      const now = this.#options.clock.now()
      const until = this.#book.grantedUntil(caller, scopes, now + lifetimeMs)
      const issued = this.#issue('api', ownerOf(caller), name, scopes, until)
      await this.#write(this.#book.planToken(issued.token, now))
      this.#tell('token.created', {
        token: issued.token.id,
        owner: ownerOf(caller) ?? 'operator',
        scopes: scopes.join(' '),
        expiresAt: until,
        by: caller.name,
      })
      return issued
    })
  }

  /** @throws AccountError token-unknown, scope-missing; StoreError */
  async revoke(caller: Caller, id: string): Promise<void> {
    await this.#commit(() => this.#book.planRevocation(caller, id))
    this.#tell('token.revoked', { token: id, by: caller.name })
  }

  async #setPassword(
    id: string,
    fresh: string,
    how: { readonly keptToken: string | undefined; readonly by: string; readonly over: Account | undefined },
  ): Promise<Account> {
    const password = await this.#hasher.hash(fresh)
    await this.#commit(() => {
      if (how.over !== undefined && this.#book.expect(id).password !== how.over.password) throw wrongPassword()
      return this.#book.planPassword(id, password, how.keptToken)
    })
    this.#tell('account.password-changed', { account: id, by: how.by })
    return this.#book.expect(id)
  }

  #issue(kind: TokenKind, owner: string | null, name: string, scopes: readonly Scope[], expiresAt: number): IssuedToken {
    const text = tokenText(kind, this.#options.random.bytes(TOKEN_BYTES))
    const digest = createHash('sha256').update(text, 'utf8').digest('hex')
    const createdAt = this.#options.clock.now()
    const id = `tok_${this.#hex(ID_BYTES)}`
    return { text, token: { id, digest, kind, owner, name, scopes, createdAt, expiresAt, lastUsedAt: null } }
  }

  /** At most one write a minute and token, and no waiting for the disk: what a crash of the machine loses is a minute. */
  #used(id: string, now: number): void {
    const token = this.#book.token(id)
    if (token === undefined || Math.abs(now - (token.lastUsedAt ?? 0)) < LAST_USED_STEP_MS) return
    const lastUsedAt = Math.max(token.createdAt, now - (now % LAST_USED_STEP_MS))
    this.#book.apply([{ type: 'put-token', token: { ...token, lastUsedAt } }])
    const write = async (): Promise<void> => {
      // it may have been revoked while this waited for its turn
      const current = this.#book.token(id)
      if (current !== undefined) await this.#options.shelf.write([{ type: 'put-token', token: current }], true)
    }
    // a store that fails says so itself, and a time of use is not worth refusing the request for
    this.#serially(write).catch(() => undefined)
  }

  /** Plans when it is this one's turn, writes, applies. */
  #commit(plan: () => readonly Change[]): Promise<readonly Change[]> {
    return this.#serially(async () => {
      const changes = plan()
      if (changes.length > 0) await this.#write(changes)
      return changes
    })
  }

  async #write(changes: readonly Change[]): Promise<void> {
    await this.#options.shelf.write(changes)
    this.#book.apply(changes)
  }

  #serially<Result>(run: () => Promise<Result>): Promise<Result> {
    const running = this.#work.then(run)
    this.#work = running.catch(() => undefined)
    return running
  }

  #hex(bytes: number): string {
    return Buffer.from(this.#options.random.bytes(bytes)).toString('hex')
  }

  #tell(kind: AccountChangeKind, data: AccountChangeData): void {
    this.#options.onChange?.(kind, data)
  }
}

function wrongPassword(): AccountError {
  return new AccountError('login-failed', 'no account has this e-mail address and password')
}
