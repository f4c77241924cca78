import type { Budgets } from './budgets.ts'
import type { CompiledPolicy, PolicyRequest } from './compile.ts'
import { budgetKey } from './party.ts'
import { DEFAULT_RULE, type Effect, type Rule } from './rule.ts'

/** Why: `rule` says so, its `rate` is used up, or `no-rule` fits. */
export type DecisionReason = 'rule' | 'rate' | 'no-rule'

export interface Decision {
  readonly effect: Effect
  /** The name of the rule that decided, or `default`. */
  readonly rule: string
  readonly reason: DecisionReason
  /** It goes into the audit trail: every deny, and what a rule with `audit: true` decides. */
  readonly audit: boolean
}

const NOTHING_FITS: Decision = { effect: 'deny', rule: DEFAULT_RULE, reason: 'no-rule', audit: true }

/** The rules that matter for a request. */
export interface Deciding {
  /** What decides; undefined where no rule fits. */
  readonly first: Rule | undefined
  /**
   * The first of the rules that allow: the one that decides, or would if nothing denied. Its rate is charged in both cases,
   * so that what is left of a rate does not depend on any rule that denies. Were it otherwise, a deny added for the
   * morning would leave more of a rate for the afternoon: a deny would widen.
   */
  readonly allowing: Rule | undefined
}

export function decidingRules(policy: CompiledPolicy, request: PolicyRequest): Deciding {
  let first: Rule | undefined
  let allowing: Rule | undefined
  policy.visit(request, (rule) => {
    if (first !== undefined && rule.effect === 'deny') return false
    if (!policy.isOpen(rule, request.at)) return false
    first ??= rule
    if (rule.effect === 'deny') return false
    allowing = rule
    return true
  })
  return { first, allowing }
}

/**
 * What the policy says to a request. No clock, no I/O: the same arguments give the same answer, and `budgets` is the only
 * thing that changes.
 * @param now monotonic, ms: for rates, which must not follow a clock that is set
 */
export function decide(policy: CompiledPolicy, request: PolicyRequest, budgets: Budgets, now: number): Decision {
  const { first, allowing } = decidingRules(policy, request)
  const isLeft = allowing?.rate === undefined || budgets.take(allowing.name, allowing.rate, budgetKey(request.source), now)
  return decisionOf(first, isLeft)
}

/** The decision of the rule that decides, with whether its rate has something left. */
export function decisionOf(first: Rule | undefined, isLeft: boolean): Decision {
  if (first === undefined) return NOTHING_FITS
  const isUsedUp = first.effect === 'allow' && !isLeft
  const effect = isUsedUp ? 'deny' : first.effect
  return { effect, rule: first.name, reason: isUsedUp ? 'rate' : 'rule', audit: first.audit || effect === 'deny' }
}
