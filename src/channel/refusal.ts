/** Why a channel was not made, or ended: one stable code each, counted in metrics by that code. */
export const REFUSAL_CODES = [
  'malformed-message',
  'payload-too-large',
  'bad-encapsulation-key',
  'all-zero-secret',
  'decrypt-failed',
  'bad-identity-signature',
  'bad-composite-signature',
  'missing-authentication',
  'peer-id-mismatch',
  'x0-id-mismatch',
  'pin-mismatch',
  'pin-frozen',
  'self-connection',
  'wrong-network',
  'not-admitted',
  'revoked',
  'blocked',
  'catching-up',
  'credential-malformed',
  'credential-forged',
  'credential-expired',
  'credential-early',
  'credential-foreign',
  'credential-mismatch',
  'issuer-unknown',
  'protocol-mismatch',
  'not-allowed',
  'no-common-muxer',
  'shed',
  'timeout',
  'closed',
  'no-verdict',
  'record-damaged',
] as const

export type RefusalCode = (typeof REFUSAL_CODES)[number]

/** The fault lies with `self` (we refuse), or the peer's verdict said so (`peer`). */
export type RefusedBy = 'self' | 'peer'

export class ChannelRefusal extends Error {
  readonly code: RefusalCode
  readonly by: RefusedBy

  constructor(code: RefusalCode, message: string, options: ErrorOptions & { by?: RefusedBy } = {}) {
    super(message, options)
    this.code = code
    this.by = options.by ?? 'self'
    // libp2p's compliance suite and its dialler know this one case by name
    this.name = code === 'peer-id-mismatch' ? 'UnexpectedPeerError' : 'ChannelRefusal'
  }
}

/** `error` as a refusal: what is one already stays; anything else becomes `fallback` with the cause kept. */
export function asRefusal(error: unknown, fallback: RefusalCode): ChannelRefusal {
  if (error instanceof ChannelRefusal) return error
  return new ChannelRefusal(fallback, error instanceof Error ? error.message : String(error), { cause: error })
}
