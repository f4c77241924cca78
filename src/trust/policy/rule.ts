import type { Action, ActionPattern } from './action.ts'
import type { Party } from './party.ts'
import type { Selector } from './selector.ts'
import type { TimeWindow } from './time-window.ts'

export type Effect = 'allow' | 'deny'

/** How often one source may be allowed: `limit` at once, and as many in each `periodMs` after that. */
export interface Rate {
  readonly limit: number
  readonly periodMs: number
}

export interface Rule {
  /** Unique in its document. */
  readonly name: string
  /** 0 to MAX_PRIORITY; higher decides first. */
  readonly priority: number
  readonly effect: Effect
  /** What it decides goes into the audit trail, whatever it is. */
  readonly audit: boolean
  /** One of them must fit the source, one the destination, one the action. */
  readonly from: readonly Selector[]
  readonly to: readonly Selector[]
  readonly actions: readonly ActionPattern[]
  readonly when: TimeWindow | undefined
  /** Of an allowing rule only. */
  readonly rate: Rate | undefined
}

/** What a document says of itself must be so. */
export interface PolicyTest {
  readonly from: Party
  readonly to: Party
  readonly action: Action
  /** Ms since the Unix epoch. */
  readonly at: number
  readonly expect: Effect
  /** The rule that must decide, or `default`; undefined where it does not matter. */
  readonly rule: string | undefined
  /** As it was written, for people. */
  readonly line: number
}

export interface PolicyDocument {
  readonly rules: readonly Rule[]
  readonly tests: readonly PolicyTest[]
}

/** The name of what decides where no rule does: everything is denied. No rule may be called so. */
export const DEFAULT_RULE = 'default'

/** The document of a node that has none. */
export const NO_POLICY: PolicyDocument = { rules: [], tests: [] }

/**
 * Which of two rules decides, as a comparison: the higher priority; of the same, the one that denies; of the same, the
 * first by name in the order of its characters. Names are unique, so there is always exactly one.
 */
export function byRank(a: Rule, b: Rule): number {
  if (a.priority !== b.priority) return b.priority - a.priority
  if (a.effect !== b.effect) return a.effect === 'deny' ? -1 : 1
  return a.name < b.name ? -1 : 1
}
