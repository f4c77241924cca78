import type { PolicyRequest } from '../../src/trust/policy/compile.ts'
import type { Party } from '../../src/trust/policy/party.ts'
import type { WrittenRule } from './policy-arbitraries.ts'

/**
 * The rules of docs/policy.md once more, as plainly as can be and from the written document: every rule is tried,
 * patterns are regular expressions, the wall clock is asked of Intl each time.
 */
export class NaivePolicy {
  readonly #rules: readonly WrittenRule[]
  readonly #taken = new Map<string, { tokens: number; at: number }>()

  constructor(rules: readonly WrittenRule[]) {
    this.#rules = rules
  }

  /** All that fit and hold now, the one that decides first at first. */
  fitting(request: PolicyRequest): WrittenRule[] {
    return this.#rules
      .filter((rule) => rule.from.some((text) => isAbout(text, request.source)))
      .filter((rule) => (rule.to ?? ['any']).some((text) => isAbout(text, request.destination)))
      .filter((rule) =>
        rule.actions.some((text) => text === '*' || text === request.action || text === `${request.action.split(':')[0]}:*`),
      )
      .filter((rule) => holds(rule.when, request.at))
      .sort((a, b) => {
        if (a.priority !== b.priority) return b.priority - a.priority
        if (a.effect !== b.effect) return a.effect === 'deny' ? -1 : 1
        return a.name < b.name ? -1 : 1
      })
  }

  decide(request: PolicyRequest, now: number): { effect: string; rule: string; reason: string; audit: boolean } {
    const fitting = this.fitting(request)
    const allowing = fitting.find((rule) => rule.effect === 'allow')
    const isLeft = allowing === undefined || this.#take(allowing, request.source, now)
    const first = fitting[0]
    if (first === undefined) return { effect: 'deny', rule: 'default', reason: 'no-rule', audit: true }
    if (first.effect === 'deny') return { effect: 'deny', rule: first.name, reason: 'rule', audit: true }
    if (!isLeft) return { effect: 'deny', rule: first.name, reason: 'rate', audit: true }
    return { effect: 'allow', rule: first.name, reason: 'rule', audit: first.audit ?? false }
  }

  #take({ name, rate }: WrittenRule, source: Party, now: number): boolean {
    if (rate === undefined) return true
    const key = `${name} ${source.x0Id ?? source.spiffeId ?? ''}`
    const before = this.#taken.get(key) ?? { tokens: rate.limit, at: now }
    const period = rate.per === 'second' ? 1_000 : 60_000
    const tokens = Math.min(rate.limit, before.tokens + ((now - before.at) * rate.limit) / period)
    this.#taken.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now })
    return tokens >= 1
  }
}

export function isAbout(selector: string, party: Party): boolean {
  if (selector === 'any') return true
  if (selector.startsWith('group:')) return party.groups.includes(selector.slice(6))
  if (selector.startsWith('x0')) return party.x0Id === selector
  const pattern = selector
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\/\*\*$/, '/.+')
    .replace(/(?<!\.)\*/g, '[^/]*')
  return party.spiffeId !== undefined && new RegExp(`^${pattern}$`).test(party.spiffeId)
}

function holds(when: WrittenRule['when'], at: number): boolean {
  if (when === undefined) return true
  const shown = new Intl.DateTimeFormat('en-GB', {
    timeZone: when.zone ?? 'UTC',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at)
  const [, day = '', clock = ''] = /^(\w+) (\d\d:\d\d)$/.exec(shown.replace(',', '')) ?? []
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
  const today = day.toLowerCase()
  const yesterday = days[(days.indexOf(today) + 6) % 7] ?? ''
  const isOn = (name: string): boolean => when.days?.includes(name) ?? true
  const [from, to] = [when.from ?? '00:00', when.to ?? '24:00']
  if (from < to) return isOn(today) && clock >= from && clock < to
  return (isOn(today) && clock >= from) || (isOn(yesterday) && clock < to)
}
