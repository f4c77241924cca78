/**
 * - `fields-invalid`: what was sent does not fit; `fields` has each complaint.
 * - `account-exists`: the e-mail address has an account.
 * - `account-unknown`, `token-unknown`: there is none of that id (or it is not the caller's).
 * - `limit-reached`: there are as many as there may be.
 * - `login-failed`: no such account, or not its password; nothing tells which.
 * - `scope-missing`: somebody would give or take more than he has.
 * - `hashing-busy`: too many passwords wait to be hashed.
 */
export type AccountErrorCode =
  | 'fields-invalid'
  | 'account-exists'
  | 'account-unknown'
  | 'token-unknown'
  | 'limit-reached'
  | 'login-failed'
  | 'scope-missing'
  | 'hashing-busy'

/** One thing that is wrong with one field; never its value. */
export interface FieldError {
  readonly field: string
  readonly message: string
}

/** A request about accounts or tokens that cannot be granted. The message is for its sender and holds nothing secret. */
export class AccountError extends Error {
  override readonly name = 'AccountError'
  readonly code: AccountErrorCode
  readonly fields: readonly FieldError[]

  constructor(code: AccountErrorCode, message: string, fields: readonly FieldError[] = []) {
    super(message)
    this.code = code
    this.fields = fields
  }
}
