import { isNodeName, NAME_FORM } from '../names.ts'
import { type ActionPattern, parseActionPattern } from './action.ts'
import type { RulePart } from './document-schema.ts'
import type { Complain } from './policy-error.ts'
import { DEFAULT_RULE, type Rate, type Rule } from './rule.ts'
import { parseSelector, type Selector } from './selector.ts'
import { DAYS, parseClockTime, type TimeWindow } from './time-window.ts'
import { isZone } from './zone-time.ts'

const PERIOD_MS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

/** The rules of a document whose form is checked: what its texts mean. Complains of every problem. */
export function readRules(parts: readonly RulePart[], complain: Complain): Rule[] {
  const names = new Set<string>()
  return parts.map((part, index) => {
    const at = `.rules[${index}]`
    if (!isNodeName(part.name)) complain('bad-name', `${at}.name`, `found ${JSON.stringify(part.name)}, expected ${NAME_FORM}`)
    else if (part.name === DEFAULT_RULE) complain('bad-name', `${at}.name`, `${DEFAULT_RULE} is what decides where no rule does`)
    else if (names.has(part.name)) complain('duplicate', `${at}.name`, `another rule is called ${part.name}`)
    names.add(part.name)
    return {
      name: part.name,
      priority: part.priority ?? 0,
      effect: part.effect,
      audit: part.audit ?? false,
      from: readSelectors(part.from, `${at}.from`, complain),
      to: readSelectors(part.to ?? ['any'], `${at}.to`, complain),
      actions: readActions(part.actions, `${at}.actions`, complain),
      when: readWindow(part.when, `${at}.when`, complain),
      rate: readRate(part, `${at}.rate`, complain),
    }
  })
}

function readSelectors(texts: readonly string[], at: string, complain: Complain): Selector[] {
  return texts.flatMap((text, index) => {
    const parsed = parseSelector(text)
    if ('selector' in parsed) return [parsed.selector]
    complain('bad-selector', `${at}[${index}]`, parsed.problem)
    return []
  })
}

function readActions(texts: readonly string[], at: string, complain: Complain): ActionPattern[] {
  return texts.flatMap((text, index) => {
    const parsed = parseActionPattern(text)
    if ('action' in parsed) return [parsed.action]
    complain('bad-action', `${at}[${index}]`, parsed.problem)
    return []
  })
}

function readWindow(part: RulePart['when'], at: string, complain: Complain): TimeWindow | undefined {
  if (part === undefined) return undefined
  const clock = (key: 'from' | 'to', fallback: number): number => {
    const text = part[key]
    const minute = text === undefined ? fallback : parseClockTime(text)
    if (minute === undefined || (key === 'from' && minute === 24 * 60)) {
      complain('bad-window', `${at}.${key}`, `found ${JSON.stringify(text)}, expected a time of the day as 08:00`)
      return fallback
    }
    return minute
  }
  const from = clock('from', 0)
  const to = clock('to', 24 * 60)
  const zone = part.zone ?? 'UTC'
  if ((part.from === undefined) !== (part.to === undefined)) complain('bad-window', at, 'from and to go together')
  if (part.days === undefined && part.from === undefined) complain('bad-window', at, 'expected days, or from and to, or both')
  if (from === to || (to === 0 && part.to !== undefined))
    complain(
      'bad-window',
      at,
      'from and to are the same or the end is 00:00; write 24:00 for the end of the day, leave both out for the whole day',
    )
  if (!isZone(zone))
    complain('bad-window', `${at}.zone`, `${JSON.stringify(zone)} is no zone: expected UTC or a name as Europe/Berlin`)
  return { days: part.days ?? DAYS, from, to, zone }
}

function readRate({ effect, rate }: RulePart, at: string, complain: Complain): Rate | undefined {
  if (rate === undefined) return undefined
  if (effect === 'deny') complain('bad-rate', at, 'a rule that denies has no rate: a deny must not wear off')
  return { limit: rate.limit, periodMs: PERIOD_MS[rate.per] }
}
