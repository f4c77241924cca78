import Type, { type Static } from 'typebox'
import { MAX_GROUPS, MAX_LABEL_BYTES } from '../limits.ts'
import { MAX_ACTIONS, MAX_PRIORITY, MAX_RATE_LIMIT, MAX_RULES, MAX_SELECTOR_LENGTH, MAX_SELECTORS, MAX_TESTS } from './limits.ts'
import { DAYS } from './time-window.ts'

/** The outer form of a policy document; what its texts mean is judged after it. */
const text = (maxLength: number) => Type.String({ minLength: 1, maxLength })
const texts = (maxItems: number, maxLength: number) => Type.Array(text(maxLength), { minItems: 1, maxItems })
const groups = Type.Array(text(MAX_LABEL_BYTES), { maxItems: MAX_GROUPS })
const effect = Type.Enum(['allow', 'deny'])

const When = Type.Object({
  days: Type.Optional(Type.Array(Type.Enum([...DAYS]), { minItems: 1, maxItems: DAYS.length })),
  from: Type.Optional(text(5)),
  to: Type.Optional(text(5)),
  zone: Type.Optional(text(64)),
})

const RatePart = Type.Object({
  per: Type.Enum(['second', 'minute', 'hour', 'day']),
  limit: Type.Integer({ minimum: 1, maximum: MAX_RATE_LIMIT }),
})

const RulePart = Type.Object({
  name: text(MAX_LABEL_BYTES),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_PRIORITY })),
  effect,
  audit: Type.Optional(Type.Boolean()),
  from: texts(MAX_SELECTORS, MAX_SELECTOR_LENGTH),
  to: Type.Optional(texts(MAX_SELECTORS, MAX_SELECTOR_LENGTH)),
  actions: texts(MAX_ACTIONS, MAX_SELECTOR_LENGTH),
  when: Type.Optional(When),
  rate: Type.Optional(RatePart),
})

const TestPart = Type.Object({
  from: text(MAX_SELECTOR_LENGTH),
  groups: Type.Optional(groups),
  to: Type.Optional(text(MAX_SELECTOR_LENGTH)),
  toGroups: Type.Optional(groups),
  action: text(MAX_SELECTOR_LENGTH),
  at: Type.Optional(text(40)),
  expect: effect,
  rule: Type.Optional(text(MAX_LABEL_BYTES)),
})

export const DocumentSchema = Type.Object({
  version: Type.Literal(1),
  rules: Type.Array(RulePart, { maxItems: MAX_RULES }),
  tests: Type.Optional(Type.Array(TestPart, { maxItems: MAX_TESTS })),
})

export type RulePart = Static<typeof RulePart>
export type TestPart = Static<typeof TestPart>
export type DocumentPart = Static<typeof DocumentSchema>
