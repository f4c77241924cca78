import { isNodeName, NAME_FORM } from '../names.ts'

/** What somebody may want to do at a node; docs/policy.md says what each is. */
export type Action = `connect:${string}` | 'relay' | `admin:${AdminScope}` | 'renew'

const ADMIN_SCOPES = ['read', 'operate', 'admin', 'metrics'] as const
export type AdminScope = (typeof ADMIN_SCOPES)[number]

/** The kinds of action: what metrics count by. */
export const ACTION_CLASSES = ['connect', 'relay', 'admin', 'renew'] as const
export type ActionClass = (typeof ACTION_CLASSES)[number]

/** What a rule may name: an action, all of a class (`connect:*`, `admin:*`), or every action (`*`). */
export type ActionPattern = Action | 'connect:*' | 'admin:*' | '*'

export function actionClass(action: Action): ActionClass {
  return ACTION_CLASSES.find((name) => action.startsWith(name)) ?? 'connect'
}

/** The action that a text names, or a sentence that says what is wrong with it. */
export function parseAction(text: string): { readonly action: Action } | { readonly problem: string } {
  if (text === 'relay' || text === 'renew') return { action: text }
  const service = text.startsWith('connect:') ? text.slice('connect:'.length) : undefined
  if (service !== undefined) {
    return isNodeName(service)
      ? { action: `connect:${service}` }
      : { problem: `${quote(service)} is no service name: ${NAME_FORM}` }
  }
  const scope = ADMIN_SCOPES.find((name) => text === `admin:${name}`)
  if (scope !== undefined) return { action: `admin:${scope}` }
  const hint = text === 'connect' || text === 'admin' ? `; write "${text}:*" for all of them` : ''
  return {
    problem: `${quote(text)} is no action: there is connect:SERVICE, relay, admin:${ADMIN_SCOPES.join(', admin:')}, renew${hint}`,
  }
}

/** The same for what a rule names. */
export function parseActionPattern(text: string): { readonly action: ActionPattern } | { readonly problem: string } {
  if (text === '*' || text === 'connect:*' || text === 'admin:*') return { action: text }
  const parsed = parseAction(text)
  return 'problem' in parsed ? { problem: `${parsed.problem}; in a rule also connect:*, admin:* and "*"` } : parsed
}

/** What of a rule's patterns fits `action`, the narrowest first. */
export function patternsFor(action: Action): readonly ActionPattern[] {
  if (action.startsWith('connect:')) return [action, 'connect:*', '*']
  if (action.startsWith('admin:')) return [action, 'admin:*', '*']
  return [action, '*']
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text)
}
