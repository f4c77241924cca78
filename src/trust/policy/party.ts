import { isX0Id, parseSelector } from './selector.ts'

/** One end of what is asked for, as the channel has proved it. An address is not among its names. */
export interface Party {
  /** `spiffe://NETWORK/node/NAME`; undefined in the open network. */
  readonly spiffeId: string | undefined
  /** Text form; undefined where the peer has none (an interop session). */
  readonly x0Id: string | undefined
  /** At most MAX_GROUPS. */
  readonly groups: readonly string[]
}

/** Somebody of whom nothing is known: only `any` is about it. */
export const NOBODY: Party = { spiffeId: undefined, x0Id: undefined, groups: [] }

/** Who has a budget of its own: the keys where they are known, since a name can be given to two nodes. */
export function budgetKey(party: Party): string {
  return party.x0Id ?? party.spiffeId ?? ''
}

/** The party of a SPIFFE id (without `*`) or x0 id, or a sentence that says what is wrong with it. For tests and explanations. */
export function parseParty(text: string, groups: readonly string[]): { readonly party: Party } | { readonly problem: string } {
  if (isX0Id(text)) return { party: { spiffeId: undefined, x0Id: text, groups } }
  const selector = text.startsWith('spiffe://')
    ? parseSelector(text)
    : { problem: 'expected spiffe://NETWORK/node/NAME or an x0 id' }
  if ('problem' in selector) return selector
  if (selector.selector.kind !== 'spiffe') return { problem: 'expected one node, not a pattern' }
  return { party: { spiffeId: text, x0Id: undefined, groups } }
}
