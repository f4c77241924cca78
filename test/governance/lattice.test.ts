import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BallotSet } from '../../src/governance/ballot-set.ts'
import { closeSlot, FIRST_SLOTS, type UsableSlots } from '../../src/governance/proposal-slots.ts'
import { EMPTY_SLOT, type Identified, isSlotAtMost, joinSlots, type Slot, slotWith } from '../../src/governance/slot.ts'
import {
  type BallotItem,
  ballotsOf,
  countedBallot,
  holdsBallot,
  isVoterAtMost,
  joinVoters,
  noBallots,
  type VoterBallots,
  voterDigest,
} from '../../src/governance/voter-ballots.ts'
import { NATIVE, seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'

/* A ballot here is a letter and a revision: the lattice looks at no more of it. */

const idOf = (letter: number) => new Uint8Array(32).fill(letter)
const body: fc.Arbitrary<Identified> = fc.nat({ max: 3 }).map((letter) => ({ id: idOf(letter) }))
const item: fc.Arbitrary<BallotItem> = fc
  .record({ letter: fc.nat({ max: 2 }), revision: fc.nat({ max: 3 }) })
  .map(({ letter, revision }) => ({ revision, id: idOf(1 + 4 * letter + revision) }))

const slots = fc
  .array(body, { maxLength: 3 })
  .map((bodies) => bodies.reduce((slot: Slot<Identified>, next) => joinSlots(slot, slotWith(next)), EMPTY_SLOT))
const voters = fc
  .array(item, { maxLength: 5 })
  .map((items) => items.reduce((voter: VoterBallots<BallotItem>, next) => joinVoters(voter, ballotsOf(next)), noBallots()))

/** What a slot or a voter is, without the evidence, which is a witness and no part of the state. */
const slotState = (slot: Slot<Identified>): string => (slot.kind === 'one' ? toHex(slot.body.id) : slot.kind)
const voterState = (voter: VoterBallots<BallotItem>): string =>
  voter.kind === 'ballots' ? voter.ballots.map(({ revision, id }) => `${revision}${toHex(id)}`).join() : voter.kind

/** What was said: by whom (position), what. Or that the author took the proposal back, or signed another one. */
type Said = { readonly position: number; readonly item: BallotItem } | 'cancel' | 'second proposal'
const VOTERS = 130
const said: fc.Arbitrary<Said> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ position: fc.constantFrom(0, 1, 63, 64, 129), item }) },
  { weight: 1, arbitrary: fc.constantFrom('cancel' as const, 'second proposal' as const) },
)
const PLACE = { author: 3, slot: 2, id: idOf(200) }
const empty = (place = PLACE): BallotSet<BallotItem> => BallotSet.empty(NATIVE, place, VOTERS)
const tell = (set: BallotSet<BallotItem>, one: Said): BallotSet<BallotItem> =>
  one === 'cancel' ? set.withCancel() : one === 'second proposal' ? set.voided() : set.with(one.position, one.item)
const setOf = (all: readonly Said[]): BallotSet<BallotItem> => all.reduce(tell, empty())
const sets = fc.array(said, { maxLength: 12 }).map(setOf)

interface Laws<Element> {
  readonly elements: fc.Arbitrary<Element>
  readonly join: (one: Element, other: Element) => Element
  readonly isAtMost: (one: Element, other: Element) => boolean
  readonly state: (element: Element) => string
}
const LATTICES: { slot: Laws<Slot<Identified>>; voter: Laws<VoterBallots<BallotItem>>; set: Laws<BallotSet<BallotItem>> } = {
  slot: { elements: slots, join: joinSlots, isAtMost: isSlotAtMost, state: slotState },
  voter: { elements: voters, join: joinVoters, isAtMost: isVoterAtMost, state: voterState },
  set: {
    elements: sets,
    join: (one, other) => one.join(other),
    isAtMost: (one, other) => one.isAtMost(other),
    state: (set) => toHex(set.root()),
  },
}

function lawsHold<Element>({ elements, join, isAtMost, state }: Laws<Element>) {
  return fc.property(elements, elements, elements, (a, b, c) => {
    assert.equal(state(join(a, b)), state(join(b, a)), 'commutative')
    assert.equal(state(join(a, join(b, c))), state(join(join(a, b), c)), 'associative')
    assert.equal(state(join(a, a)), state(a), 'idempotent')
    assert.equal(isAtMost(a, b), state(join(a, b)) === state(b), 'the order is that of the join')
    assert.ok(isAtMost(a, join(a, b)) && isAtMost(b, join(a, b)), 'the join is above both')
    assert.ok(isAtMost(a, a), 'the order is reflexive')
    if (isAtMost(a, b) && isAtMost(b, a)) assert.equal(state(a), state(b), 'the order is antisymmetric')
    if (isAtMost(a, b) && isAtMost(b, c)) assert.ok(isAtMost(a, c), 'the order is transitive')
  })
}

test('slots are a lattice: the join is commutative, associative and idempotent, and gives the order', (t) => {
  fc.assert(lawsHold(LATTICES.slot), seeded(t, 3_000))
})

test('ballots of a voter are a lattice: the join is commutative, associative and idempotent, and gives the order', (t) => {
  fc.assert(lawsHold(LATTICES.voter), seeded(t, 5_000))
})

test('sets of ballots are a lattice: the join is commutative, associative and idempotent, and gives the order', (t) => {
  fc.assert(lawsHold(LATTICES.set), seeded(t, 500))
})

test('a slot goes from empty to one body to equivocation, and keeps two bodies that prove it', () => {
  const [a, b] = [{ id: idOf(1) }, { id: idOf(2) }]
  const one = joinSlots(EMPTY_SLOT, slotWith(a))
  assert.deepEqual(one, { kind: 'one', body: a })
  assert.deepEqual(joinSlots(one, slotWith({ id: idOf(1) })), one, 'another signature of the same body is the same body')
  assert.deepEqual(joinSlots(one, slotWith(b)), { kind: 'equivocation', evidence: [a, b] })
  assert.ok(isSlotAtMost(EMPTY_SLOT, one) && !isSlotAtMost(one, EMPTY_SLOT))
  assert.ok(!isSlotAtMost(one, slotWith(b)) && !isSlotAtMost(slotWith(b), one), 'two bodies do not compare')
})

test('the highest revision counts, and an equivocation in any revision voids the voter', (t) => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 8 }), (items) => {
      const voter = items.reduce((all: VoterBallots<BallotItem>, next) => joinVoters(all, ballotsOf(next)), noBallots())
      const bodies = (revision: number) => new Set(items.filter((one) => one.revision === revision).map(({ id }) => toHex(id)))
      const cheated = [0, 1, 2, 3].some((revision) => bodies(revision).size > 1)
      assert.equal(voter.kind, items.length === 0 ? 'nothing' : cheated ? 'void' : 'ballots')
      const highest = Math.max(...items.map(({ revision }) => revision))
      assert.equal(countedBallot(voter)?.revision, cheated || items.length === 0 ? undefined : highest)
      for (const one of items) assert.ok(holdsBallot(voter, one))
      if (voter.kind === 'void') {
        const [one, other] = voter.evidence
        assert.equal(one.revision, other.revision)
        assert.notEqual(toHex(one.id), toHex(other.id))
      }
    }),
    seeded(t, 2_000),
  )
})

test('whatever was said, in whatever order, cut up and repeated at will, makes the same set with the same root', (t) => {
  const history = fc.array(said, { maxLength: 30 }).chain((all) =>
    fc.record({
      all: fc.constant(all),
      // every item once, in any order, and some of them again
      other: fc
        .tuple(fc.shuffledSubarray(all, { minLength: all.length }), fc.shuffledSubarray(all))
        .map(([order, again]) => [...order, ...again]),
      cut: fc.nat({ max: all.length }),
    }),
  )
  fc.assert(
    fc.property(history, ({ all, other, cut }) => {
      const set = setOf(all)
      assert.equal(toHex(setOf(other).root()), toHex(set.root()))
      assert.equal(
        toHex(
          setOf(all.slice(0, cut))
            .join(setOf(all.slice(cut)))
            .root(),
        ),
        toHex(set.root()),
      )
      assert.ok(setOf(all.slice(0, cut)).isAtMost(set))
    }),
    seeded(t, 400),
  )
})

test('two sets have the same root if and only if they say the same', (t) => {
  const states = (set: BallotSet<BallotItem>): string =>
    set.isVoid ? 'void' : `${set.isCancelled} ${set.voters().map(voterState).join(';')}`
  fc.assert(
    fc.property(sets, sets, (one, other) => {
      assert.equal(toHex(one.root()) === toHex(other.root()), states(one) === states(other))
    }),
    seeded(t, 500),
  )
  // pairs that differ in one thing only, which the random ones seldom are
  const ballot = { id: idOf(1), revision: 0 }
  const distinct = [
    empty(),
    empty().with(0, ballot),
    empty().with(1, ballot),
    empty().with(64, ballot),
    empty().with(0, { id: idOf(2), revision: 0 }),
    empty().with(0, { id: idOf(1), revision: 1 }),
    empty()
      .with(0, ballot)
      .with(0, { id: idOf(1), revision: 1 }),
    empty()
      .with(0, ballot)
      .with(0, { id: idOf(2), revision: 0 }),
    empty().withCancel(),
    empty().voided(),
    empty({ ...PLACE, id: idOf(201) }),
    empty({ ...PLACE, slot: 3 }),
    empty({ ...PLACE, author: 4 }),
    empty({ ...PLACE, author: 4 }).voided(),
    BallotSet.empty<BallotItem>(NATIVE, PLACE, VOTERS + 1),
  ]
  assert.equal(new Set(distinct.map((set) => toHex(set.root()))).size, distinct.length)
})

test('an equivocation hashes as a constant, whichever two bodies show it', () => {
  const ballot = (letter: number, revision = 0) => ({ id: idOf(letter), revision })
  const one = empty().with(5, ballot(1)).with(5, ballot(2))
  const other = empty().with(5, ballot(9, 2)).with(5, ballot(8, 2)).with(5, ballot(7, 3))
  assert.equal(toHex(one.root()), toHex(other.root()))
  assert.equal(toHex(voterDigest(NATIVE, one.voter(5)) ?? idOf(0)), toHex(voterDigest(NATIVE, other.voter(5)) ?? idOf(1)))
  assert.equal(
    toHex(empty().voided().root()),
    toHex(
      empty({ ...PLACE, id: idOf(77) })
        .voided()
        .root(),
    ),
  )
  assert.equal(
    toHex(
      empty()
        .join(empty({ ...PLACE, id: idOf(77) }))
        .root(),
    ),
    toHex(empty().voided().root()),
  )
})

test('a set is a value: what is added makes another one, and what adds nothing makes none', () => {
  const ballot = { id: idOf(1), revision: 0 }
  const before = empty()
  const root = toHex(before.root())
  const after = before.with(64, ballot)
  assert.equal(toHex(before.root()), root)
  assert.equal(before.voter(64).kind, 'nothing')
  assert.equal(after.with(64, { ...ballot }), after)
  assert.equal(after.withCancel().withCancel().isCancelled, true)
  assert.equal(after.voided().with(1, ballot).withCancel().isCancelled, false, 'nothing counts in a void set')
  assert.deepEqual([after.voided().voters(), after.voided().chunkDigest(0)], [[], undefined])
  assert.deepEqual([after.voters().length, after.chunkCount, after.chunkDigest(3)], [VOTERS, 3, undefined])
  // only the chunk that was touched has another digest
  assert.deepEqual(
    [0, 1, 2].map((number) => toHex(after.chunkDigest(number) ?? idOf(0)) === toHex(before.chunkDigest(number) ?? idOf(1))),
    [true, false, true],
  )
})

test('a set does not take what is not its own', () => {
  for (const position of [-1, VOTERS, 0.5]) assert.throws(() => empty().with(position, { id: idOf(1), revision: 0 }), RangeError)
  for (const other of [
    empty({ ...PLACE, slot: 9 }),
    empty({ ...PLACE, author: 9 }),
    BallotSet.empty<BallotItem>(NATIVE, PLACE, 5),
  ]) {
    assert.throws(() => empty().join(other), RangeError)
    assert.throws(() => empty().isAtMost(other), RangeError)
  }
})

test("an author has three slots: a number at most three above the author's closed proposals, whatever closes first", (t) => {
  const closings = fc.array(fc.nat({ max: 2 }), { maxLength: 60 })
  fc.assert(
    fc.property(closings, (which) => {
      let usable: UsableSlots = FIRST_SLOTS
      const closed = new Set<number>()
      for (const place of which) {
        const slot = usable[place] ?? 0
        usable = closeSlot(usable, slot)
        closed.add(slot)
        const allowed = Array.from({ length: closed.size + 3 }, (_, index) => index + 1).filter((number) => !closed.has(number))
        assert.deepEqual(usable, allowed)
      }
    }),
    seeded(t, 300),
  )
  assert.throws(() => closeSlot(FIRST_SLOTS, 4), RangeError)
})
