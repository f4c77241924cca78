/**
 * - `bad-entry`: what was handed over to be recorded is none. - `bad-export`: a file that no `x0 audit export` has written.
 */
export type AuditErrorCode = 'bad-entry' | 'bad-export'

export class AuditError extends Error {
  override readonly name = 'AuditError'
  readonly code: AuditErrorCode

  constructor(code: AuditErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
