import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GovernanceError } from '../../../src/governance/governance-error.ts'
import {
  type Attester,
  type AttesterSet,
  isGradual,
  makeAttesterSet,
  proposerOf,
  strictRounds,
} from '../../../src/governance/log/attester-set.ts'
import { medianTime } from '../../../src/governance/log/median-time.ts'
import { holdsHonest, isQuorum } from '../../../src/governance/log/quorum.ts'
import { seeded } from '../../crypto/backends.ts'
import { toyAttester } from '../../sim/toy-network.ts'

function setOf(...weights: readonly number[]): AttesterSet {
  return makeAttesterSet(
    0,
    weights.flatMap((weight, index) => (weight > 0 ? [toyAttester(index, weight)] : [])),
  )
}

/** Every subset of the attesters, as their weights. */
function subsets(set: AttesterSet): readonly (readonly Attester[])[] {
  return Array.from({ length: 2 ** set.attesters.length }, (_, bits) => set.attesters.filter((_, at) => (bits & (1 << at)) !== 0))
}

function weightIn(members: readonly Attester[], set: AttesterSet): number {
  return members.reduce((sum, { index }) => sum + (set.attesters.find((attester) => attester.index === index)?.weight ?? 0), 0)
}

const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 7 })

test('two quorums always have an honest attester in common while less than a third cheats', (t) => {
  fc.assert(
    fc.property(weights, (list) => {
      const set = setOf(...list)
      const quorums = subsets(set).filter((members) => isQuorum(weightIn(members, set), set.weight))
      for (const one of quorums) {
        for (const other of quorums) {
          const common = weightIn(
            one.filter((member) => other.includes(member)),
            set,
          )
          assert.ok(holdsHonest(common, set.weight))
        }
      }
    }),
    { ...seeded(t, 30) },
  )
})

test('a third is not more than a third, and two thirds are not more than two', () => {
  assert.deepEqual([isQuorum(2, 3), isQuorum(667, 1000), isQuorum(1, 1), isQuorum(3, 4)], [false, true, true, true])
  assert.deepEqual([holdsHonest(1, 3), holdsHonest(334, 1000)], [false, true])
})

test('everybody proposes in turn, each height beginning with another one', () => {
  const set = setOf(5, 1, 9, 1)
  for (let height = 1; height < 6; height++) {
    const turns = [0, 1, 2, 3].map((round) => proposerOf(set, height, round).index)
    assert.deepEqual([...turns].sort(), [0, 1, 2, 3])
    assert.equal(proposerOf(set, height + 1, 0).index, turns[1])
  }
  assert.throws(() => proposerOf(set, 1, 0.5), RangeError)
})

test('in the first R0 rounds an honest attester proposes, whoever cheats below a third', (t) => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 1_000 }), (list, height) => {
      const set = setOf(...list)
      const strict = strictRounds(set)
      for (const cheats of subsets(set).filter((members) => 3 * weightIn(members, set) < set.weight)) {
        const proposers = Array.from({ length: strict }, (_, round) => proposerOf(set, height, round))
        assert.ok(proposers.some((proposer) => !cheats.includes(proposer)))
      }
    }),
    { ...seeded(t, 50) },
  )
  assert.deepEqual([setOf(1), setOf(1, 1, 1), setOf(1, 1, 1, 1), setOf(1, 1, 1, 1, 1, 1, 1)].map(strictRounds), [1, 1, 2, 3])
})

test('after a gradual change every new quorum holds more than a third of the old weight', (t) => {
  const some = fc
    .array(fc.integer({ min: 0, max: 4 }), { minLength: 6, maxLength: 6 })
    .filter((list) => list.some((weight) => weight > 0))
  let gradual = 0
  fc.assert(
    fc.property(some, some, (before, after) => {
      const [old, next] = [setOf(...before), setOf(...after)]
      if (!isGradual(old, next)) return
      gradual += 1
      for (const members of subsets(next)) {
        if (isQuorum(weightIn(members, next), next.weight)) assert.ok(holdsHonest(weightIn(members, old), old.weight))
      }
    }),
    { ...seeded(t, 400) },
  )
  assert.ok(gradual > 10, `${gradual} were gradual`)
})

test('less than a third of the weight changes hands at once', () => {
  const cases: [from: readonly number[], to: readonly number[], isAllowed: boolean][] = [
    [[1, 1, 1, 1], [0, 1, 1, 1, 1], true],
    [[1, 1, 1], [0, 1, 1, 1], false],
    [[1], [1, 1], false],
    [[1], [3, 1], true],
    [[3, 1], [3, 1, 1], true],
    [[2, 2, 2], [1, 1, 1], true],
    [[1, 1, 1, 1], [0, 0, 1, 1], false],
    [[1, 1, 1, 1], [9, 1, 1, 1], false],
  ]
  for (const [from, to, isAllowed] of cases) assert.equal(isGradual(setOf(...from), setOf(...to)), isAllowed, `${from} to ${to}`)
})

test('a set has 1 to 21 attesters, none twice, in order of their index whatever order they come in', () => {
  const refused = (attesters: readonly Attester[]) =>
    assert.throws(
      () => makeAttesterSet(0, attesters),
      (error) => error instanceof GovernanceError && error.code === 'bad-attesters',
    )
  refused([])
  refused(Array.from({ length: 22 }, (_, index) => toyAttester(index, 1)))
  refused([toyAttester(1, 1), toyAttester(1, 2)])
  refused([toyAttester(1, 1), { ...toyAttester(2, 1), key: toyAttester(1, 1).key }])
  refused([toyAttester(1, 0)])
  refused([toyAttester(1, 1_001)])
  refused([toyAttester(65_536, 1)])
  refused([{ ...toyAttester(1, 1), key: new Uint8Array(32) }])
  const set = makeAttesterSet(3, [toyAttester(9, 2), toyAttester(4, 1)])
  assert.deepEqual(
    set.attesters.map(({ index }) => index),
    [4, 9],
  )
  assert.equal(set.root, makeAttesterSet(3, [toyAttester(4, 1), toyAttester(9, 2)]).root)
  assert.notEqual(set.root, makeAttesterSet(4, set.attesters).root)
})

test('the median time lies between two honest clocks, whatever less than a third says', (t) => {
  const readings = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 9_999 })), {
    minLength: 1,
    maxLength: 9,
  })
  fc.assert(
    fc.property(readings, fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }), (list, lies) => {
      const set = setOf(...list.map(([weight]) => weight))
      const liars = new Set<number>()
      let weight = 0
      for (const { index, weight: own } of set.attesters) {
        if (!lies[index] || 3 * (weight + own) >= set.weight) continue
        weight += own
        liars.add(index)
      }
      const said = list.map(([, wall], attester) => ({ attester, wall: liars.has(attester) ? 1e12 * (wall % 2) : wall }))
      const honest = said.filter(({ attester }) => !liars.has(attester)).map(({ wall }) => wall)
      const median = medianTime(said, set)
      assert.ok(median >= Math.min(...honest) && median <= Math.max(...honest))
    }),
    { ...seeded(t, 300) },
  )
  assert.throws(() => medianTime([], setOf(1)), RangeError)
})
