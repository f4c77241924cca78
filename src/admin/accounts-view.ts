import type { Account, Token } from '../trust/accounts/account.ts'
import type { Caller } from '../trust/accounts/account-book.ts'
import type { IssuedToken } from '../trust/accounts/accounts.ts'
import type { Credentials, Registration, TokenRequest } from '../trust/accounts/fields.ts'
import type { Scope } from '../trust/accounts/scope.ts'
import type { TokenVerifier } from './authentication.ts'

/** What the admin port may do with accounts and tokens. Each may throw AccountError, and StoreError where it writes. */
export interface AccountsView extends TokenVerifier {
  readonly count: number
  list(): readonly Account[]
  account(id: string): Account
  accountOf(email: string): Account | undefined
  /** Of one owner (null: the operator), or of all. */
  tokens(of: string | null | 'all'): readonly Token[]
  register(registration: Registration, by: { readonly name: string; readonly isAdmin: boolean }): Promise<Account>
  login(credentials: Credentials): Promise<IssuedToken & { readonly account: Account }>
  changePassword(id: string, old: string, fresh: string, keptToken: string | undefined): Promise<Account>
  resetPassword(id: string, fresh: string, by: string): Promise<Account>
  setScopes(id: string, scopes: readonly Scope[], by: string): Promise<Account>
  /** @returns how many tokens went with it */
  remove(id: string, by: string): Promise<number>
  createToken(caller: Caller, request: TokenRequest): Promise<IssuedToken>
  revoke(caller: Caller, id: string): Promise<void>
}
