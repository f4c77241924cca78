import { nearest } from '../../config/did-you-mean.ts'
import { isNodeName, NAME_FORM } from '../names.ts'
import { parseAction } from './action.ts'
import type { TestPart } from './document-schema.ts'
import { NOBODY, type Party, parseParty } from './party.ts'
import type { Complain } from './policy-error.ts'
import { DEFAULT_RULE, type PolicyTest, type Rule } from './rule.ts'

/** RFC 3339, in UTC or with an offset; the seconds may be left out. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/

/** Ms since the Unix epoch of `2026-11-25T10:00:00Z`; undefined for what is no such time. */
export function parseTime(text: string): number | undefined {
  const at = TIME.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

/** The tests of a document whose form is checked. Complains of every problem. */
export function readTests(
  parts: readonly TestPart[],
  rules: readonly Rule[],
  lineOf: (below: string) => number,
  complain: Complain,
): PolicyTest[] {
  const isTimed = rules.some(({ when }) => when !== undefined)
  return parts.flatMap((part, index): PolicyTest[] => {
    const below = `.tests[${index}]`
    const from = readParty(part.from, part.groups, { name: `${below}.from`, groups: `${below}.groups` }, complain)
    const to = readParty(part.to, part.toGroups, { name: `${below}.to`, groups: `${below}.toGroups` }, complain)
    const parsed = parseAction(part.action)
    if ('problem' in parsed) complain('bad-action', `${below}.action`, parsed.problem)
    const at = part.at === undefined ? 0 : parseTime(part.at)
    if (at === undefined)
      complain('bad-time', `${below}.at`, `found ${JSON.stringify(part.at)}, expected a time as 2026-11-25T10:00:00Z`)
    // Without it the answer would depend on the hour in which somebody asks.
    if (part.at === undefined && isTimed)
      complain('missing', `${below}.at`, 'missing, expected a time: a rule of this document has a `when`')
    if (part.rule !== undefined) checkRule(part.rule, rules, `${below}.rule`, complain)
    if (from === undefined || to === undefined || at === undefined || 'problem' in parsed) return []
    return [{ from, to, action: parsed.action, at, expect: part.expect, rule: part.rule, line: lineOf(below) }]
  })
}

function readParty(
  text: string | undefined,
  groups: readonly string[] = [],
  below: { readonly name: string; readonly groups: string },
  complain: Complain,
): Party | undefined {
  groups.forEach((group, index) => {
    if (!isNodeName(group))
      complain('bad-name', `${below.groups}[${index}]`, `found ${JSON.stringify(group)}, expected ${NAME_FORM}`)
  })
  if (text === undefined) return { ...NOBODY, groups }
  const parsed = parseParty(text, groups)
  if ('party' in parsed) return parsed.party
  complain('bad-selector', below.name, parsed.problem)
  return undefined
}

function checkRule(name: string, rules: readonly Rule[], below: string, complain: Complain): void {
  const names = [...rules.map((rule) => rule.name), DEFAULT_RULE]
  if (names.includes(name)) return
  const meant = nearest(name, names)
  complain(
    'unknown-rule',
    below,
    `no rule is called ${JSON.stringify(name)}${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  )
}
