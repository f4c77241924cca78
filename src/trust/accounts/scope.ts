/** read: look; operate: cause traffic; admin: change the node; metrics: only /metrics. Admin includes the others, operate includes read. */
export const SCOPES = ['read', 'operate', 'admin', 'metrics'] as const
export type Scope = (typeof SCOPES)[number]

const INCLUDED: Readonly<Record<Scope, readonly Scope[]>> = {
  admin: ['admin', 'operate', 'read', 'metrics'],
  operate: ['operate', 'read'],
  read: ['read'],
  metrics: ['metrics'],
}

/** Whether one of the scopes that somebody has includes `needed`. */
export function covers(held: readonly Scope[], needed: Scope): boolean {
  return held.some((scope) => INCLUDED[scope].includes(needed))
}

/** Each once, in the order of SCOPES. */
export function orderedScopes(scopes: readonly Scope[]): readonly Scope[] {
  return SCOPES.filter((scope) => scopes.includes(scope))
}

/** What both allow: of a token whose account has lost scopes since, what is left. */
export function commonScopes(some: readonly Scope[], others: readonly Scope[]): readonly Scope[] {
  return SCOPES.filter((scope) => covers(some, scope) && covers(others, scope))
}
