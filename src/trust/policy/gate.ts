import type { Clock } from '../../platform/clock.ts'
import type { Action } from './action.ts'
import { Budgets } from './budgets.ts'
import { type Decision, decide } from './decide.ts'
import { type Explanation, explain } from './explain.ts'
import type { LivePolicy } from './live-policy.ts'
import type { Party } from './party.ts'

/** What somebody wants to do here, now. */
export interface Wish {
  readonly source: Party
  readonly action: Action
  /** This node, or to whom it shall relay. */
  readonly destination: Party
}

export interface PolicyGateOptions {
  readonly policy: Pick<LivePolicy, 'current'>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  /** Told of every decision: the audit trail, metrics and events. */
  readonly onDecision: (wish: Wish, decision: Decision) => void
}

/** Where every part of the node asks before it lets somebody do something. */
export class PolicyGate {
  readonly #options: PolicyGateOptions
  readonly #budgets = new Budgets()
  #rules: readonly unknown[] | undefined

  constructor(options: PolicyGateOptions) {
    this.#options = options
  }

  /** Decides, takes from the rate of the rule that allows, and tells. */
  ask(wish: Wish): Decision {
    const compiled = this.#compiled()
    const { clock, onDecision } = this.#options
    const decision = decide(compiled, { ...wish, at: clock.now() }, this.#budgets, clock.monotonic())
    onDecision(wish, decision)
    return decision
  }

  /** What `ask` would say at `at` (ms since the Unix epoch, default now) and why; takes and tells nothing. */
  explain(wish: Wish, at = this.#options.clock.now()): Explanation {
    return explain(this.#compiled(), { ...wish, at }, this.#budgets, this.#options.clock.monotonic())
  }

  #compiled() {
    const { compiled } = this.#options.policy.current
    if (this.#rules !== compiled.rules) {
      this.#rules = compiled.rules
      this.#budgets.keepFor(compiled.rules)
    }
    return compiled
  }
}
