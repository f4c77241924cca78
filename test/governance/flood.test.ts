import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compositePublicKey } from '../../src/crypto/composite.ts'
import { type BallotState, NO_BALLOTS, openProposal } from '../../src/governance/ballot-state.ts'
import { ballotStep } from '../../src/governance/ballot-step.ts'
import { type CheckCredit, checkKey, endCheck, forgetPaid, NO_CHECKS, startCheck } from '../../src/governance/check-credit.ts'
import { makeElectorate } from '../../src/governance/electorate.ts'
import { KeyRing } from '../../src/governance/key-ring.ts'
import type { LogView } from '../../src/governance/log-view.ts'
import { NO_ORPHANS, putOrphan } from '../../src/governance/orphan-pool.ts'
import type { SignedObject } from '../../src/governance/signed-object.ts'
import { signVote } from '../../src/governance/vote.ts'
import { nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { NATIVE, seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { logOf, madeUpElectorate, madeUpVoter, NETWORK, proposalOf, T, voteOf } from './members.ts'

const COPIES = process.env.X0_LONG === undefined ? 2_000 : 100_000

/** Takes what a peer sends at once; every check is answered after `delay` more of it has come. Counts what was done. */
class Target {
  state: BallotState = NO_BALLOTS
  readonly view: LogView
  now = T
  checks = 0
  kept: SignedObject[] = []
  forgotten = 0
  readonly verdicts = new Map<string, number>()
  readonly waiting: { object: SignedObject; from: string | undefined }[] = []

  constructor(view: LogView) {
    this.view = view
  }

  step(event: Parameters<typeof ballotStep>[2]): void {
    const { state, effects } = ballotStep(NATIVE, this.state, event, this.view, this.now)
    this.state = state
    for (const effect of effects) {
      if (effect.type === 'check') this.waiting.push(effect)
      if (effect.type === 'keep') this.kept.push(effect.object)
      if (effect.type === 'evidence') this.kept.push(...effect.evidence)
      if (effect.type === 'forget') this.forgotten += effect.objects.length
      if (effect.type === 'settle') {
        const verdict = effect.verdict === 'accept' ? 'accept' : effect.reason
        this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + 1)
      }
    }
  }

  receive(object: SignedObject, from = 'flooder'): void {
    this.step({ type: 'received', object, from })
  }

  /** Answers the checks that wait. */
  answer(holds: (object: SignedObject) => boolean): void {
    for (const { object, from } of this.waiting.splice(0)) {
      this.checks += 1
      this.step({ type: 'checked', object, from, holds: holds(object) })
    }
  }
}

const ELECTORATE = madeUpElectorate(Array.from({ length: 40 }, () => 1))
const PROPOSAL = proposalOf(ELECTORATE)

function target(): Target {
  const made = new Target(logOf({ electorate: ELECTORATE }))
  made.receive(PROPOSAL, 'friend')
  made.answer(() => true)
  return made
}

test(`${COPIES} differently signed copies of one vote cost one check and one place, and the others' votes land`, async (t) => {
  const seeds = { ed25519: new Uint8Array(32).fill(1), mldsa65: new Uint8Array(32).fill(2) }
  const identity = await nodeIdentityFromSeeds(NATIVE, seeds)
  const flooder = { index: 0, x0Id: identity.x0Id, key: compositePublicKey(identity), weight: 1 }
  const electorate = makeElectorate(NATIVE, [flooder, ...Array.from({ length: 39 }, (_, index) => madeUpVoter(index + 1))])
  const store = new Target(logOf({ electorate }))
  const proposal = proposalOf(electorate, { author: 1 })
  store.receive(proposal, 'friend')
  store.answer(() => true)
  const content = { networkId: NETWORK, proposalId: proposal.id, voter: 0, revision: 0, choice: { form: 'yes' } } as const
  // real signatures for some, to show that each of them is another; the state does not look at them
  const signed = await Promise.all([0, 1, 2].map(() => signVote(NATIVE, identity, content)))
  assert.equal(new Set(signed.map(({ signature }) => toHex(signature))).size, 3)
  assert.equal(new Set(signed.map(({ id }) => toHex(id))).size, 1)
  const ring = new KeyRing(NATIVE)
  for (const { body, signature } of signed) {
    const check = { keys: [flooder.key], message: body, signature, context: new TextEncoder().encode('x0/vote/1') }
    assert.equal(await ring.holds([check]), true)
  }

  const copies = Array.from({ length: COPIES }, (_, seed) => voteOf(proposal, { voter: 0 }, seed))
  store.checks = 0
  const started = performance.now()
  copies.forEach((copy, index) => {
    store.receive(copy)
    // others speak in between, through the same peer
    if (index % Math.trunc(COPIES / 39) === 0)
      store.receive(voteOf(proposal, { voter: 1 + ((index / Math.trunc(COPIES / 39)) % 39) }))
    if (index % 10 === 0) store.answer(() => true)
  })
  store.answer(() => true)
  const took = performance.now() - started
  t.diagnostic(`${COPIES} copies in ${took.toFixed(0)} ms; ${JSON.stringify(Object.fromEntries(store.verdicts))}`)
  assert.equal(store.checks, 1 + 39, 'one check for the flooder, one for each of the others')
  assert.equal(store.kept.filter(({ type }) => type === 'vote').length, 1 + 39)
  const ballots = openProposal(store.state, proposal.id)?.ballots
  assert.ok(ballots?.voters().every((voter) => voter.kind === 'ballots' && voter.ballots.length === 1))
})

test('every vote that a member can sign is kept four times, or as two that prove it cheats', () => {
  const store = target()
  const choices = ['yes', 'no', 'veto', 'abstain'] as const
  for (const choice of choices) {
    for (let revision = 0; revision < 4; revision++) {
      store.receive(voteOf(PROPOSAL, { voter: 0, revision, choice: { form: choice } }))
      store.answer(() => true)
    }
  }
  // four revisions, and a second body for the first of them
  assert.equal(store.checks, 1 + 4 + 1)
  assert.equal(store.kept.length - store.forgotten, 1 + 4 + 2 - 3, 'the proposal, two ballots, and one that is written twice')
  const voter = openProposal(store.state, PROPOSAL.id)?.ballots.voter(0)
  assert.equal(voter?.kind, 'void')
})

test('forged copies in the name of a member: the peer that brings them runs out of credit, the member is heard through others', () => {
  const store = target()
  store.checks = 0
  const genuine = voteOf(PROPOSAL, { voter: 3 })
  const holds = (object: SignedObject) => object === genuine
  for (let seed = 1; seed <= 2_000; seed++) {
    store.receive(voteOf(PROPOSAL, { voter: 3 }, seed))
    store.answer(holds)
  }
  assert.equal(store.checks, 64, 'as many as its credit')
  assert.equal(store.verdicts.get('peer-busy'), 2_000 - 64)
  store.receive(genuine, 'friend')
  store.answer(holds)
  assert.equal(openProposal(store.state, PROPOSAL.id)?.ballots.voter(3).kind, 'ballots')
  // a second later it may try once more
  store.now += 1_000
  for (let seed = 1; seed <= 10; seed++) {
    store.receive(voteOf(PROPOSAL, { voter: 4 }, seed))
    store.answer(holds)
  }
  assert.equal(store.checks, 64 + 1 + 1)
})

test('while a forged copy is checked, the genuine one from another peer is not held up', () => {
  const store = target()
  const genuine = voteOf(PROPOSAL, { voter: 3 })
  for (let seed = 1; seed <= 100; seed++) store.receive(voteOf(PROPOSAL, { voter: 3 }, seed))
  store.receive(genuine, 'friend')
  assert.equal(store.waiting.length, 2, 'one copy a peer')
  store.answer((object) => object === genuine)
  assert.equal(openProposal(store.state, PROPOSAL.id)?.ballots.voter(3).kind, 'ballots')
})

test('what claims to be one member holds up that member alone', () => {
  const store = target()
  const fields = Array.from({ length: 200 }, (_, index) =>
    voteOf(PROPOSAL, { voter: 5, proposalId: new Uint8Array(32).fill(index) }),
  )
  fields.forEach((vote, index) => {
    store.receive(vote, `peer ${index}`)
  })
  assert.equal(store.waiting.length, 16)
  assert.equal(store.verdicts.get('member-busy'), 200 - 16)
  store.receive(voteOf(PROPOSAL, { voter: 6 }), 'peer 0')
  assert.equal(store.waiting.length, 17)
})

test('ballots for proposals that never come fill no more than the pool, and nobody but the member who has most loses', (t) => {
  const votes = fc.array(fc.record({ voter: fc.nat({ max: 39 }), proposal: fc.nat({ max: 60 }) }), {
    minLength: 500,
    maxLength: 900,
  })
  fc.assert(
    fc.property(votes, (flood) => {
      let pool = NO_ORPHANS
      for (const { voter, proposal } of flood) {
        const object = voteOf(PROPOSAL, { voter, proposalId: new Uint8Array(32).fill(proposal) })
        pool = putOrphan(pool, { object, from: 'peer', at: T })
      }
      const counts = new Map<number, number>()
      for (const { object } of pool.orphans.values()) {
        const voter = object.type === 'vote' ? object.voter : 0
        counts.set(voter, (counts.get(voter) ?? 0) + 1)
      }
      for (const [voter, count] of counts) {
        const said = new Set(flood.filter((vote) => vote.voter === voter).map(({ proposal }) => proposal)).size
        assert.equal(count, Math.min(8, said), `voter ${voter}`)
      }
    }),
    seeded(t, 20),
  )
})

test('a full pool of 1,024 stays full, and the newcomer finds its place', () => {
  let pool = NO_ORPHANS
  for (let voter = 0; voter < 300; voter++) {
    for (let proposal = 0; proposal < (voter === 0 ? 8 : 4); proposal++) {
      const object = voteOf(PROPOSAL, { voter, proposalId: new Uint8Array(32).fill(proposal) })
      pool = putOrphan(pool, { object, from: 'peer', at: T })
    }
  }
  assert.equal(pool.orphans.size, 1_024)
  const of = (voter: number) =>
    [...pool.orphans.values()].filter(({ object }) => object.type === 'vote' && object.voter === voter).length
  assert.ok(of(299) >= 1, 'the last member to speak is heard')
  assert.ok(of(0) <= 4, 'and the one with most has given way')
})

const steps = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant('start' as const),
      peer: fc.nat({ max: 400 }),
      id: fc.nat({ max: 30 }),
      member: fc.nat({ max: 30 }),
    }),
    fc.record({ type: fc.constant('end' as const), which: fc.nat(), holds: fc.boolean() }),
    fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: -5_000, max: 5_000 }) }),
  ),
  { maxLength: 1_500, size: 'max' },
)

test('whatever peers send and however the clock jumps, the counters stay bounded, whole and come back to nothing', (t) => {
  fc.assert(
    fc.property(steps, (history) => {
      let credit: CheckCredit = NO_CHECKS
      let now = T
      const running: string[] = []
      for (const step of history) {
        if (step.type === 'wait') now += step.ms
        if (step.type === 'start') {
          const key = checkKey(`${step.id}`, `${step.peer}`)
          const started = startCheck(credit, key, `${step.peer}`, step.member, now)
          if ('credit' in started) {
            credit = started.credit
            running.push(key)
          }
        }
        if (step.type === 'end' && running.length > 0) {
          const [key = ''] = running.splice(step.which % running.length, 1)
          credit = endCheck(credit, key, step.holds, now)
        }
        assert.ok(credit.running.size <= 256 && credit.debts.size <= 256)
        assert.equal(credit.running.size, running.length)
        for (const { ms, at } of credit.debts.values())
          assert.ok(Number.isSafeInteger(ms) && ms <= 64_000 && Number.isSafeInteger(at))
      }
      for (const key of running) credit = endCheck(credit, key, true, now)
      assert.deepEqual([forgetPaid(credit, now + 1e9).debts.size, credit.running.size], [0, 0])
    }),
    seeded(t, 60),
  )
})

test('of peers that brought forgeries the last 256 are remembered', () => {
  let credit: CheckCredit = NO_CHECKS
  for (let peer = 0; peer < 300; peer++) {
    const started = startCheck(credit, checkKey('id', `${peer}`), `${peer}`, 0, T)
    assert.ok('credit' in started)
    credit = endCheck(started.credit, checkKey('id', `${peer}`), false, T)
  }
  assert.deepEqual([credit.debts.size, credit.debts.has('43'), credit.debts.has('44')], [256, false, true])
  assert.equal(endCheck(credit, 'no such check', false, T), credit)
  let full = NO_CHECKS
  let refused = ''
  for (let check = 0; check < 257; check++) {
    const started = startCheck(full, checkKey(`${check}`, `${check}`), `${check}`, check, T)
    if ('refusal' in started) refused = started.refusal
    else full = started.credit
  }
  assert.deepEqual([full.running.size, refused], [256, 'busy'])
})
