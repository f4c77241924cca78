import type { Budgets } from './budgets.ts'
import type { CompiledPolicy, PolicyRequest } from './compile.ts'
import { type Decision, decidingRules, decisionOf } from './decide.ts'
import { budgetKey } from './party.ts'
import type { Effect, Rule } from './rule.ts'
import { formatWindow } from './time-window.ts'

/**
 * What became of a rule that fits: it `decides`; its window is `closed` now; it has a lower `priority`; it allows and one of
 * the same priority `denies`; or it says the same as the one that decides, whose `name` comes first.
 */
export type Outcome = 'decides' | 'closed' | 'priority' | 'denies' | 'name'

export interface ExplainedRule {
  readonly name: string
  readonly effect: Effect
  readonly priority: number
  readonly outcome: Outcome
  /** A sentence for people, without a full stop. */
  readonly why: string
}

export interface Explanation {
  readonly decision: Decision
  /** Every rule that fits source, action and destination, the one that decides first at first. */
  readonly rules: readonly ExplainedRule[]
}

/** What `decide` would say now, and why. Takes nothing from any rate. */
export function explain(policy: CompiledPolicy, request: PolicyRequest, budgets: Budgets, now: number): Explanation {
  const { first, allowing } = decidingRules(policy, request)
  const isLeft = allowing?.rate === undefined || budgets.has(allowing.name, allowing.rate, budgetKey(request.source), now)
  const decision = decisionOf(first, isLeft)
  const rules: ExplainedRule[] = []
  policy.visit(request, (rule) => {
    const outcome = outcomeOf(rule, first, policy.isOpen(rule, request.at))
    const { name, effect, priority } = rule
    rules.push({ name, effect, priority, outcome, why: sentence(outcome, rule, first, decision) })
    return false
  })
  return { decision, rules }
}

function outcomeOf(rule: Rule, first: Rule | undefined, isOpen: boolean): Outcome {
  if (rule === first) return 'decides'
  if (!isOpen || first === undefined) return 'closed'
  if (rule.priority < first.priority) return 'priority'
  return rule.effect === first.effect ? 'name' : 'denies'
}

function sentence(outcome: Outcome, rule: Rule, first: Rule | undefined, decision: Decision): string {
  switch (outcome) {
    case 'decides':
      return decision.reason === 'rate' ? 'decides, and its rate is used up: denied' : `decides: ${decision.effect}`
    case 'closed':
      return rule.when === undefined ? 'does not hold now' : `holds ${formatWindow(rule.when)} only`
    case 'priority':
      return `${first?.name} has priority ${first?.priority}`
    case 'denies':
      return `${first?.name} has the same priority and denies`
    case 'name':
      return `${first?.name} says the same and comes first by name`
  }
}
