import type { ConfigProblem } from './config-error.ts'
import { nearest } from './did-you-mean.ts'
import type { Leaf } from './schema-tree.ts'

/** Variables that are no settings but belong to the program, its launcher and its tests. */
export const RESERVED_VARIABLES: readonly string[] = [
  'X0_HOME',
  'X0_API',
  'X0_TOKEN',
  'X0_PASSPHRASE',
  'X0_VECTORS',
  'X0_DEBUG',
  'X0_TETHER',
]

/** Kubernetes and Docker links set these by themselves where a service is called x0; they must not stop the node. */
const SERVICE_LINK = /^X0_(?:SERVICE_(?:HOST|PORT.*)|PORT(?:_.*)?|NAME|ENV_.*)$/

/** The settings in the environment, as texts by variable. Unknown X0_ variables are problems: a typo must not go unseen. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  leaves: readonly Leaf[],
  problems: ConfigProblem[],
): ReadonlyMap<string, string> {
  const known = new Set(leaves.map((leaf) => leaf.variable))
  const found = new Map<string, string>()
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('X0_') || value === undefined) continue
    if (known.has(variable)) found.set(variable, value)
    else if (!RESERVED_VARIABLES.includes(variable) && !SERVICE_LINK.test(variable)) {
      const meant = nearest(variable, [...known, ...RESERVED_VARIABLES])
      const hint = meant === undefined ? 'unset it, or see docs/config.md' : `did you mean ${meant}?`
      problems.push({ code: 'unknown-variable', path: '', where: variable, message: `no setting has this variable; ${hint}` })
    }
  }
  return found
}
