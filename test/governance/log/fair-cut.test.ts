import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BallotSet } from '../../../src/governance/ballot-set.ts'
import { hexOf } from '../../../src/governance/form.ts'
import { FairCut, type VoteSets } from '../../../src/governance/log/fair-cut.ts'
import type { BallotItem } from '../../../src/governance/voter-ballots.ts'
import { NATIVE } from '../../crypto/backends.ts'

type Ballots = BallotSet<BallotItem>

/** The ballots of tier 1, as the fair cut sees them. */
const BALLOTS: VoteSets<Ballots> = {
  includes: (set, part) => part.isAtMost(set),
  join: (one, other) => one.join(other),
  root: (set) => hexOf(set.root()),
}
const NONE: Ballots = BallotSet.empty(NATIVE, { author: 0, slot: 1, id: new Uint8Array(32) }, 4)
const D = 1_000_000
const TIMING = { deltaMs: 400, epsilonMs: 200 }
const CUT = D + 500
const LATE = D + 1_000
const R0 = 2

function ballot(voter: number, body = 1): Ballots {
  return NONE.with(voter, { revision: 0, id: new Uint8Array(32).fill(body) })
}

function all(...sets: readonly Ballots[]): Ballots {
  return sets.reduce((one, other) => one.join(other), NONE)
}

/** An attester that had each of these at its time. */
function witness(...arrivals: readonly (readonly [set: Ballots, at: number])[]): FairCut<Ballots> {
  const cut = new FairCut(BALLOTS, TIMING, { deadline: D, mine: NONE, timely: NONE, isWitness: true }, D - 60_000)
  for (const [set, at] of arrivals) cut.take(set, at)
  return cut
}

describe('a fair cut', () => {
  it('holds every vote that the attester had before the deadline: one millisecond decides', () => {
    const cut = witness([ballot(0), D - 1], [ballot(1), D])
    assert.equal(cut.judge(ballot(0), 0, R0, LATE), 'accept')
    assert.equal(cut.judge(ballot(1), 0, R0, LATE), 'refuse')
    assert.equal(cut.judge(ballot(1), R0 + 9, R0, LATE), 'refuse', 'in every round')
    assert.equal(cut.judge(all(ballot(0), ballot(1)), 0, R0, LATE), 'accept')
  })

  it('holds no vote that the attester had not by D + 2 delta + epsilon, until round R0', () => {
    const cut = witness([ballot(0), D - 1], [ballot(1), LATE], [ballot(2), LATE + 1])
    assert.equal(cut.judge(all(ballot(0), ballot(1)), R0 - 1, R0, LATE + 5), 'accept')
    const late = all(ballot(0), ballot(2))
    assert.equal(cut.judge(late, R0 - 1, R0, LATE + 5), 'refuse')
    assert.equal(cut.judge(late, R0, R0, LATE + 5), 'accept')
  })

  it('is not judged before the own deadline, nor before all of it is here', () => {
    const cut = witness([ballot(0), D - 5])
    assert.equal(cut.judge(ballot(0), 0, R0, D - 1), 'wait')
    assert.equal(cut.judge(all(ballot(0), ballot(3)), 0, R0, CUT), 'wait')
    cut.take(ballot(3), CUT)
    assert.equal(cut.judge(all(ballot(0), ballot(3)), 0, R0, CUT), 'accept')
  })

  it('is proposed at D + delta + epsilon / 2, without what came since; from R0 on with it', () => {
    const cut = witness([ballot(0), D - 5], [ballot(1), CUT - 1], [ballot(2), CUT])
    assert.deepEqual(cut.propose(0, R0, D), { notBefore: CUT })
    const early = cut.propose(1, R0, LATE)
    assert.ok(early instanceof BallotSet)
    assert.equal(BALLOTS.root(early), BALLOTS.root(all(ballot(0), ballot(1))))
    const later = cut.propose(R0, R0, LATE)
    assert.ok(later instanceof BallotSet)
    assert.equal(BALLOTS.root(later), BALLOTS.root(cut.mine))
  })

  it('counts two ballots of one voter for more than either, and takes the one alone for less than both', () => {
    const both = all(ballot(0, 1), ballot(0, 2))
    assert.equal(witness([ballot(0, 1), D - 1], [ballot(0, 2), CUT]).judge(both, 0, R0, CUT), 'accept')
    assert.equal(witness([both, D - 1]).judge(ballot(0, 1), 0, R0, CUT), 'refuse')
    assert.equal(witness([ballot(0, 1), D - 1], [ballot(0, 2), LATE + 1]).judge(both, 0, R0, LATE + 2), 'refuse')
    assert.equal(BALLOTS.root(both), BALLOTS.root(all(ballot(0, 2), ballot(0, 1))))
  })

  it('of a restarted attester holds to what the disk says was timely, and waives the other bound', () => {
    const start = { deadline: D, mine: all(ballot(0), ballot(1)), timely: ballot(0), isWitness: false }
    const cut = new FairCut(BALLOTS, TIMING, start, LATE + 500)
    cut.take(ballot(2), LATE + 600)
    assert.equal(cut.judge(all(ballot(0), ballot(2)), 0, R0, LATE + 700), 'accept')
    assert.equal(cut.judge(ballot(1), 0, R0, LATE + 700), 'refuse')
  })

  it('of an attester restarted before the deadline counts all that is here by then', () => {
    const start = { deadline: D, mine: ballot(0), timely: NONE, isWitness: false }
    const cut = new FairCut(BALLOTS, TIMING, start, D - 100)
    cut.take(ballot(1), D - 50)
    assert.equal(cut.judge(ballot(0), 0, R0, D), 'refuse')
    assert.equal(cut.judge(all(ballot(0), ballot(1)), 0, R0, D), 'accept')
  })

  it('of an honest proposer passes at every honest attester whose clock and links are as assumed', () => {
    // clocks differ by 100 ms, half of epsilon; messages take up to 400 ms; 200 ways to arrive
    for (let way = 0; way < 200; way++) {
      const skews = [0, 1, 2].map((node) => ((way * 7 + node * 31) % 3) * 50)
      const arrivals = [0, 1, 2, 3].map((voter) => ({
        voter,
        first: (way + voter) % 3,
        at: D - 700 + ((way * 53 + voter * 311) % 1_900),
      }))
      const cuts = skews.map((skew, node) => {
        const had = arrivals
          .map(({ voter, first, at }) => ({
            voter,
            at: at + (node === first ? 0 : (way * 13 + voter * 97 + node * 59) % 401) + skew,
          }))
          .sort((one, other) => one.at - other.at)
        return witness(...had.filter(({ at }) => at <= LATE + 2_000).map(({ voter, at }) => [ballot(voter), at] as const))
      })
      const proposed = cuts[0]?.propose(0, R0, LATE)
      assert.ok(proposed instanceof BallotSet)
      for (const cut of cuts) assert.equal(cut.judge(proposed, 0, R0, LATE + 2_000), 'accept', `way ${way}`)
    }
  })
})
