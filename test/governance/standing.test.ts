import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BallotState, NO_BALLOTS } from '../../src/governance/ballot-state.ts'
import { ballotStep } from '../../src/governance/ballot-step.ts'
import { currentTerms, type LogView } from '../../src/governance/log-view.ts'
import {
  formatParameter,
  isWithinBounds,
  PARAMETERS,
  parameterNames,
  parameterOf,
  parameterValue,
} from '../../src/governance/parameters.ts'
import { copyFor, isCopyOf } from '../../src/governance/rules.ts'
import type { SignedObject } from '../../src/governance/signed-object.ts'
import { creditsLeft, powerOf, proposingStanding, votingStanding, whyNotCancel } from '../../src/governance/standing.ts'
import { NATIVE } from '../crypto/backends.ts'
import {
  cancelOf,
  HOUR,
  type LogSettings,
  logOf,
  madeUpElectorate,
  NETWORK,
  NETWORK_RULES,
  proposalOf,
  rulesOf,
  T,
  voteOf,
  YES_NO,
} from './members.ts'

const ELECTORATE = madeUpElectorate([5, 3, 1])
const PROPOSAL = proposalOf(ELECTORATE, { rules: rulesOf(ELECTORATE, { timelockMs: 0 }) })
const LOG = logOf({ electorate: ELECTORATE })

function stateWith(objects: readonly SignedObject[], view: LogView = LOG): BallotState {
  return objects.reduce((state, object) => ballotStep(NATIVE, state, { type: 'restored', object }, view, T).state, NO_BALLOTS)
}

const standing = (objects: readonly SignedObject[], index: number | undefined, now = T, log: Partial<LogSettings> = {}) =>
  votingStanding(stateWith([PROPOSAL, ...objects]), logOf({ electorate: ELECTORATE, ...log }), PROPOSAL.id, index, now)

test('a voter is told beforehand: with what weight, until when, which revision, and what happens then', () => {
  assert.deepEqual(standing([], 0), {
    whyNot: undefined,
    weight: 5,
    opensAt: T,
    until: T + HOUR,
    executableAt: T + HOUR,
    revision: 0,
    said: undefined,
    upgradeNeeded: false,
  })
  const { revision, said, weight } = standing([voteOf(PROPOSAL, { voter: 1, revision: 1, choice: { form: 'no' } })], 1)
  assert.deepEqual([revision, said, weight], [2, { form: 'no' }, 3])
})

const twice = [voteOf(PROPOSAL, { voter: 1 }), voteOf(PROPOSAL, { voter: 1, choice: { form: 'no' } })]
const WHY_NOT: readonly (readonly [string, ReturnType<typeof standing>, number])[] = [
  ['not-in-electorate', standing([], 9), 0],
  ['not-in-electorate', standing([], undefined), 0],
  ['not-open-yet', standing([], 1, T - 1), 3],
  ['over', standing([], 1, T + HOUR), 3],
  ['cancelled', standing([cancelOf(PROPOSAL)], 1), 3],
  ['revoked', standing([], 1, T, { revoked: [1] }), 3],
  ['void-voter', standing(twice, 1), 3],
  ['no-revision-left', standing([voteOf(PROPOSAL, { voter: 1, revision: 3 })], 1), 3],
  ['void-proposal', standing([proposalOf(ELECTORATE, { title: 'Another' })], 1), 0],
  ['unknown-proposal', votingStanding(NO_BALLOTS, LOG, NETWORK, 1, T), 0],
]
for (const [whyNot, told, weight] of WHY_NOT) {
  test(`why not: ${whyNot}, for a weight of ${weight}`, () => {
    assert.deepEqual([told.whyNot, told.weight, told.revision], [whyNot, weight, undefined])
  })
}

test('the last millisecond is still in time', () => {
  assert.equal(standing([], 1, T + HOUR - 1).whyNot, undefined)
  assert.equal(standing([voteOf(PROPOSAL, { voter: 1, revision: 2 })], 1).revision, 3)
})

test('a voter is told where this node could not follow the decision', () => {
  const later = proposalOf(ELECTORATE, {
    question: { kind: 'yes-no', effects: [{ kind: 'unknown', number: 99, bytes: NETWORK }] },
  })
  const told = votingStanding(stateWith([later]), LOG, later.id, 0, T)
  assert.deepEqual([told.upgradeNeeded, told.whyNot], [true, undefined])
})

test('a voter is told the power of a choice, and the credits it leaves', () => {
  const options = ['a', 'b'].map((text) => ({ text, effects: [] }))
  const quadratic = { kind: 'quadratic', credits: 100, options } as const
  const spend = {
    form: 'spend',
    spending: [
      { option: 0, credits: 25 },
      { option: 1, credits: 10 },
    ],
  } as const
  assert.deepEqual([powerOf(spend, 3), creditsLeft(quadratic, spend)], [3 * (5 + 3), 65])
  assert.deepEqual([powerOf({ form: 'yes' }, 3), creditsLeft(YES_NO, { form: 'yes' })], [3, undefined])
  assert.deepEqual([powerOf({ form: 'approve', options: [0, 1] }, 3), powerOf({ form: 'abstain' }, 3)], [3, 3])
  assert.equal(creditsLeft(quadratic, { form: 'abstain' }), 100)
})

test('a member is told which slot its next proposal has, and that there are no more than three', () => {
  const slots = [1, 2, 3].map((slot) => proposalOf(ELECTORATE, { slot }))
  const next = (count: number, log: Partial<LogSettings> = {}, index: number | undefined = 0) => {
    const told = proposingStanding(stateWith(slots.slice(0, count)), logOf({ electorate: ELECTORATE, ...log }), index)
    return told.whyNot ?? told.slot
  }
  assert.deepEqual(
    [0, 1, 2, 3].map((count) => next(count)),
    [1, 2, 3, 'no-slot-left'],
  )
  assert.equal(next(3, { usable: new Map([[0, [1, 3, 4]]]) }), 4)
  assert.equal(next(0, { revoked: [0] }), 'revoked')
  const nobody = proposingStanding(NO_BALLOTS, LOG, undefined)
  assert.deepEqual([nobody.whyNot, proposingStanding(NO_BALLOTS, LOG, 9).whyNot], ['not-a-member', 'not-a-member'])
  assert.equal(proposingStanding(NO_BALLOTS, logOf({ electorate: ELECTORATE, terms: [] }), 0).whyNot, 'not-a-member')
  const told = proposingStanding(NO_BALLOTS, LOG, 1)
  assert.ok(told.whyNot === undefined && told.terms === currentTerms(LOG))
})

test('an author may take a proposal back until its deadline, before it opens too; nobody else may', () => {
  const why = (objects: readonly SignedObject[], index: number, now = T) =>
    whyNotCancel(stateWith(objects), PROPOSAL.id, index, now)
  assert.equal(why([PROPOSAL], 0), undefined)
  assert.equal(why([PROPOSAL], 0, T - HOUR), undefined)
  assert.equal(why([PROPOSAL], 0, T + HOUR - 1), undefined)
  assert.equal(why([PROPOSAL], 0, T + HOUR), 'over')
  assert.equal(why([PROPOSAL], 1), 'not-the-author')
  assert.equal(why([PROPOSAL, cancelOf(PROPOSAL)], 0), 'cancelled')
  assert.equal(why([], 0), 'unknown-proposal')
  assert.equal(why([PROPOSAL, proposalOf(ELECTORATE, { title: 'Another' })], 0), 'void-proposal')
})

test('a copy of the rules is that of the network, with a voting period that it allows', () => {
  const network = { ...NETWORK_RULES, minVotingPeriodMs: 5_000, maxVotingPeriodMs: 10_000 }
  const copy = copyFor(network, ELECTORATE.root, 5_000)
  assert.ok(copy !== undefined && isCopyOf(network, ELECTORATE.root, copy))
  for (const period of [4_999, 10_001, 5_000.5, Number.NaN]) assert.equal(copyFor(network, ELECTORATE.root, period), undefined)
  for (const changed of [
    { quorum: 1 },
    { threshold: 9_000 },
    { vetoThreshold: 1 },
    { timelockMs: 1 },
    { electorateRoot: NETWORK },
  ]) {
    assert.equal(isCopyOf(network, ELECTORATE.root, { ...copy, ...changed }), false, Object.keys(changed)[0])
  }
})

test('every parameter has a number of its own, a value to begin with within its bounds, and a text for each value', () => {
  const names = parameterNames()
  assert.deepEqual([...names].sort(), Object.keys(PARAMETERS).sort())
  assert.equal(new Set(names.map((name) => PARAMETERS[name].number)).size, names.length)
  for (const name of names) {
    const parameter = PARAMETERS[name]
    assert.equal(parameterOf(parameter.number), name)
    assert.ok(isWithinBounds(name, parameter.initial))
    const bounds = parameter.type === 'integer' ? [parameter.least, parameter.most] : [0, parameter.values.length - 1]
    for (const value of bounds) {
      assert.ok(isWithinBounds(name, value))
      assert.equal(parameterValue(name, formatParameter(name, value).split(' ')[0] ?? ''), value)
    }
    assert.ok(
      !isWithinBounds(name, (bounds[0] ?? 0) - 1) && !isWithinBounds(name, (bounds[1] ?? 0) + 1) && !isWithinBounds(name, 1.5),
    )
  }
  assert.equal(parameterOf(0), undefined)
})

test('a parameter in words: what it cannot be is no value', () => {
  assert.deepEqual(
    ['400', '49', '60001', '4e2', ' 400', '-400', '', '9999999999'].map((text) => parameterValue('delta-ms', text)),
    [400, ...Array.from({ length: 7 }, () => undefined)],
  )
  assert.deepEqual(
    ['vote', 'Vote', '2'].map((text) => parameterValue('admission', text)),
    [2, undefined, undefined],
  )
  assert.deepEqual(
    [formatParameter('admission', 2), formatParameter('delta-ms', 400), formatParameter('admission', 7)],
    ['vote', '400 ms', '7'],
  )
})
