/**
 * - `bad-name`: a name of a network, node or group in another form.
 * - `bad-genesis`, `bad-credential`, `bad-revocation`, `bad-invite`, `bad-message`: bytes or content that are no such thing.
 */
export type TrustErrorCode = 'bad-name' | 'bad-genesis' | 'bad-credential' | 'bad-revocation' | 'bad-invite' | 'bad-message'

/** A fault in what makes up a network: its documents, its members, who may come in. The message says what to do where the operator can. */
export class TrustError extends Error {
  override readonly name = 'TrustError'
  readonly code: TrustErrorCode

  constructor(code: TrustErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
