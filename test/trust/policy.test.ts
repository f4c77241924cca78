import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Budgets } from '../../src/trust/policy/budgets.ts'
import { CompiledPolicy, type PolicyRequest } from '../../src/trust/policy/compile.ts'
import { decide } from '../../src/trust/policy/decide.ts'
import { explain } from '../../src/trust/policy/explain.ts'
import { NOBODY } from '../../src/trust/policy/party.ts'
import { readPolicy } from '../../src/trust/policy/read-document.ts'
import { NaivePolicy } from './naive-policy.ts'
import { denyingRule, documentOf, request, story, type WrittenRule, writtenRules, X0_IDS } from './policy-arbitraries.ts'

const compiled = (rules: readonly WrittenRule[]): CompiledPolicy => new CompiledPolicy(readPolicy(documentOf(rules), 'p'))

/** Decides every request of a story, one after another. */
function run(rules: readonly WrittenRule[], steps: typeof story extends fc.Arbitrary<infer S> ? S : never) {
  const policy = compiled(rules)
  const budgets = new Budgets()
  budgets.keepFor(policy.rules)
  return steps.map((step) => decide(policy, step.request, budgets, step.now))
}

/** Somebody wants to use this node as a relay, at a time of the wall clock. */
function relayAt(at: number, x0Id = X0_IDS[0]): PolicyRequest {
  return { source: { ...NOBODY, x0Id }, action: 'relay', destination: NOBODY, at }
}

describe('the evaluator of policies', () => {
  it('says what a plain reading of the document says, request after request, rates included', () => {
    fc.assert(
      fc.property(writtenRules, story, (rules, steps) => {
        const naive = new NaivePolicy(rules)
        assert.deepEqual(
          run(rules, steps),
          steps.map((step) => naive.decide(step.request, step.now)),
        )
      }),
      { numRuns: 400 },
    )
  })

  it('does not care in which order the rules stand', () => {
    fc.assert(
      fc.property(
        writtenRules.chain((rules) => fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length }))),
        story,
        ([rules, shuffled], steps) => {
          assert.deepEqual(run(shuffled, steps), run(rules, steps))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('never lets one more deny allow what was denied, now or later, rates included', () => {
    fc.assert(
      fc.property(writtenRules, denyingRule, fc.constantFrom('a0', 'zz'), story, (rules, deny, name, steps) => {
        const before = run(rules, steps)
        const after = run([...rules, { ...deny, name }], steps)
        after.forEach((decision, step) => {
          if (before[step]?.effect === 'deny') assert.equal(decision.effect, 'deny', `step ${step}`)
          if (decision.effect === 'deny' && before[step]?.effect === 'allow') assert.equal(decision.rule, name)
        })
      }),
      { numRuns: 400 },
    )
  })

  it('charges a rate also where something else denies, so that a deny of the morning leaves nothing for the afternoon', () => {
    const everybody = { from: ['any'], actions: ['relay'] }
    const twice: WrittenRule = { ...everybody, name: 'twice', priority: 1, effect: 'allow', rate: { per: 'minute', limit: 2 } }
    const deny: WrittenRule = { ...everybody, name: 'early', priority: 2, effect: 'deny', when: { from: '08:00', to: '09:00' } }
    const steps = [-2, -1, 1, 2].map((second, index) => ({
      request: relayAt(Date.UTC(2026, 0, 1, 9) + second * 1_000),
      now: index,
    }))
    const told = (rules: WrittenRule[]) => run(rules, steps).map(({ effect, rule, reason }) => `${effect} ${rule} ${reason}`)
    assert.deepEqual(told([twice]), ['allow twice rule', 'allow twice rule', 'deny twice rate', 'deny twice rate'])
    assert.deepEqual(told([twice, deny]), ['deny early rule', 'deny early rule', 'deny twice rate', 'deny twice rate'])
  })

  it('never lets a deny with a window widen a rate, whoever asks and when', () => {
    const limits = fc.array(fc.record({ limit: fc.integer({ min: 1, max: 3 }), priority: fc.integer({ min: 0, max: 2 }) }), {
      minLength: 1,
      maxLength: 3,
    })
    // few askers, short waits, and a window that opens and closes in between
    const asks = fc.array(fc.tuple(fc.constantFrom(...X0_IDS), fc.boolean(), fc.integer({ min: 0, max: 9_000 })), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(limits, fc.integer({ min: 0, max: 3 }), asks, (rates, priority, list) => {
        const common = { from: ['any'], actions: ['relay'] }
        const rules = rates.map(
          (rate, index): WrittenRule => ({
            ...common,
            name: `r${index}`,
            priority: rate.priority,
            effect: 'allow',
            rate: { per: 'minute', limit: rate.limit },
          }),
        )
        const deny: WrittenRule = { ...common, name: 'a', priority, effect: 'deny', when: { from: '08:00', to: '09:00' } }
        let now = 0
        const steps = list.map(([x0Id, isOpen, wait]) => {
          now += wait
          return { request: relayAt(Date.UTC(2026, 0, 1, isOpen ? 8 : 10), x0Id), now }
        })
        const before = run(rules, steps)
        run([...rules, deny], steps).forEach(({ effect }, step) => {
          if (before[step]?.effect === 'deny') assert.equal(effect, 'deny', `step ${step}`)
        })
      }),
      { numRuns: 500 },
    )
  })

  it('denies what no rule is about, whatever the rules', () => {
    fc.assert(
      fc.property(writtenRules, request, (rules, one) => {
        const others = rules.filter((rule) => !rule.from.includes('any'))
        const stranger = { ...one, source: { spiffeId: 'spiffe://elsewhere/node/x', x0Id: undefined, groups: ['nobody'] } }
        assert.deepEqual(decide(compiled(others), stranger, new Budgets(), 0), {
          effect: 'deny',
          rule: 'default',
          reason: 'no-rule',
          audit: true,
        })
      }),
    )
  })

  it('audits every deny, and what a rule marked audit decides', () => {
    fc.assert(
      fc.property(writtenRules, story, (rules, steps) => {
        for (const { effect, rule, audit } of run(rules, steps)) {
          const marked = rules.find(({ name }) => name === rule)?.audit === true
          assert.equal(audit, effect === 'deny' || marked)
        }
      }),
      { numRuns: 100 },
    )
  })
})

describe('the explanation of a decision', () => {
  it('gives the decision itself, takes nothing from a rate, and lists all that fit', () => {
    fc.assert(
      fc.property(writtenRules, story, (rules, steps) => {
        const policy = compiled(rules)
        const naive = new NaivePolicy(rules.map(({ when: _, ...always }) => always))
        const budgets = new Budgets()
        for (const step of steps) {
          const first = explain(policy, step.request, budgets, step.now)
          const again = explain(policy, step.request, budgets, step.now)
          assert.deepEqual(again, first)
          assert.deepEqual(decide(policy, step.request, budgets, step.now), first.decision)
          assert.deepEqual(
            first.rules.map(({ name }) => name),
            naive.fitting(step.request).map(({ name }) => name),
          )
        }
      }),
      { numRuns: 150 },
    )
  })

  it('names exactly the rule that decides: without it another decides, without any other all is as it was', () => {
    fc.assert(
      fc.property(writtenRules, request, (rules, one) => {
        const policy = compiled(rules)
        const { decision, rules: told } = explain(policy, one, new Budgets(), 0)
        const deciding = told.filter(({ outcome }) => outcome === 'decides').map(({ name }) => name)
        assert.deepEqual(deciding, decision.rule === 'default' ? [] : [decision.rule])
        for (const { name } of rules) {
          const without = decide(compiled(rules.filter((rule) => rule.name !== name)), one, new Budgets(), 0)
          if (name === decision.rule) assert.notEqual(without.rule, name)
          else assert.deepEqual(without, decision, `without ${name}`)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('says of each rule that does not decide what it lost to', () => {
    const common = { from: ['any'], actions: ['relay'] }
    const rules: WrittenRule[] = [
      { ...common, name: 'low', priority: 1, effect: 'deny' },
      { ...common, name: 'beaten', priority: 5, effect: 'allow' },
      { ...common, name: 'b-deny', priority: 5, effect: 'deny' },
      { ...common, name: 'a-deny', priority: 5, effect: 'deny' },
      { ...common, name: 'weekend', priority: 9, effect: 'allow', when: { days: ['sat', 'sun'] } },
      { ...common, name: 'elsewhere', priority: 9, effect: 'allow', to: ['group:servers'] },
    ]
    const wednesday = Date.UTC(2026, 10, 25, 10)
    const { decision, rules: told } = explain(compiled(rules), relayAt(wednesday), new Budgets(), 0)
    assert.deepEqual(decision, { effect: 'deny', rule: 'a-deny', reason: 'rule', audit: true })
    assert.deepEqual(
      told.map(({ name, outcome, why }) => `${name} ${outcome}: ${why}`),
      [
        'weekend closed: holds sat,sun 00:00-24:00 UTC only',
        'a-deny decides: decides: deny',
        'b-deny name: a-deny says the same and comes first by name',
        'beaten denies: a-deny has the same priority and denies',
        'low priority: a-deny has priority 5',
      ],
    )
  })
})
