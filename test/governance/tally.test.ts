import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { BallotSet } from '../../src/governance/ballot-set.ts'
import { type Choice, fits } from '../../src/governance/choice.ts'
import type { ElectorateSnapshot } from '../../src/governance/electorate.ts'
import { integerRoot } from '../../src/governance/integer-root.ts'
import type { Proposal } from '../../src/governance/proposal.ts'
import type { Option, Question } from '../../src/governance/question.ts'
import type { Rules } from '../../src/governance/rules.ts'
import { type Tally, tally } from '../../src/governance/tally.ts'
import { encodeTally } from '../../src/governance/tally-form.ts'
import type { Vote } from '../../src/governance/vote.ts'
import { NATIVE, seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { madeUpElectorate, proposalOf, rulesOf, voteOf, YES_NO } from './members.ts'

const nobody = () => false
const something: Option['effects'] = [{ kind: 'text', text: 'so be it' }]
const options = (...texts: readonly string[]): Option[] => texts.map((text) => ({ text, effects: [] }))
const choiceOf = (...texts: readonly string[]): Question => ({ kind: 'choice', options: options(...texts) })
const approval = (...texts: readonly string[]): Question => ({ kind: 'approval', options: options(...texts) })
const quadratic = (credits: number, ...texts: readonly string[]): Question => ({
  kind: 'quadratic',
  credits,
  options: options(...texts),
})
/** The first option does something; the others leave all as it is. */
const withEffects = (question: Question): Question =>
  question.kind === 'yes-no'
    ? question
    : { ...question, options: question.options.map((option, index) => ({ ...option, effects: index === 0 ? something : [] })) }

const LETTERS: Readonly<Record<string, Choice>> = {
  y: { form: 'yes' },
  n: { form: 'no' },
  v: { form: 'veto' },
  a: { form: 'abstain' },
}
const pick = (option: number): Choice => ({ form: 'option', option })
const approve = (...numbers: number[]): Choice => ({ form: 'approve', options: numbers })
const spend = (...credits: readonly number[]): Choice => ({
  form: 'spend',
  spending: credits.flatMap((amount, option) => (amount === 0 ? [] : [{ option, credits: amount }])),
})

interface Scene {
  readonly weights: readonly number[]
  readonly question?: Question
  readonly rules?: Partial<Rules>
  /** By voter; undefined for who says nothing. */
  readonly choices: readonly (Choice | undefined)[]
}

function scene({ weights, question = YES_NO, rules = {}, choices }: Scene) {
  const electorate = madeUpElectorate(weights)
  const proposal = proposalOf(electorate, { question, rules: rulesOf(electorate, rules) })
  const votes = choices.flatMap((choice, voter) => (choice === undefined ? [] : [voteOf(proposal, { voter, choice })]))
  return { electorate, proposal, votes }
}

function setOf(proposal: Proposal, electorate: ElectorateSnapshot, votes: readonly Vote[]): BallotSet<Vote> {
  const empty = BallotSet.empty<Vote>(NATIVE, proposal, electorate.voters.length)
  return votes.reduce((set, vote) => set.with(vote.voter, vote), empty)
}

function count(told: Scene, isRevoked: (index: number) => boolean = nobody): Tally {
  const { electorate, proposal, votes } = scene(told)
  for (const { choice } of votes) assert.ok(fits(choice, proposal.question))
  return tally(proposal, electorate, setOf(proposal, electorate, votes), isRevoked)
}

/** `outcome` of one letter a voter (y, n, v, a, - for nothing), everybody with weight 1. */
const said = (letters: string, rules: Partial<Rules> = {}) =>
  count({ weights: Array.from(letters, () => 1), rules, choices: Array.from(letters, (letter) => LETTERS[letter]) }).outcome

const YES_NO_CASES: readonly (readonly [string, Partial<Rules>, string, string])[] = [
  ['one member who says yes', {}, 'y', 'passed'],
  ['one member who says no', {}, 'n', 'rejected'],
  ['one member who says nothing', {}, '-', 'no-quorum'],
  ['two members who disagree: a tie rejects', {}, 'yn', 'rejected'],
  ['two of three', {}, 'yyn', 'passed'],
  ['exactly the quorum', { quorum: 4_000 }, 'yy---', 'passed'],
  ['a head less than the quorum', { quorum: 4_001 }, 'yy---', 'no-quorum'],
  ['abstentions bring the quorum, and take no side', { quorum: 10_000 }, 'yaaaaaaaaa', 'passed'],
  ['nothing but abstentions', {}, 'aaa', 'rejected'],
  ['exactly the threshold is not more than it', { threshold: 7_500, vetoThreshold: 10_000 }, 'yyyn', 'rejected'],
  ['more than the threshold', { threshold: 7_499, vetoThreshold: 10_000 }, 'yyyn', 'passed'],
  ['two thirds are more than 6,666', { threshold: 6_666 }, 'yyn', 'passed'],
  ['two thirds are not more than 6,667', { threshold: 6_667 }, 'yyn', 'rejected'],
  ['a veto is a no', { vetoThreshold: 10_000 }, 'yv', 'rejected'],
  ['exactly the veto threshold does not stop it', { vetoThreshold: 2_500 }, 'yyyv', 'passed'],
  ['more than the veto threshold stops what has more yes than it needs', { vetoThreshold: 2_499 }, 'yyyv', 'vetoed'],
  ['abstentions count in the whole of a veto', { vetoThreshold: 2_500 }, 'yyav', 'passed'],
  ['a veto by all', {}, 'vvv', 'vetoed'],
  ['nobody can veto where the threshold is the whole', { vetoThreshold: 10_000 }, 'vvv', 'rejected'],
  ['too few to veto is too few', { quorum: 6_000 }, 'v----', 'no-quorum'],
]
for (const [what, rules, letters, outcome] of YES_NO_CASES) {
  test(`yes-no: ${what}`, () => {
    assert.equal(said(letters, rules), outcome)
  })
}

const OPTION_CASES: readonly (readonly [string, Scene, string, number | undefined, readonly number[]])[] = [
  [
    'most votes win',
    { weights: [1, 1, 1], question: choiceOf('a', 'b', 'c'), choices: [pick(1), pick(1), pick(0)] },
    'passed',
    1,
    [1, 2, 0],
  ],
  [
    'weight counts, not heads',
    { weights: [5, 1, 1], question: choiceOf('a', 'b'), choices: [pick(0), pick(1), pick(1)] },
    'passed',
    0,
    [5, 2],
  ],
  [
    'a tie for the first place decides nothing',
    { weights: [1, 1, 1], question: choiceOf('a', 'b', 'c'), choices: [pick(1), pick(2), undefined] },
    'tied',
    undefined,
    [0, 1, 1],
  ],
  ['nobody took a side', { weights: [1], question: choiceOf('a', 'b'), choices: [LETTERS.a] }, 'tied', undefined, [0, 0]],
  [
    'a plurality is enough for an option that does nothing',
    { weights: [3, 2, 2], question: withEffects(choiceOf('a', 'b', 'c')), choices: [pick(1), pick(0), pick(2)] },
    'passed',
    1,
    [2, 3, 2],
  ],
  [
    'a plurality is not enough for an option that does something',
    { weights: [3, 2, 2], question: withEffects(choiceOf('a', 'b', 'c')), choices: [pick(0), pick(1), pick(2)] },
    'rejected',
    undefined,
    [3, 2, 2],
  ],
  [
    'more than the threshold is; abstentions take no side',
    { weights: [3, 2, 2], question: withEffects(choiceOf('a', 'b')), choices: [pick(0), pick(1), LETTERS.a] },
    'passed',
    0,
    [3, 2],
  ],
  [
    'approval: a voter may approve of several',
    { weights: [1, 1, 1], question: withEffects(approval('a', 'b', 'c')), choices: [approve(0, 1), approve(0, 2), approve(1)] },
    'tied',
    undefined,
    [2, 2, 1],
  ],
  [
    'approval: the threshold is one of voters, not of approvals',
    {
      weights: [1, 1, 1],
      question: withEffects(approval('a', 'b', 'c')),
      choices: [approve(0, 1), approve(0, 2), approve(0)],
    },
    'passed',
    0,
    [3, 1, 1],
  ],
  [
    'quadratic: n votes cost n squared credits',
    { weights: [1, 1], question: quadratic(100, 'a', 'b'), choices: [spend(100, 0), spend(25, 49)] },
    'passed',
    0,
    [15, 7],
  ],
  [
    'quadratic: credits that buy no whole vote buy nothing',
    { weights: [1, 1], question: quadratic(100, 'a', 'b'), choices: [spend(99, 0), spend(0, 81)] },
    'tied',
    undefined,
    [9, 9],
  ],
  [
    'quadratic: weight is like so many voters',
    { weights: [4, 1], question: quadratic(100, 'a', 'b'), choices: [spend(16, 0), spend(0, 100)] },
    'passed',
    0,
    [16, 10],
  ],
  [
    'quadratic: the threshold is one of votes given',
    { weights: [1, 1], question: withEffects(quadratic(100, 'a', 'b', 'c')), choices: [spend(64, 36, 0), spend(0, 0, 9)] },
    'rejected',
    undefined,
    [8, 6, 3],
  ],
]
for (const [what, told, outcome, winner, figures] of OPTION_CASES) {
  test(`options: ${what}`, () => {
    const counted = count(told)
    assert.deepEqual([counted.outcome, counted.winner, counted.figures.options], [outcome, winner, figures])
  })
}

test('the revoked do not count and stay in the whole', () => {
  const told: Scene = { weights: [2, 1, 1], choices: [LETTERS.n, LETTERS.y, undefined] }
  const figures = { abstain: 0, veto: 0, options: [], voidVoters: 0 }
  const before = count(told)
  assert.deepEqual(
    [before.outcome, before.figures],
    ['rejected', { ...figures, electorate: 4, cast: 3, yes: 1, no: 2, voters: 2, revokedVoters: 0 }],
  )
  const after = count(told, (index) => index === 0)
  assert.deepEqual(after.figures, { ...figures, electorate: 4, cast: 1, yes: 1, no: 0, voters: 1, revokedVoters: 1 })
  assert.equal(after.outcome, 'no-quorum', 'one of four is no 40 %')
  assert.equal(toHex(after.root), toHex(before.root), 'the set of ballots is the same')
})

test('who signed two ballots for one revision does not count, whatever else it said', () => {
  const { electorate, proposal, votes } = scene({ weights: [5, 1, 1], choices: [LETTERS.n, LETTERS.y, LETTERS.y] })
  const twice = [
    voteOf(proposal, { voter: 0, revision: 1, choice: { form: 'yes' } }),
    voteOf(proposal, { voter: 0, revision: 1, choice: { form: 'no' } }),
  ]
  const { outcome, figures } = tally(proposal, electorate, setOf(proposal, electorate, [...votes, ...twice]), nobody)
  assert.deepEqual([outcome, figures.voidVoters, figures.cast, figures.no], ['no-quorum', 1, 2, 0])
})

test('the last revision counts alone', () => {
  const { electorate, proposal } = scene({ weights: [1], choices: [] })
  const revisions = (['no', 'veto', 'abstain', 'yes'] as const).map((form, revision) =>
    voteOf(proposal, { revision, choice: { form } }),
  )
  const counted = tally(proposal, electorate, setOf(proposal, electorate, revisions), nobody)
  assert.deepEqual([counted.outcome, counted.figures.cast, counted.figures.yes], ['passed', 1, 1])
})

test('what its author took back, or proposed twice, passes for nobody', () => {
  const { electorate, proposal, votes } = scene({ weights: [1, 1], choices: [LETTERS.y, LETTERS.y] })
  const ballots = setOf(proposal, electorate, votes)
  const cancelled = tally(proposal, electorate, ballots.withCancel(), nobody)
  assert.deepEqual([cancelled.outcome, cancelled.figures.yes], ['cancelled', 2])
  const twice = tally(proposal, electorate, ballots.voided(), nobody)
  assert.deepEqual([twice.outcome, twice.figures.electorate, twice.figures.cast], ['void', 2, 0])
  assert.throws(() => tally(proposal, madeUpElectorate([1, 1, 1]), ballots, nobody), RangeError)
})

const choices = (question: Question): fc.Arbitrary<Choice> => {
  if (question.kind === 'yes-no') return fc.constantFrom('yes', 'no', 'veto', 'abstain').map((form): Choice => ({ form }))
  const count = question.options.length
  const some = fc.uniqueArray(fc.nat({ max: count - 1 }), { minLength: 1 }).map((numbers) => numbers.sort((a, b) => a - b))
  const abstain = fc.constant<Choice>({ form: 'abstain' })
  if (question.kind === 'choice') return fc.oneof(abstain, fc.nat({ max: count - 1 }).map(pick))
  if (question.kind !== 'quadratic')
    return fc.oneof(
      abstain,
      some.map((numbers) => approve(...numbers)),
    )
  const share = Math.max(1, Math.trunc(question.credits / count))
  return fc.oneof(
    abstain,
    fc.tuple(some, fc.integer({ min: 1, max: share })).map(([numbers, credits]): Choice => {
      const affordable = numbers.slice(0, Math.max(1, Math.trunc(question.credits / credits)))
      return { form: 'spend', spending: affordable.map((option) => ({ option, credits })) }
    }),
  )
}
const questions: fc.Arbitrary<Question> = fc.oneof(
  fc.constant(YES_NO),
  fc
    .constantFrom(choiceOf('a', 'b', 'c'), approval('a', 'b', 'c'), quadratic(10_000, 'a', 'b', 'c'))
    .chain((question) => fc.constantFrom(question, withEffects(question))),
)
interface Ballot {
  readonly voter: number
  readonly revision: number
  readonly choice: Choice
}
const history = fc
  .record({
    question: questions,
    weights: fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 7 }),
    quorum: fc.integer({ min: 1, max: 6_000 }),
    threshold: fc.integer({ min: 5_000, max: 9_999 }),
    vetoThreshold: fc.integer({ min: 1, max: 10_000 }),
  })
  .chain((told) => {
    const ballot: fc.Arbitrary<Ballot> = fc.record({
      voter: fc.nat({ max: told.weights.length - 1 }),
      revision: fc.nat({ max: 3 }),
      choice: choices(told.question),
    })
    return fc.record({ told: fc.constant(told), ballots: fc.array(ballot, { maxLength: 16 }), revoked: fc.subarray([0, 1, 2]) })
  })

/** The specification again, over lists, in rational numbers as pairs of bigints, and with the root by search. */
function byHand(
  {
    question,
    weights,
    ...rules
  }: { question: Question; weights: readonly number[] } & Pick<Rules, 'quorum' | 'threshold' | 'vetoThreshold'>,
  ballots: readonly Ballot[],
  revoked: readonly number[],
) {
  const say = (choice: Choice): string => JSON.stringify(choice)
  const counted = weights.flatMap((weight, voter) => {
    const own = ballots.filter((ballot) => ballot.voter === voter)
    const cheats = own.some((one) =>
      own.some((other) => one.revision === other.revision && say(one.choice) !== say(other.choice)),
    )
    const last = own.toSorted((one, other) => other.revision - one.revision)[0]
    return cheats || last === undefined || revoked.includes(voter) ? [] : [{ weight: BigInt(weight), choice: last.choice }]
  })
  const weigh = (ofThese: (choice: Choice) => bigint): bigint =>
    counted.reduce((sum, { weight, choice }) => sum + weight * ofThese(choice), 0n)
  const form = (name: Choice['form']) => weigh((choice) => (choice.form === name ? 1n : 0n))
  const [cast, abstain, all] = [weigh(() => 1n), form('abstain'), weights.reduce((sum, weight) => sum + BigInt(weight), 0n)]
  const above = (part: bigint, whole: bigint, share: number) => part * 10_000n > whole * BigInt(share)
  if (cast * 10_000n < all * BigInt(rules.quorum)) return 'no-quorum'
  if (question.kind === 'yes-no') {
    if (above(form('veto'), cast, rules.vetoThreshold)) return 'vetoed'
    return above(form('yes'), cast - abstain, rules.threshold) ? 'passed' : 'rejected'
  }
  const root = (credits: number): bigint => {
    let votes = 0n
    while ((votes + 1n) * (votes + 1n) <= BigInt(credits)) votes += 1n
    return votes
  }
  const figures = question.options.map((_, option) =>
    weigh((choice) => {
      if (choice.form === 'option') return choice.option === option ? 1n : 0n
      if (choice.form === 'approve') return choice.options.includes(option) ? 1n : 0n
      return choice.form === 'spend' ? root(choice.spending.find((one) => one.option === option)?.credits ?? 0) : 0n
    }),
  )
  const [first = 0n, second = 0n] = figures.toSorted((one, other) => (one < other ? 1 : -1))
  if (first === second) return 'tied'
  const winner = figures.indexOf(first)
  const whole = question.kind === 'quadratic' ? figures.reduce((sum, figure) => sum + figure, 0n) : cast - abstain
  const must = (question.options[winner]?.effects.length ?? 0) > 0
  return must && !above(first, whole, rules.threshold) ? 'rejected' : `passed ${winner}`
}

test('a tally is what the specification says, counted in another way', (t) => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(history, ({ told, ballots, revoked }) => {
      const { question, weights, ...rules } = told
      const { electorate, proposal } = scene({ weights, question, rules, choices: [] })
      const votes = ballots.map((ballot) => voteOf(proposal, ballot))
      const { outcome, winner } = tally(proposal, electorate, setOf(proposal, electorate, votes), (index) =>
        revoked.includes(index),
      )
      assert.equal(winner === undefined ? outcome : `${outcome} ${winner}`, byHand(told, ballots, revoked))
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
    }),
    seeded(t, 3_000),
  )
  t.diagnostic(JSON.stringify(Object.fromEntries(seen)))
  for (const outcome of ['passed', 'rejected', 'no-quorum', 'vetoed', 'tied']) assert.ok((seen.get(outcome) ?? 0) > 20, outcome)
})

test('a tally is the same whatever the order, the repetition and the signatures of the ballots, and whoever joins with whom', (t) => {
  const shuffled = history.chain(({ told, ballots }) =>
    fc.record({
      told: fc.constant(told),
      ballots: fc.constant(ballots),
      order: fc.shuffledSubarray(ballots, { minLength: ballots.length }),
      again: fc.shuffledSubarray(ballots),
      cut: fc.nat({ max: ballots.length }),
    }),
  )
  fc.assert(
    fc.property(shuffled, ({ told: { question, weights, ...rules }, ballots, order, again, cut }) => {
      const { electorate, proposal } = scene({ weights, question, rules, choices: [] })
      const votes = (some: readonly Ballot[], seed: number) => some.map((ballot) => voteOf(proposal, ballot, seed))
      const counted = (set: BallotSet<Vote>) => toHex(encodeTally(tally(proposal, electorate, set, nobody)))
      const all = setOf(proposal, electorate, votes(ballots, 0))
      const replayed = setOf(proposal, electorate, [...votes(order, 1), ...votes(again, 2)])
      const halves = [ballots.slice(cut), ballots.slice(0, cut)].map((half) => setOf(proposal, electorate, votes(half, 3)))
      assert.equal(counted(replayed), counted(all))
      assert.equal(counted(halves.reduce((one, other) => one.join(other))), counted(all))
    }),
    seeded(t, 1_000),
  )
})

test('no voter has more than the budget of a quadratic vote, and no option gets more than its root', (t) => {
  const budget = fc.record({
    credits: fc.integer({ min: 1, max: 10_000 }),
    spending: fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 5 }),
  })
  fc.assert(
    fc.property(budget, ({ credits, spending }) => {
      const question = quadratic(credits, 'a', 'b', 'c', 'd', 'e')
      const choice: Choice = { form: 'spend', spending: spending.map((amount, option) => ({ option, credits: amount })) }
      const total = spending.reduce((sum, amount) => sum + amount, 0)
      assert.equal(fits(choice, question), total <= credits)
      if (total > credits) return
      const { figures } = count({ weights: [1], question, choices: [choice] })
      const cost = figures.options.reduce((sum, votes) => sum + votes * votes, 0)
      assert.ok(cost <= credits, `${cost} of ${credits}`)
    }),
    seeded(t, 2_000),
  )
})

test('a choice fits the kind of its question, and options that there are', () => {
  const yes = YES_NO
  const [one, many, root] = [choiceOf('a', 'b'), approval('a', 'b'), quadratic(10, 'a', 'b')]
  const fitting: readonly (readonly [Choice, readonly Question[]])[] = [
    [{ form: 'abstain' }, [yes, one, many, root]],
    [{ form: 'yes' }, [yes]],
    [{ form: 'no' }, [yes]],
    [{ form: 'veto' }, [yes]],
    [pick(1), [one]],
    [pick(2), []],
    [approve(0, 1), [many]],
    [approve(1, 2), []],
    [spend(5, 5), [root]],
    [spend(5, 6), []],
    [spend(1, 0, 1), []],
  ]
  for (const [choice, questions] of fitting) {
    for (const question of [yes, one, many, root]) {
      assert.equal(fits(choice, question), questions.includes(question), `${JSON.stringify(choice)} ${question.kind}`)
    }
  }
})

test('the integer root is exact: every number that votes can have, and around every square below 2^31', () => {
  for (let value = 0; value <= 10_001; value++) {
    const root = integerRoot(value)
    assert.ok(root * root <= value && (root + 1) * (root + 1) > value, `${value}: ${root}`)
  }
  for (let root = 1; root <= 46_340; root++) {
    assert.equal(integerRoot(root * root), root)
    assert.equal(integerRoot(root * root - 1), root - 1)
  }
  assert.equal(integerRoot(2 ** 31 - 1), 46_340)
  for (const value of [-1, 0.5, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY])
    assert.throws(() => integerRoot(value), RangeError)
})

test('the largest figures that there can be are exact', () => {
  const weights = Array.from({ length: 1_024 }, () => 1_000)
  const { outcome, figures } = count({
    weights,
    question: withEffects(quadratic(10_000, 'a', 'b')),
    choices: weights.map(() => spend(10_000)),
  })
  assert.deepEqual([outcome, figures.options, figures.cast], ['passed', [102_400_000, 0], 1_024_000])
  // the threshold's product is the largest number that a tally makes
  assert.ok(BigInt(102_400_000 * 10_000) === 102_400_000n * 10_000n && Number.isSafeInteger(102_400_000 * 10_000))
})

test('no floating point stands in what counts: no quotient, no root, no power, no number with a fraction', () => {
  const folder = join(import.meta.dirname, '..', '..', 'src', 'governance')
  const files = ['tally.ts', 'tally-form.ts', 'integer-root.ts', 'choice.ts', 'voter-ballots.ts', 'rules.ts', 'slot.ts']
  assert.ok(files.every((file) => globSync(file, { cwd: folder }).length === 1))
  for (const file of files) {
    const code = readFileSync(join(folder, file), 'utf8')
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/\/\/.*$/gm, '')
      .replace(/'[^'\n]*'|`[^`]*`/g, '')
    const floating = /\/|\bMath\.(?!max\b|min\b)\w+|\bparseFloat\b|\d\.\d|\d[eE]-?\d|toFixed|Float(32|64)/.exec(code)
    assert.equal(floating, null, `${file}: ${floating?.[0]}`)
  }
})
