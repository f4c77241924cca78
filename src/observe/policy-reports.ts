import type { Clock } from '../platform/clock.ts'
import type { Audit, AuditData } from '../trust/audit/kinds.ts'
import { actionClass } from '../trust/policy/action.ts'
import type { PolicyGateOptions } from '../trust/policy/gate.ts'
import type { LivePolicyOptions, PolicyInForce } from '../trust/policy/live-policy.ts'
import { budgetKey, type Party } from '../trust/policy/party.ts'
import { Sparing } from './sparing.ts'
import type { Telemetry } from './telemetry.ts'

/** What the policy reports: counted, told, and where it matters put into the audit trail. */
export interface PolicyReports {
  readonly onChange: LivePolicyOptions['onChange']
  readonly onDecision: PolicyGateOptions['onDecision']
}

export function policyReports(
  { metrics, report }: Pick<Telemetry, 'metrics' | 'report'>,
  audit: Audit,
  clock: Pick<Clock, 'monotonic'>,
): PolicyReports {
  const sparing = new Sparing(clock)
  return {
    onChange(change) {
      metrics.policyReloads.inc({ result: change.result })
      if (change.result === 'refused') {
        // the first problem: an event is one line, `x0 policy test` tells them all
        const [first = ''] = change.error.message.split('\n')
        const data = { code: change.error.code, problem: first, problems: change.error.problems.length }
        audit.record('policy.refused', data)
        report({ type: 'policy.refused', level: 'alarm', data })
        return
      }
      const data = inForce(change.policy)
      metrics.policyLoaded.set({}, change.result === 'loaded' ? 1 : 0)
      metrics.policyRules.set({}, data.rules)
      audit.record(`policy.${change.result}`, data)
      report({ type: `policy.${change.result}`, level: change.result === 'loaded' ? 'info' : 'warn', data })
    },
    onDecision({ source, action, destination }, decision) {
      const { effect, rule, reason } = decision
      const kind = actionClass(action)
      metrics.policyDecisions.inc({ effect, action: kind })
      const data: AuditData = { action, rule, reason, ...named('source', source), ...named('destination', destination) }
      if (decision.audit) audit.record(effect === 'deny' ? 'policy.denied' : 'policy.allowed', data, budgetKey(source))
      const times = effect === 'deny' ? sparing.next(kind) : undefined
      if (times !== undefined) report({ type: 'policy.denied', level: 'warn', data: { ...data, times } })
    },
  }
}

function inForce({ hash = '', document }: PolicyInForce): { readonly hash: string; readonly rules: number } {
  return { hash, rules: document.rules.length }
}

/** A party in flat fields: `source`, `sourceX0Id`, `sourceGroups`; what it has not is left out. */
function named(name: 'source' | 'destination', { spiffeId, x0Id, groups }: Party): AuditData {
  return {
    ...(spiffeId === undefined ? {} : { [name]: spiffeId }),
    ...(x0Id === undefined ? {} : { [`${name}X0Id`]: x0Id }),
    ...(groups.length === 0 ? {} : { [`${name}Groups`]: groups.join(' ') }),
  }
}
