export type AdminErrorCode =
  | 'address-invalid'
  | 'address-in-use'
  | 'address-unavailable'
  | 'tls-required'
  | 'tls-unusable'
  | 'socket-in-use'
  | 'socket-path-too-long'
  | 'token-unusable'

/** The admin port cannot be opened as configured. The message says what to change. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly code: AdminErrorCode

  constructor(code: AdminErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
