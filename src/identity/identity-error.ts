export type IdentityErrorCode =
  | 'bad-x0-id'
  | 'bad-bootstrap-line'
  | 'key-file-missing'
  | 'key-file-exists'
  | 'key-file-exposed'
  | 'key-file-damaged'
  | 'key-file-version'
  | 'key-file-unreadable'
  | 'passphrase-needed'
  | 'passphrase-wrong'
  | 'passphrase-unfit'
  | 'bad-statement'

/** A fault in a name, a key file or a statement; `code` is stable, the message says what to do where the operator can. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError'
  readonly code: IdentityErrorCode

  constructor(code: IdentityErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
