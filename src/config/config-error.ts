/**
 * - `syntax`: the file is not YAML. - `unreadable`: it cannot be read, or is too large.
 * - `unknown-key`, `unknown-variable`: no such setting. - `wrong-type`: another kind of value is expected.
 * - `out-of-bounds`: the right kind, but too small, too large, too many or not one of the choices.
 * - `missing`: a key that its neighbours need is not there. - `bad-address`: not an address, peer id or bootstrap line.
 * - `conflict`: two values do not go together. - `insecure`: refused because it would give secrets away.
 */
export type ConfigErrorCode =
  | 'syntax'
  | 'unreadable'
  | 'unknown-key'
  | 'unknown-variable'
  | 'wrong-type'
  | 'out-of-bounds'
  | 'missing'
  | 'bad-address'
  | 'conflict'
  | 'insecure'

export interface ConfigProblem {
  readonly code: ConfigErrorCode
  /** The setting, as `admin.address`; empty where it is about a whole file. */
  readonly path: string
  /** Where it stands: `config.yaml line 3`, `X0_ADMIN_ADDRESS`, `--admin`. */
  readonly where: string
  /** What was found and what is expected, a sentence without a full stop. */
  readonly message: string
}

/** The settings cannot be used. All problems are in it, so that one round of editing is enough. Exit code 7. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** That of the first problem. */
  readonly code: ConfigErrorCode
  readonly problems: readonly ConfigProblem[]

  constructor(first: ConfigProblem, others: readonly ConfigProblem[] = [], options?: ErrorOptions) {
    super([first, ...others].map(describeProblem).join('\n'), options)
    this.code = first.code
    this.problems = [first, ...others]
  }
}

function describeProblem({ where, path, message }: ConfigProblem): string {
  return [where, path, message].filter((part) => part !== '').join(': ')
}
