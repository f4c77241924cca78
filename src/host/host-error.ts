/** What can go wrong in the host; the string is stable. */
export type HostErrorCode =
  | 'bad-record'
  | 'bad-frame'
  /** A peer did not keep to the protocol of revocations: it lied, or sent what no honest node has. */
  | 'bad-sync'
  | 'frame-too-large'
  | 'stream-ended'
  | 'stream-timeout'
  | 'dial-failed'
  | 'listen-failed'
  | 'protocol-unsupported'
  | 'too-many-blocks'

/** A fault of a peer or of the environment as seen by the host. */
export class HostError extends Error {
  override readonly name = 'HostError'
  readonly code: HostErrorCode

  constructor(code: HostErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
