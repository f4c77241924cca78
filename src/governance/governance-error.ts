/**
 * - `bad-electorate`, `bad-proposal`, `bad-vote`, `bad-cancel`, `bad-outline`, `bad-tally`: bytes or content that are no such thing.
 * - `bad-object`: bytes that are none of the signed objects.
 * - `bad-message`: bytes that are no message of the sync protocol, or none of attesters.
 * - `bad-attesters`: a set of attesters that cannot be.
 * - `bad-decision`, `bad-sign-lock`, `bad-checkpoint`: bytes or content that are no such thing.
 */
export type GovernanceErrorCode =
  | 'bad-electorate'
  | 'bad-proposal'
  | 'bad-vote'
  | 'bad-cancel'
  | 'bad-outline'
  | 'bad-tally'
  | 'bad-object'
  | 'bad-message'
  | 'bad-attesters'
  | 'bad-decision'
  | 'bad-sign-lock'
  | 'bad-checkpoint'

/** A fault in what members vote with. The message says what is wrong with it. */
export class GovernanceError extends Error {
  override readonly name = 'GovernanceError'
  readonly code: GovernanceErrorCode

  constructor(code: GovernanceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
