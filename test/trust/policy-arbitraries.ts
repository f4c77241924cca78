import fc from 'fast-check'
import type { Action } from '../../src/trust/policy/action.ts'
import type { PolicyRequest } from '../../src/trust/policy/compile.ts'
import type { Party } from '../../src/trust/policy/party.ts'

/** A rule as it stands in a document. */
export interface WrittenRule {
  readonly name: string
  readonly priority: number
  readonly effect: 'allow' | 'deny'
  readonly audit?: boolean
  readonly from: readonly string[]
  readonly to?: readonly string[]
  readonly actions: readonly string[]
  readonly when?: { readonly days?: readonly string[]; readonly from?: string; readonly to?: string; readonly zone?: string }
  readonly rate?: { readonly per: 'second' | 'minute'; readonly limit: number }
}

// A world so small that rules meet requests, and each other, all the time.
export const X0_IDS = ['a', 'e'].map((letter) => `x0${letter.repeat(51)}a`)
const NODES = ['laptop-1', 'laptop-22', 'db-1', 'db', 'web-1-db']
export const IDS = [
  ...NODES.map((node) => `spiffe://fleet/node/${node}`),
  'spiffe://fleet/job/db-1',
  'spiffe://fleet/node/db-1/sub',
  'spiffe://fleet.two/node/db-1',
]
const GROUPS = ['ops', 'servers', 'guests']
const SELECTORS = [
  ...['any', ...GROUPS.map((group) => `group:${group}`), ...IDS, ...X0_IDS],
  ...[
    'spiffe://fleet/node/*',
    'spiffe://fleet/node/laptop-*',
    'spiffe://fleet/node/*-1',
    'spiffe://fleet/node/*-db',
    'spiffe://fleet/node/d*b',
  ],
  ...[
    'spiffe://fleet/**',
    'spiffe://fleet/node/**',
    'spiffe://fleet/*/db-1',
    'spiffe://fleet/*/*',
    'spiffe://fleet/node/*/sub',
    'spiffe://fleet/*/db-1/**',
  ],
]
const ACTIONS: readonly Action[] = ['connect:ssh', 'connect:web', 'relay', 'admin:read', 'admin:metrics', 'renew']
const PATTERNS = [...ACTIONS, 'connect:*', 'admin:*', '*']
const CLOCKS = ['00:00', '00:01', '08:00', '12:30', '18:00', '23:59']
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata']

const when: fc.Arbitrary<NonNullable<WrittenRule['when']>> = fc
  .record({
    days: fc.option(fc.uniqueArray(fc.constantFrom('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'), { minLength: 1 }), {
      nil: undefined,
    }),
    hours: fc.option(fc.tuple(fc.constantFrom(...CLOCKS), fc.constantFrom(...CLOCKS.slice(1), '24:00')), { nil: undefined }),
    zone: fc.option(fc.constantFrom(...ZONES), { nil: undefined }),
  })
  .filter(({ days, hours }) => (days !== undefined || hours !== undefined) && (hours === undefined || hours[0] !== hours[1]))
  .map(({ days, hours, zone }) => ({
    ...(days === undefined ? {} : { days }),
    ...(hours === undefined ? {} : { from: hours[0], to: hours[1] }),
    ...(zone === undefined ? {} : { zone }),
  }))

const selectors = fc.uniqueArray(fc.constantFrom(...SELECTORS), { minLength: 1, maxLength: 3 })

const body = fc.record(
  {
    priority: fc.constantFrom(0, 1, 2, 1000),
    from: selectors,
    to: selectors,
    actions: fc.uniqueArray(fc.constantFrom(...PATTERNS), { minLength: 1, maxLength: 3 }),
    audit: fc.boolean(),
    when,
  },
  { requiredKeys: ['priority', 'from', 'actions'] },
)

const rate = fc.record({ per: fc.constantFrom('second' as const, 'minute' as const), limit: fc.integer({ min: 1, max: 3 }) })

export const denyingRule: fc.Arbitrary<Omit<WrittenRule, 'name'>> = body.map((rule) => ({ ...rule, effect: 'deny' as const }))

const allowingRule: fc.Arbitrary<Omit<WrittenRule, 'name'>> = fc
  .tuple(body, fc.option(rate, { nil: undefined }))
  .map(([rule, limit]) => ({ ...rule, effect: 'allow' as const, ...(limit === undefined ? {} : { rate: limit }) }))

/** Rules with different names, which are in no order. */
export const writtenRules: fc.Arbitrary<WrittenRule[]> = fc
  .array(fc.tuple(fc.oneof(denyingRule, allowingRule), fc.integer({ min: 0, max: 999_999 })), { maxLength: 40 })
  .map((rules) => rules.map(([rule, number], index) => ({ ...rule, name: `r${number}-${index}` })))

const party: fc.Arbitrary<Party> = fc.record({
  spiffeId: fc.option(fc.constantFrom(...IDS), { nil: undefined }),
  x0Id: fc.option(fc.constantFrom(...X0_IDS), { nil: undefined }),
  groups: fc.uniqueArray(fc.constantFrom(...GROUPS), { maxLength: 2 }),
})

/** 2026, in which every zone above but UTC and Kolkata changes its clock twice. */
const FROM = Date.UTC(2026, 0, 1)
const at = fc.oneof(
  fc.integer({ min: 0, max: 365 * 24 * 60 }).map((minute) => FROM + minute * 60_000),
  // around the changes of Berlin and New York
  fc
    .tuple(
      fc.constantFrom(Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1), Date.UTC(2026, 2, 8, 7), Date.UTC(2026, 10, 1, 6)),
      fc.integer({ min: -180, max: 180 }),
    )
    .map(([change, minutes]) => change + minutes * 60_000),
)

export const request: fc.Arbitrary<PolicyRequest> = fc.record({
  source: party,
  action: fc.constantFrom(...ACTIONS),
  destination: party,
  at,
})

/** Requests with the monotonic time, ms, at which each is made. */
export const story: fc.Arbitrary<{ readonly request: PolicyRequest; readonly now: number }[]> = fc
  .array(fc.tuple(request, fc.integer({ min: 0, max: 40_000 })), { minLength: 1, maxLength: 30 })
  .map((steps) => {
    let now = 0
    return steps.map(([one, wait]) => {
      now += wait
      return { request: one, now }
    })
  })

export function documentOf(rules: readonly WrittenRule[]): string {
  return JSON.stringify({ version: 1, rules })
}
