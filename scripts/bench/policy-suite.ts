import type { Action } from '../../src/trust/policy/action.ts'
import { Budgets } from '../../src/trust/policy/budgets.ts'
import { CompiledPolicy, type PolicyRequest } from '../../src/trust/policy/compile.ts'
import { decide } from '../../src/trust/policy/decide.ts'
import type { Party } from '../../src/trust/policy/party.ts'
import { readPolicy } from '../../src/trust/policy/read-document.ts'
import type { Rounds } from './document.ts'
import type { BenchOptions } from './options.ts'
import type { Figures } from './tasks.ts'

const RULE_COUNTS = [10, 100, 1_000] as const
/** Decisions of one round, all different requests in turn: enough to forget the timer, short enough for many rounds. */
const DECISIONS = 200_000
const QUICK_DECISIONS = 5_000
/** Different requests: more than any cache of a processor holds on to. */
const REQUESTS = 4_096
/** 2026-11-25T10:00:00Z, a Wednesday. */
const AT = 1_795_600_800_000

/** Decisions a second on one core, at 10, 100 and 1,000 rules; each round is a sample, the first is thrown away. */
export function measurePolicy(options: BenchOptions, progress: (text: string) => void): Rounds {
  const decisions = options.quick ? QUICK_DECISIONS : DECISIONS
  const subjects = RULE_COUNTS.map((rules) => ({
    rules,
    policy: new CompiledPolicy(readPolicy(document(rules), 'bench')),
    requests: requests(rules),
  }))
  const rounds: Figures[] = []
  for (let round = 0; round <= options.rounds; round += 1) {
    progress(`policy round ${round}/${options.rounds}`)
    const figures = Object.fromEntries(
      subjects.map(({ rules, policy, requests }) => [`policy.${rules}`, rate(policy, requests, decisions)]),
    )
    if (round > 0) rounds.push(figures)
  }
  return { x0: rounds, plain: [] }
}

function rate(policy: CompiledPolicy, requests: readonly PolicyRequest[], decisions: number): number {
  const budgets = new Budgets()
  budgets.keepFor(policy.rules)
  let allowed = 0
  const startedAt = performance.now()
  for (let index = 0; index < decisions; index += 1) {
    const request = requests[index % requests.length]
    if (request !== undefined && decide(policy, request, budgets, startedAt + index / 100).effect === 'allow') allowed += 1
  }
  const elapsed = performance.now() - startedAt
  if (allowed === 0 || allowed === decisions) throw new Error('the requests of the benchmark are all the same to the policy')
  return (decisions * 1000) / elapsed
}

/** A fleet as one writes it: by name, by pattern, by group, some with windows, rates and denials, one service in eight. */
function document(rules: number): string {
  const parts = Array.from({ length: rules }, (_, index) => {
    const from = [`spiffe://fleet/node/laptop-${index}`, `spiffe://fleet/node/site-${index % 50}-*`, `group:team-${index % 40}`]
    const to =
      index % 3 === 0 ? [`spiffe://fleet/node/db-${index % 200}`, 'group:servers'] : [`spiffe://fleet/node/web-${index % 200}`]
    return {
      name: `rule-${index}`,
      priority: index % 10,
      effect: index % 7 === 3 ? 'deny' : 'allow',
      from,
      to,
      actions: index % 20 === 0 ? ['connect:*'] : [`connect:service-${index % 8}`],
      ...(index % 10 === 5 ? { when: { days: ['mon', 'wed', 'fri'], from: '08:00', to: '18:00', zone: 'Europe/Berlin' } } : {}),
      ...(index % 14 === 0 ? { rate: { per: 'minute', limit: 60 } } : {}),
    }
  })
  return JSON.stringify({ version: 1, rules: parts })
}

function requests(rules: number): PolicyRequest[] {
  return Array.from({ length: REQUESTS }, (_, index): PolicyRequest => {
    const node = (index * 7_919) % rules
    const action: Action = index % 16 === 15 ? 'relay' : `connect:service-${index % 8}`
    const name = index % 4 === 0 ? `site-${index % 50}-${index}` : `laptop-${node}`
    const groups = [`team-${index % 50}`, `shift-${index % 3}`]
    return {
      source: party(name, index, groups),
      action,
      destination: party(index % 3 === 0 ? `db-${node % 200}` : `web-${node % 200}`, -index, ['servers']),
      at: AT + index * 1_000,
    }
  })
}

function party(name: string, number: number, groups: readonly string[]): Party {
  return { spiffeId: `spiffe://fleet/node/${name}`, x0Id: `x0 of ${number}`, groups }
}
