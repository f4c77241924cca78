import fc from 'fast-check'
import type { Choice } from '../../src/governance/choice.ts'
import type { Effect } from '../../src/governance/effect.ts'
import type { ProposalContent } from '../../src/governance/proposal.ts'
import type { Option, Question } from '../../src/governance/question.ts'
import type { NetworkRules, Rules } from '../../src/governance/rules.ts'
import type { VoteContent } from '../../src/governance/vote.ts'

/* Everything that the layouts allow, up to their limits. The bounds stand here as numbers of their own, on purpose. */

const DAY = 86_400_000
export const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u16 = fc.nat({ max: 0xffff })
const time = fc.nat({ max: 253_402_300_799_999 })
const PLAIN = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u
const line = (maxBytes: number) =>
  fc.string({ unit: 'grapheme', maxLength: maxBytes }).filter((text) => PLAIN.test(text) && Buffer.byteLength(text) <= maxBytes)
const lines = (maxBytes: number) =>
  fc
    .array(line(40), { maxLength: 4 })
    .map((parts) => parts.join('\n'))
    .filter((text) => Buffer.byteLength(text) <= maxBytes)
const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/)
const ascending = <Item extends string | number>(item: fc.Arbitrary<Item>, minLength: number, maxLength: number) =>
  fc.uniqueArray(item, { minLength, maxLength }).map((items) => items.sort((one, other) => (one < other ? -1 : 1)))

const counting = {
  quorum: fc.integer({ min: 1, max: 10_000 }),
  threshold: fc.integer({ min: 5_000, max: 9_999 }),
  vetoThreshold: fc.integer({ min: 1, max: 10_000 }),
  timelockMs: fc.nat({ max: 90 * DAY }),
}
const period = fc.integer({ min: 1_000, max: 90 * DAY })

export const networkRules: fc.Arbitrary<NetworkRules> = fc
  .tuple(fc.record(counting), period, period)
  .map(([shares, one, other]) => ({
    ...shares,
    minVotingPeriodMs: Math.min(one, other),
    maxVotingPeriodMs: Math.max(one, other),
  }))
const rules: fc.Arbitrary<Rules> = fc.record({ ...counting, votingPeriodMs: period, electorateRoot: bytes(32) })

const attesters: fc.Arbitrary<Effect> = ascending(u16, 1, 10)
  .chain((indices) =>
    fc.tuple(
      fc.constant(indices),
      fc.nat({ max: Math.min(7, indices.length) }),
      bytes(3_373),
      fc.integer({ min: 1, max: 1_000 }),
    ),
  )
  .filter(([indices, split]) => indices.length - split <= 7)
  .map(([indices, split, acceptance, weight]) => ({
    kind: 'elect-attesters',
    add: indices.slice(0, split).map((index) => ({ index, weight, acceptance })),
    remove: indices.slice(split),
  }))

export const effect: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({
    kind: fc.constant('admit' as const),
    name,
    key: bytes(1_984),
    weight: fc.nat({ max: 1_000 }),
    groups: ascending(name, 0, 16),
  }),
  fc.record({ kind: fc.constant('revoke' as const), index: u16, reason: line(200) }),
  fc.record({ kind: fc.constant('ban' as const), x0Id: bytes(32), until: time, reason: line(200) }),
  fc.record({ kind: fc.constant('unban' as const), x0Id: bytes(32) }),
  fc.record({
    kind: fc.constant('set-parameter' as const),
    parameter: fc.constant('credential-days' as const),
    value: fc.integer({ min: 1, max: 90 }),
  }),
  fc.record({
    kind: fc.constant('set-parameter' as const),
    parameter: fc.constant('admission' as const),
    value: fc.nat({ max: 2 }),
  }),
  fc.record({ kind: fc.constant('change-rules' as const), rules: networkRules }),
  attesters,
  fc.record({ kind: fc.constant('adopt-policy' as const), hash: bytes(32) }),
  fc.record({ kind: fc.constant('text' as const), text: lines(1_024) }),
  fc.record({
    kind: fc.constant('unknown' as const),
    number: fc.integer({ min: 10, max: 0xffff }),
    bytes: fc.uint8Array({ maxLength: 300 }),
  }),
)

const effects = fc.array(effect, { maxLength: 3 })
const options: fc.Arbitrary<Option[]> = fc
  .uniqueArray(
    line(100).filter((text) => text !== ''),
    { minLength: 2, maxLength: 16 },
  )
  .chain((texts) => fc.tuple(fc.constant(texts), effects, fc.nat({ max: texts.length - 1 })))
  .map(([texts, some, which]) => texts.map((text, index) => ({ text, effects: index === which && texts.length > 1 ? some : [] })))

export const question: fc.Arbitrary<Question> = fc.oneof(
  fc.record({ kind: fc.constant('yes-no' as const), effects }),
  fc.record({ kind: fc.constantFrom('choice' as const, 'approval' as const), options }),
  fc.record({ kind: fc.constant('quadratic' as const), options, credits: fc.integer({ min: 1, max: 10_000 }) }),
)

export const proposal: fc.Arbitrary<ProposalContent> = fc.record({
  networkId: bytes(32),
  author: u16,
  slot: fc.integer({ min: 1, max: 0xffff_ffff }),
  rules,
  opensAt: fc.nat({ max: 4_000_000_000_000 }),
  question,
  title: line(200).filter((text) => text !== ''),
  text: lines(8_192),
})

const optionNumbers = ascending(fc.nat({ max: 15 }), 1, 16)
export const choice: fc.Arbitrary<Choice> = fc.oneof(
  fc.record({
    form: fc.constantFrom('abstain' as const, 'yes' as const, 'no' as const, 'veto' as const),
  }) as fc.Arbitrary<Choice>,
  fc.record({ form: fc.constant('option' as const), option: fc.nat({ max: 15 }) }),
  fc.record({ form: fc.constant('approve' as const), options: optionNumbers }),
  fc.tuple(optionNumbers, fc.integer({ min: 1, max: 10_000 })).map(
    ([numbers, credits]): Choice => ({
      form: 'spend',
      spending: numbers.map((option) => ({ option, credits })),
    }),
  ),
)

export const vote: fc.Arbitrary<VoteContent> = fc.record({
  networkId: bytes(32),
  proposalId: bytes(32),
  voter: u16,
  revision: fc.nat({ max: 3 }),
  choice,
})
