/**
 * - `bad-name`: a name of a network, node or group in another form.
 * - `bad-genesis`, `bad-credential`, `bad-revocation`, `bad-invite`, `bad-message`: bytes or content that are no such thing.
 * - `not-a-sponsor`: this node is no member and may let nobody in, nor revoke.
 * - `admission-by-vote`, `open-network`: nobody lets others in by a signature here.
 * - `name-taken`, `name-required`: the credential needs a name, and one of its own.
 * - `unknown-invite`, `unknown-asker`, `ambiguous`: who or what is meant is not there, or is there twice.
 * - `revoked`: that key was revoked. `protected`: the key of a member cannot be.
 * - `too-many`: a limit of what is kept is reached.
 * - `other-network`: the home is in another network already.
 * - `left`: the node is leaving the network, and decides nothing more in it.
 * - `not-level`: the node does not know yet who was revoked while it was away.
 * - `damaged`: what the home keeps of its network is not what was written.
 */
export type TrustErrorCode =
  | 'bad-name'
  | 'bad-genesis'
  | 'bad-credential'
  | 'bad-revocation'
  | 'bad-invite'
  | 'bad-message'
  | 'not-a-sponsor'
  | 'admission-by-vote'
  | 'open-network'
  | 'name-taken'
  | 'name-required'
  | 'unknown-invite'
  | 'unknown-asker'
  | 'ambiguous'
  | 'revoked'
  | 'protected'
  | 'too-many'
  | 'other-network'
  | 'left'
  | 'not-level'
  | 'damaged'

/** A fault in what makes up a network: its documents, its members, who may come in. The message says what to do where the operator can. */
export class TrustError extends Error {
  override readonly name = 'TrustError'
  readonly code: TrustErrorCode

  constructor(code: TrustErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** What `read` gives, or undefined where it throws a TrustError: for bytes of others, which are bad as a matter of course. */
export function unlessBad<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof TrustError) return undefined
    throw error
  }
}
