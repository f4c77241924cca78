/**
 * - `syntax`: the document is not YAML. - `unreadable`: it cannot be read, or is too large.
 * - `unknown-key`: no such key. - `wrong-type`, `out-of-bounds`: another kind of value, or too much of it.
 * - `missing`: a key that must be there is not. - `bad-name`, `bad-selector`, `bad-action`, `bad-window`, `bad-time`: a text
 *   that is none of these. - `bad-rate`: a rate where it cannot be. - `duplicate`: a name that another rule has.
 * - `unknown-rule`: a test expects a rule that is not there.
 */
export type PolicyErrorCode =
  | 'syntax'
  | 'unreadable'
  | 'unknown-key'
  | 'wrong-type'
  | 'out-of-bounds'
  | 'missing'
  | 'bad-name'
  | 'bad-selector'
  | 'bad-action'
  | 'bad-window'
  | 'bad-time'
  | 'bad-rate'
  | 'duplicate'
  | 'unknown-rule'

export interface PolicyProblem {
  readonly code: PolicyErrorCode
  /** Where in the document, as `rules[2].from[0]`; empty where it is about all of it. */
  readonly path: string
  /** Where it stands: `policy.yaml line 3`. */
  readonly where: string
  /** What was found and what is expected, a sentence without a full stop. */
  readonly message: string
}

/** Tells of a problem at a path such as `.rules[2].from[0]`. */
export type Complain = (code: PolicyErrorCode, below: string, message: string) => void

/** The document cannot be used. All problems are in it, one a line of the message, so that one round of editing is enough. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  /** That of the first problem. */
  readonly code: PolicyErrorCode
  readonly problems: readonly PolicyProblem[]

  constructor(first: PolicyProblem, others: readonly PolicyProblem[] = [], options?: ErrorOptions) {
    super([first, ...others].map(describe).join('\n'), options)
    this.code = first.code
    this.problems = [first, ...others]
  }
}

function describe({ where, path, message }: PolicyProblem): string {
  return [where, path, message].filter((part) => part !== '').join(': ')
}
