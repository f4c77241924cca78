/** What the exit code of a command says; docs/cli.md lists them, scripts rely on them. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  noDaemon: 3,
  notReady: 4,
  denied: 5,
  unreachable: 6,
  badConfig: 7,
  verificationFailed: 8,
} as const

export type ExitName = keyof typeof EXIT

export const EXIT_MEANINGS: Readonly<Record<ExitName, string>> = {
  ok: 'It is done.',
  failure: 'It failed, and none of the reasons below fits.',
  usage: 'The command line is wrong: an unknown command or flag, a missing or malformed argument.',
  noDaemon: 'No node runs in that home, or none answers at that URL.',
  notReady: 'The node runs and is not ready, or what was waited for did not come in time.',
  denied: 'Access was refused: no or wrong token, missing permission, or the peer said no.',
  unreachable: 'The peer could not be reached, is not known, or does not speak the protocol.',
  badConfig: 'The configuration, or the home folder, is wrong.',
  verificationFailed: 'Somebody or something is not what it claims to be: wrong identity, wrong signature.',
}

/** Ends a command: the sentence for stderr, what to do next, and the exit code. Never shown with a stack trace. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly code: ExitName
  /** What to do next, a whole sentence; absent where the message says it. */
  readonly hint: string | undefined

  constructor(code: ExitName, message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options)
    this.code = code
    this.hint = options.hint
  }
}
