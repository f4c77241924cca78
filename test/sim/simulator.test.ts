import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MUTANTS } from './mutants.ts'
import { randomScenario, SOUND } from './random-scenario.ts'
import {
  aheadAlone,
  DEADLINE_MS,
  differentOrders,
  halves,
  leftOut,
  PROPOSAL,
  partition,
  quiet,
  ring,
  stopAfterSigning,
  twins,
} from './scripted-scenarios.ts'
import type { NodeParts } from './sim-node.ts'
import { FROM_THE_FUTURE } from './toy-network.ts'
import { ballot } from './votes.ts'
import { runScenario, type Scenario } from './world.ts'

/** `npm run sim -- --runs 2000` is what CI runs beside this. */
const RUNS = 300

describe('networks by chance', () => {
  it('never disagree, sign twice or lose a timely vote, and decide once it is calm', (t) => {
    const first = Number(process.env.X0_SEED ?? Date.now() % 2 ** 31)
    t.diagnostic(`X0_SEED=${first}`)
    for (let seed = first; seed < first + RUNS; seed++) {
      const { failure } = runScenario(randomScenario(seed))
      assert.equal(failure, undefined, `npm run sim -- --runs 1 --seed ${seed}`)
    }
  })

  it('are the same to the last signature for one seed, and others for another', () => {
    const prints = [7, 7, 8].map((seed) => runScenario(randomScenario(seed)).fingerprint)
    assert.equal(prints[0], prints[1])
    assert.notEqual(prints[0], prints[2])
  })
})

describe('a core with one wrong part', () => {
  const stories: [mutant: string, story: (parts: NodeParts) => Scenario, broken: RegExp][] = [
    ['half-quorum', halves, /^disagreement: two decisions at height 1$/],
    ['no-lock', twins, /^disagreement: two decisions at height 1$/],
    ['no-cut-check', leftOut, /^a timely vote is lost: ballot 1 of proposal 1$/],
    ['no-relay', ring, /^not decided /],
    ['lock-not-persisted', stopAfterSigning, /^double-sign: member 0 /],
    ['first-k-cap', differentOrders, /^not decided /],
  ]
  it('is told by a story each', () => {
    assert.deepEqual(stories.map(([mutant]) => mutant).sort(), [...MUTANTS.keys()].sort())
  })
  for (const [mutant, story, broken] of stories) {
    it(`is caught: ${mutant}; the sound one passes the same story`, () => {
      assert.equal(runScenario(story(SOUND)).failure, undefined)
      assert.match(runScenario(story(MUTANTS.get(mutant) ?? SOUND)).failure ?? 'nothing broke', broken)
    })
  }
  for (const [mutant, most] of [
    ['half-quorum', 100],
    ['no-cut-check', 200],
    ['lock-not-persisted', 100],
    ['first-k-cap', 100],
  ] as const) {
    it(`is caught by chance too: ${mutant}`, () => {
      const seeds = Array.from({ length: most }, (_, seed) => seed + 1)
      assert.ok(seeds.some((seed) => runScenario(randomScenario(seed, MUTANTS.get(mutant))).failure !== undefined))
    })
  }
})

describe('a network that', () => {
  const heal = 30_000

  it('is quiet decides within two ways of a message after its cut', () => {
    for (const attesters of [1, 2, 3, 4, 7]) {
      const { failure, decidedAt } = runScenario(quiet(attesters))
      assert.equal(failure, undefined)
      const [first = 0] = decidedAt
      // delta + epsilon / 2 until the cut, four writes of 8 ms, three ways of 50 ms
      assert.ok(first >= DEADLINE_MS + 500 && first < DEADLINE_MS + 500 + 4 * 9 + 3 * 51, `${attesters}: ${first} ms`)
    }
  })

  it('is parted 5 to 2: the five decide meanwhile, the two follow', () => {
    const outcome = runScenario({ ...quiet(7), weather: [partition(heal, [0, 1, 2, 3, 4], [5, 6])], calmFrom: heal })
    assert.equal(outcome.failure, undefined)
    assert.ok((outcome.decidedAt[0] ?? heal) < heal)
    assert.ok(outcome.took < heal + 10_000, `level after ${outcome.took - heal} ms`)
  })

  it('is parted 4 to 3: nobody decides before it is one again, then all do', () => {
    const outcome = runScenario({ ...quiet(7), weather: [partition(heal, [0, 1, 2, 3], [4, 5, 6])], calmFrom: heal })
    assert.equal(outcome.failure, undefined)
    assert.ok((outcome.decidedAt[0] ?? 0) > heal)
    assert.ok(outcome.took < heal + 30_000, `decided ${outcome.took - heal} ms after the heal`)
  })

  it('has lost two of seven attesters decides, the proposer of the first round among them', () => {
    const stops = [1, 4].map((node) => ({ at: 2_500, node, startsAt: undefined }))
    const outcome = runScenario({ ...quiet(7), stops, excused: [1, 4] })
    assert.equal(outcome.failure, undefined)
    assert.ok((outcome.decidedAt[0] ?? 0) < DEADLINE_MS + 6_000)
  })

  it('has lost one of two or of three attesters decides nothing, since two thirds are not more than two thirds', () => {
    for (const attesters of [2, 3]) {
      const stops = [{ at: 2_500, node: 0, startsAt: undefined }]
      const outcome = runScenario({ ...quiet(attesters), stops, excused: [0], patience: 60_000 })
      assert.match(outcome.failure ?? '', /^not decided /)
      assert.equal(outcome.heights, 0)
    }
  })

  it('waits for the votes of one attester, which is in the next round and has stopped since, gets them from its disk', () => {
    const { failure, maxRound } = runScenario(aheadAlone(SOUND))
    assert.equal(failure, undefined)
    assert.ok(maxRound > 0, 'round 0 came to nothing')
  })

  it('meets what an old version does not know: the old node stops and says so', () => {
    const proposal = { ...PROPOSAL, effect: Uint8Array.of(FROM_THE_FUTURE, 1) }
    const base = quiet(4, { ...SOUND, knows: FROM_THE_FUTURE })
    const outcome = runScenario({
      ...base,
      proposals: [{ at: 200, node: 0, proposal }],
      votes: base.votes.map((vote) => ({ ...vote, proposal })),
      nodes: base.nodes.map((node) => (node.index === 3 ? { ...node, parts: { knows: FROM_THE_FUTURE - 1 } } : node)),
      excused: [3],
    })
    assert.equal(outcome.failure, undefined, 'the three others have decided')
    assert.deepEqual([outcome.heights, outcome.stopped], [1, ['3 upgrade-needed']])
  })

  it('has a member who votes twice counts neither of its ballots', () => {
    const base = quiet(4)
    // without the two-faced yes it is one to two
    const choices = [true, true, false, false]
    const votes = base.votes.map((vote, voter) => ({ ...vote, one: ballot(voter, choices[voter] ?? false) }))
    const second = { at: 1_000, node: 3, proposal: PROPOSAL, one: ballot(0, false) }
    assert.equal(runScenario({ ...base, votes: [...votes, second] }).failure, undefined)
  })
})
