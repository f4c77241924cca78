import Type, { type Static } from 'typebox'
import { MAX_GROUPS, MAX_LABEL_BYTES } from '../trust/limits.ts'
import type { Decision } from '../trust/policy/decide.ts'
import type { ExplainedRule, Explanation } from '../trust/policy/explain.ts'
import { MAX_SELECTOR_LENGTH } from '../trust/policy/limits.ts'
import type { PolicyInForce } from '../trust/policy/live-policy.ts'
import type { Rate, Rule } from '../trust/policy/rule.ts'
import { formatSelector } from '../trust/policy/selector.ts'
import { formatWindow } from '../trust/policy/time-window.ts'

/** The documents of the policy routes, and how they are made of what the policy says. */
const Effect = Type.Union([Type.Literal('allow'), Type.Literal('deny')])
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const Text = Type.String({ minLength: 1, maxLength: MAX_SELECTOR_LENGTH })
const Groups = Type.Array(Type.String({ maxLength: MAX_LABEL_BYTES }), { maxItems: MAX_GROUPS })

export const PolicyDocument = Type.Object({
  schema: Type.Literal('x0.policy/v1'),
  file: Type.String(),
  hash: nullable(Type.String({ description: 'SHA-256 of the file, hex; null where there is none and everything is denied' })),
  since: Type.String({ description: 'since when it is in force, ISO 8601' }),
  rules: Type.Array(
    Type.Object({
      name: Type.String(),
      priority: Type.Integer(),
      effect: Effect,
      audit: Type.Boolean(),
      from: Type.Array(Type.String()),
      to: Type.Array(Type.String()),
      actions: Type.Array(Type.String()),
      when: nullable(Type.String({ description: 'the time window, for people' })),
      rate: nullable(Type.Object({ limit: Type.Integer(), periodMs: Type.Integer() })),
    }),
    { description: 'the rule that decides first comes first' },
  ),
})

export const ExplainRequest = Type.Object(
  {
    source: { ...Text, description: 'spiffe://NETWORK/node/NAME or an x0 id' },
    groups: Type.Optional(Groups),
    action: { ...Text, description: 'connect:SERVICE, relay, admin:SCOPE, renew' },
    destination: { ...Text, description: 'as source' },
    destinationGroups: Type.Optional(Groups),
    at: Type.Optional(Type.String({ maxLength: 40, description: 'RFC 3339; default now' })),
  },
  { additionalProperties: false },
)

export const PolicyExplanation = Type.Object({
  schema: Type.Literal('x0.policy-explanation/v1'),
  effect: Effect,
  rule: Type.String({ description: 'the rule that decides, or default' }),
  reason: Type.Union([Type.Literal('rule'), Type.Literal('rate'), Type.Literal('no-rule')]),
  audit: Type.Boolean({ description: 'it would go into the audit trail' }),
  at: Type.String(),
  rules: Type.Array(
    Type.Object({
      name: Type.String(),
      effect: Effect,
      priority: Type.Integer(),
      outcome: Type.Union([
        Type.Literal('decides'),
        Type.Literal('closed'),
        Type.Literal('priority'),
        Type.Literal('denies'),
        Type.Literal('name'),
      ]),
      why: Type.String(),
    }),
    { description: 'every rule that fits source, action and destination, the one that decides first at first' },
  ),
})

export type PolicyDocument = Static<typeof PolicyDocument>
export type ExplainRequest = Static<typeof ExplainRequest>
export type PolicyExplanation = Static<typeof PolicyExplanation>

export function policyDocument(file: string, { hash, since, compiled }: PolicyInForce): PolicyDocument {
  return {
    schema: 'x0.policy/v1',
    file,
    hash: hash ?? null,
    since: new Date(since).toISOString(),
    rules: compiled.rules.map(ruleDocument),
  }
}

export function explanationDocument({ decision, rules }: Explanation, at: number): PolicyExplanation {
  const { effect, rule, reason, audit }: Decision = decision
  return {
    schema: 'x0.policy-explanation/v1',
    effect,
    rule,
    reason,
    audit,
    at: new Date(at).toISOString(),
    rules: rules.map((one: ExplainedRule) => ({ ...one })),
  }
}

function ruleDocument({ name, priority, effect, audit, from, to, actions, when, rate }: Rule): PolicyDocument['rules'][number] {
  return {
    name,
    priority,
    effect,
    audit,
    from: from.map(formatSelector),
    to: to.map(formatSelector),
    actions: [...actions],
    when: when === undefined ? null : formatWindow(when),
    rate: rate === undefined ? null : rateDocument(rate),
  }
}

function rateDocument({ limit, periodMs }: Rate): { limit: number; periodMs: number } {
  return { limit, periodMs }
}
