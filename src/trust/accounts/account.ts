import type { PasswordHash } from './password-hash.ts'
import type { Scope } from './scope.ts'

/** A person who may use the admin port. */
export interface Account {
  /** `usr_` and 24 hex digits. */
  readonly id: string
  /** As it was written. */
  readonly email: string
  readonly fullName: string | null
  readonly company: string | null
  readonly scopes: readonly Scope[]
  /** ms since the Unix epoch, as all times here. */
  readonly createdAt: number
  readonly password: PasswordHash
}

/** `login`: made by a password, for a person. `api`: made by a token or the operator, for a program. */
export type TokenKind = 'login' | 'api'

/** A token, without its text: nobody has that but whom it was given to. */
export interface Token {
  /** `tok_` and 24 hex digits. */
  readonly id: string
  /** SHA-256 of the text, in hex: all that is kept of it, and what it is found by. */
  readonly digest: string
  readonly kind: TokenKind
  /** Id of the account; null: the operator's. */
  readonly owner: string | null
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly createdAt: number
  readonly expiresAt: number
  /** To the minute; null: never. */
  readonly lastUsedAt: number | null
}

/** What is written about accounts: one change of several is one batch. */
export type Change =
  | { readonly type: 'put-account'; readonly account: Account }
  | { readonly type: 'delete-account'; readonly id: string }
  | { readonly type: 'put-token'; readonly token: Token }
  | { readonly type: 'delete-token'; readonly id: string }
