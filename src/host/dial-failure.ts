/** Why a dial failed, in words that people and scripts can use. */
export interface DialFailure {
  /** `refused`, `unreachable`, `timeout`, `identity-mismatch`, `self`, `no-address`, `protocol`, `cap`, `handshake` or an encrypter's own code. */
  readonly code: string
  readonly message: string
}

const byErrno: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'timeout',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
}

const byName: Readonly<Record<string, string>> = {
  TimeoutError: 'timeout',
  AbortError: 'timeout',
  UnexpectedPeerError: 'identity-mismatch',
  InvalidPeerIdError: 'self',
  NoValidAddressesError: 'no-address',
  UnsupportedProtocolError: 'protocol',
  EncryptionFailedError: 'handshake',
  InvalidCryptoExchangeError: 'handshake',
  UnexpectedEOFError: 'closed-in-handshake',
  ConnectionClosedError: 'closed-in-handshake',
}

/**
 * Sorts an error of libp2p's dial. libp2p flattens what encrypters throw into one message; a cause with a stable
 * `code` of our own, where one is left, wins.
 */
export function dialFailure(error: unknown): DialFailure {
  if (error instanceof AggregateError) {
    const failures = error.errors.map(dialFailure)
    // The answer of a live machine says more than the silence of an old address.
    const telling = failures.find(({ code }) => code === 'identity-mismatch' || code === 'handshake' || code === 'protocol')
    return telling ?? failures[0] ?? { code: 'no-address', message: 'no address could be dialled' }
  }
  if (!(error instanceof Error)) return { code: 'handshake', message: String(error).slice(0, 200) }
  const message = error.message.slice(0, 300)
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const errno = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
    if (errno !== undefined) return { code: byErrno[errno] ?? errno.toLowerCase().replaceAll('_', '-'), message }
  }
  if (/dial self/i.test(message)) return { code: 'self', message }
  // @chainsafe/libp2p-noise reports another peer than expected with this text only.
  if (/does not match expected remote identity|remote peer.*mismatch|unexpected peer/i.test(message))
    return { code: 'identity-mismatch', message }
  const errno = /\b(E[A-Z]{4,})\b/.exec(message)?.[1]
  if (errno !== undefined && errno in byErrno) return { code: byErrno[errno] ?? 'unreachable', message }
  return { code: byName[error.name] ?? 'handshake', message }
}
