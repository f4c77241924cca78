import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeOutline, encodeOutline, fillOutline } from '../../src/governance/ballot-outline.ts'
import { BallotSet } from '../../src/governance/ballot-set.ts'
import { GovernanceError } from '../../src/governance/governance-error.ts'
import type { Vote } from '../../src/governance/vote.ts'
import { NATIVE, seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { madeUpElectorate, proposalOf, voteOf } from './members.ts'

const INPUTS = process.env.X0_LONG === undefined ? 5_000 : 100_000
const VOTERS = 130
const ELECTORATE = madeUpElectorate(Array.from({ length: VOTERS }, () => 1))
const PROPOSAL = proposalOf(ELECTORATE)
const EMPTY = BallotSet.empty<Vote>(NATIVE, PROPOSAL, VOTERS)
const VOTES: readonly Vote[] = [0, 63, 64, 129].flatMap((voter) =>
  [0, 1, 3].flatMap((revision) =>
    (['yes', 'no'] as const).map((form) => voteOf(PROPOSAL, { voter, revision, choice: { form } })),
  ),
)
const setOf = (numbers: readonly number[]): BallotSet<Vote> =>
  numbers.flatMap((number) => VOTES[number] ?? []).reduce((set, vote) => set.with(vote.voter, vote), EMPTY)
const sets = fc
  .tuple(fc.subarray(VOTES.map((_, number) => number)), fc.nat({ max: 9 }))
  .map(([numbers, end]) => (end === 0 ? setOf(numbers).voided() : end < 4 ? setOf(numbers).withCancel() : setOf(numbers)))
const over = <Item extends { id: Uint8Array; revision: number }>(set: BallotSet<Item>) =>
  decodeOutline(NATIVE, encodeOutline(set))

test('an outline has the root of the set that it is of, and compares like it', (t) => {
  fc.assert(
    fc.property(sets, sets, (one, other) => {
      assert.equal(toHex(over(one).root()), toHex(one.root()))
      assert.equal(over(one).isAtMost(other), one.isAtMost(other))
      assert.equal(one.isAtMost(over(other)), one.isAtMost(other))
      assert.equal(toHex(encodeOutline(over(one))), toHex(encodeOutline(one)))
    }),
    seeded(t, 300),
  )
})

test('an outline is filled with ballots that are here, or says of whom some are missing', (t) => {
  const numbers = fc.subarray(VOTES.map((_, number) => number))
  fc.assert(
    fc.property(numbers, numbers, fc.boolean(), (meant, more, cancelled) => {
      const set = cancelled ? setOf(meant).withCancel() : setOf(meant)
      const outline = over(set)
      const same = fillOutline(NATIVE, outline, set)
      assert.ok('ballots' in same)
      assert.equal(toHex(same.ballots.root()), toHex(set.root()))
      const own = setOf(more)
      const filled = fillOutline(NATIVE, outline, own)
      const voters = set.voters().map((voter, position) => ({ voter, position }))
      const expected = voters.flatMap(({ voter, position }) => {
        const here = own.voter(position)
        const ids = (here.kind === 'void' ? here.evidence : here.kind === 'ballots' ? here.ballots : []).map(({ id }) =>
          toHex(id),
        )
        const has = voter.kind === 'ballots' ? voter.ballots.every(({ id }) => ids.includes(toHex(id))) : voter.kind === here.kind
        return has || voter.kind === 'nothing' ? [] : [position]
      })
      assert.deepEqual('missing' in filled ? filled.missing : [], expected)
      if ('ballots' in filled) assert.equal(toHex(filled.ballots.root()), toHex(set.root()))
    }),
    seeded(t, 500),
  )
  const rival = BallotSet.empty<Vote>(NATIVE, proposalOf(ELECTORATE, { title: 'Rival' }), VOTERS)
  for (const [outline, own] of [
    [over(EMPTY), rival],
    [over(EMPTY.voided()), EMPTY],
    [over(EMPTY), EMPTY.voided()],
  ] as const) {
    assert.throws(() => fillOutline(NATIVE, outline, own), RangeError)
  }
})

test('the layout is that of docs/governance.md, and the largest outline has its limit', () => {
  const vote = voteOf(PROPOSAL, { voter: 64, revision: 3 })
  const twice = (['yes', 'no'] as const).map((form) => voteOf(PROPOSAL, { voter: 1, choice: { form } }))
  const set = [vote, ...twice].reduce((all, one) => all.with(one.voter, one), EMPTY).withCancel()
  const head = `${Buffer.from('x0-outline/1\0').toString('hex')}${'0000'}${'00000001'}`
  assert.equal(toHex(encodeOutline(set)), `${head}01${toHex(PROPOSAL.id)}00820002000100${'0040'}${'08'}${toHex(vote.id)}`)
  assert.equal(toHex(encodeOutline(set.voided())), `${head}02`)
  const all = madeUpElectorate(Array.from({ length: 1_024 }, () => 1))
  const proposal = proposalOf(all)
  const votes = all.voters.flatMap(({ index }) => [0, 1, 2, 3].map((revision) => voteOf(proposal, { voter: index, revision })))
  const full = votes.reduce((filled, one) => filled.with(one.voter, one), BallotSet.empty<Vote>(NATIVE, proposal, 1_024))
  const encoded = encodeOutline(full)
  assert.equal(encoded.length, 134_200)
  assert.equal(toHex(decodeOutline(NATIVE, encoded).root()), toHex(full.root()))
})

test('no bytes make the decoder of an outline do anything but read or refuse, and what it reads has one encoding', (t) => {
  const edit = fc.record({ at: fc.nat(), value: fc.nat({ max: 255 }), kind: fc.nat({ max: 3 }) })
  const mutated = fc.tuple(sets, fc.array(edit, { maxLength: 2 })).map(([set, edits]) => {
    let output = Buffer.from(encodeOutline(set))
    for (const { at, value, kind } of edits) {
      const spot = at % Math.max(1, kind === 0 ? Math.min(output.length, 64) : output.length)
      if (kind < 2) output[spot] = value
      else if (kind === 2) output = output.subarray(0, spot)
      else output = Buffer.concat([output.subarray(0, spot), Uint8Array.of(value), output.subarray(spot)])
    }
    return output
  })
  let read = 0
  fc.assert(
    fc.property(
      fc.oneof({ weight: 8, arbitrary: mutated }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) }),
      (input) => {
        try {
          assert.equal(toHex(encodeOutline(decodeOutline(NATIVE, input))), toHex(input))
          read += 1
        } catch (error) {
          if (!(error instanceof GovernanceError)) throw error
          assert.equal(error.code, 'bad-outline')
        }
      },
    ),
    seeded(t, INPUTS),
  )
  t.diagnostic(`${INPUTS} inputs, ${read} of them read`)
  assert.ok(read > INPUTS / 20)
})

test('refused as an outline: voters out of order, a revision or position that there is not, slot 0, no voters', () => {
  const good = encodeOutline(setOf([0, 6]))
  const head = 13 + 2 + 4
  const changed = (at: number, ...values: number[]): Uint8Array => {
    const bytes = Uint8Array.from(good)
    bytes.set(values, at)
    return bytes
  }
  const voters = head + 1 + 32 + 2 + 2
  for (const [what, bytes, hint] of [
    ['slot 0', changed(head - 4, 0, 0, 0, 0), /no slot/],
    ['a state of 3', changed(head, 3), /no state/],
    ['nobody', changed(head + 33, 0, 0), /number of 0/],
    ['1,025 voters', changed(head + 33, 4, 1), /1025/],
    ['more voters than there are', changed(head + 33, 0, 1), /2, 1 allowed/],
    ['a position that nobody has', changed(voters, 0, 130), /130, 129 allowed/],
    ['out of order', changed(voters, 0, 63), /out of order/],
    ['revision 4', changed(voters + 2, 16), /a revision/],
  ] as const) {
    assert.throws(
      () => decodeOutline(NATIVE, bytes),
      (error) => error instanceof GovernanceError && error.code === 'bad-outline' && hint.test(error.message),
      what,
    )
  }
})
