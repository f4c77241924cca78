import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ACCEPTANCE_CONTEXT, acceptanceBody } from '../../../src/governance/acceptance.ts'
import { GovernanceError } from '../../../src/governance/governance-error.ts'
import { makeAttesterSet } from '../../../src/governance/log/attester-set.ts'
import { type ChainFault, follow } from '../../../src/governance/log/chain.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/governance/log/checkpoint.ts'
import { type Decision, decodeDecision, encodeDecision } from '../../../src/governance/log/decision.ts'
import { electedAttesters } from '../../../src/governance/log/election.ts'
import { doubleSigners, provesFork } from '../../../src/governance/log/fork.ts'
import { genesisState, type LogState } from '../../../src/governance/log/log-state.ts'
import {
  ELECT,
  FROM_THE_FUTURE,
  SET_PARAMETER,
  TOY_NETWORK,
  type ToyState,
  toyAttester,
  toyClosing,
  toyMachine,
  toyVerify,
} from '../../sim/toy-network.ts'
import { ballot, type Votes } from '../../sim/votes.ts'
import { decide, proofBy, realMember, realVerify, toyMember } from './committee.ts'

const { networkId, createdAt } = TOY_NETWORK
const MACHINE = toyMachine(ELECT)
const YES: Votes = ballot(0, true) | ballot(1, true)
const FOUR = [0, 1, 2, 3].map((index) => toyMember(index))

function genesis(members = FOUR): LogState<ToyState> {
  const attesters = members.map(({ attester }) => attester)
  return genesisState({ ...TOY_NETWORK, attesters }, { closed: [], parameter: 0, attesters, done: [] })
}

function closing(number: number, options: { effect?: Uint8Array; timelock?: number; votes?: Votes } = {}) {
  const { effect = Uint8Array.of(SET_PARAMETER, number), timelock = 0, votes = YES } = options
  return toyClosing({ number, deadline: createdAt, timelock, effect }, votes)
}

function after(before: LogState<ToyState>, decision: Decision): LogState<ToyState> {
  const followed = follow(MACHINE, before, decision, toyVerify)
  assert.ok('state' in followed, JSON.stringify(followed))
  return followed.state
}

function faultOf(before: LogState<ToyState>, decision: Decision, verify = toyVerify): ChainFault | undefined {
  const followed = follow(MACHINE, before, decision, verify)
  return 'fault' in followed ? followed.fault : undefined
}

describe('a late joiner with real signatures', () => {
  const members = [0, 1, 2, 3].map((index) => realMember(index))
  const start = genesis(members)
  const three = members.slice(0, 3)
  const good = decide(MACHINE, start, three, { time: createdAt + 5, closes: closing(1) })

  it('follows a decision that came over the wire', () => {
    const followed = follow(MACHINE, start, decodeDecision(encodeDecision(good)), realVerify)
    assert.ok('state' in followed)
    assert.deepEqual([followed.state.height, followed.state.hash, followed.state.state.parameter], [1, good.hash, 1])
  })

  it('refuses one signature short, one forged, one signer twice, a stranger, and another epoch', () => {
    const { signatures } = good.certificate
    const [first, second, third] = signatures
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    const having = (changed: Partial<Decision['certificate']>): Decision => ({
      ...good,
      certificate: { ...good.certificate, ...changed },
    })
    const flipped = Uint8Array.from(third.signature)
    flipped[0] = (flipped[0] ?? 0) ^ 1
    const cases: [Decision, ChainFault][] = [
      [having({ signatures: [first, second] }), 'too-few-signatures'],
      [having({ signatures: [first, second, { ...third, signature: flipped }] }), 'forged-signature'],
      [having({ signatures: [first, second, { attester: 3, signature: third.signature }] }), 'forged-signature'],
      [having({ signatures: [first, second, second] }), 'duplicate-signer'],
      [having({ signatures: [first, second, third, { attester: 9, signature: third.signature }] }), 'foreign-signer'],
      [having({ round: 1 }), 'forged-signature'],
      [
        decide(MACHINE, start, three, { time: createdAt + 5, closes: closing(1), alter: (record) => ({ ...record, epoch: 1 }) }),
        'wrong-epoch',
      ],
    ]
    for (const [decision, fault] of cases) assert.equal(faultOf(start, decision, realVerify), fault)
  })

  it('takes no prevotes for precommits', () => {
    const prevotes = proofBy(three, networkId, { ...good.certificate, kind: 'prevote' })
    const decision = { ...good, certificate: { ...good.certificate, signatures: prevotes.signatures } }
    assert.equal(faultOf(start, decision, realVerify), 'forged-signature')
  })

  it('elects whoever signed to accept by this one proposal, and nobody else', () => {
    const newcomer = realMember(7)
    const place = { author: 2, slot: 5 }
    const acceptance = newcomer.sign(acceptanceBody({ networkId, index: 7, weight: 1, ...place }), ACCEPTANCE_CONTEXT)
    const election = { kind: 'elect-attesters' as const, add: [{ index: 7, weight: 1, acceptance }], remove: [3] }
    const context = {
      networkId,
      place,
      verify: realVerify,
      keyOf: (index: number) => (index === 7 ? newcomer.attester.key : undefined),
    }
    const elected = electedAttesters(start.set, election, context)
    assert.deepEqual(
      elected?.map(({ index }) => index),
      [0, 1, 2, 7],
    )
    assert.equal(electedAttesters(start.set, election, { ...context, place: { author: 2, slot: 6 } }), undefined)
    assert.equal(electedAttesters(start.set, election, { ...context, keyOf: () => undefined }), undefined)
    assert.equal(electedAttesters(start.set, { ...election, add: [{ index: 7, weight: 2, acceptance }] }, context), undefined)
  })
})

describe('a chain', () => {
  it('of records is followed to its end, and every record out of place is refused', () => {
    let state = genesis()
    const chain: Decision[] = []
    for (let number = 1; number <= 7; number++) {
      const decision = decide(MACHINE, state, FOUR.slice(number % 2, 4), {
        time: createdAt + number,
        closes: closing(number),
        round: number % 3,
      })
      chain.push(decision)
      state = after(state, decision)
    }
    const joined = chain.reduce((before, decision) => after(before, decodeDecision(encodeDecision(decision))), genesis())
    assert.deepEqual(joined, state)
    assert.deepEqual(joined.state.done.length, 7)
    const [first, second] = chain
    assert.ok(first !== undefined && second !== undefined)
    assert.equal(faultOf(genesis(), second), 'broken-chain')
    assert.equal(faultOf(state, first), 'broken-chain')
    const other = { ...genesis(), networkId: new Uint8Array(32) }
    assert.equal(faultOf(other, first), 'other-network')
  })

  it('that departs from the checkpoint of the invite is refused, even with certificates that hold', () => {
    const real = decide(MACHINE, genesis(), FOUR, { time: createdAt + 5, closes: closing(1) })
    const forged = decide(MACHINE, genesis(), FOUR, { time: createdAt + 6, closes: closing(1) })
    const checkpoint = decodeCheckpoint(encodeCheckpoint({ networkId, height: 1, hash: real.hash }))
    assert.ok('state' in follow(MACHINE, genesis(), real, toyVerify, checkpoint))
    assert.deepEqual(follow(MACHINE, genesis(), forged, toyVerify, checkpoint), { fault: 'other-history' })
    assert.ok('state' in follow(MACHINE, genesis(), forged, toyVerify, { ...checkpoint, height: 2 }))
  })

  it('refuses what more than two thirds signed and does not follow', () => {
    const start = genesis()
    const alter = (changed: object) =>
      decide(MACHINE, start, FOUR, { time: createdAt + 5, closes: closing(1), alter: (record) => ({ ...record, ...changed }) })
    assert.equal(faultOf(start, alter({ stateRoot: '00'.repeat(32) })), 'wrong-state')
    assert.equal(faultOf(start, alter({ executes: [] })), 'wrong-state')
    assert.equal(faultOf(start, alter({ executes: [closing(2).proposal] })), 'wrong-state')
    assert.equal(faultOf(start, alter({ time: createdAt - 1 })), 'wrong-state')
    const closed = after(start, decide(MACHINE, start, FOUR, { time: createdAt + 5, closes: closing(1) }))
    const again = decide(MACHINE, { ...closed, state: start.state }, FOUR, { time: createdAt + 6, closes: closing(1) })
    assert.equal(faultOf(closed, again), 'wrong-state')
  })

  it('holds effects back until their timelock, by the time of the records, and then in order', () => {
    let state = genesis()
    state = after(state, decide(MACHINE, state, FOUR, { time: createdAt + 10, closes: closing(1, { timelock: 100 }) }))
    state = after(state, decide(MACHINE, state, FOUR, { time: createdAt + 20, closes: closing(2, { timelock: 50 }) }))
    assert.deepEqual([state.state.parameter, state.pending.map(({ executeAt }) => executeAt - createdAt)], [0, [70, 110]])
    assert.throws(() => decide(MACHINE, state, FOUR, { time: createdAt + 69 }), /nothing-happens/)
    const due = decide(MACHINE, state, FOUR, { time: createdAt + 200 })
    assert.deepEqual(due.record.executes, [closing(2).proposal, closing(1).proposal])
    state = after(state, due)
    assert.deepEqual([state.state.parameter, state.pending], [1, []])
  })

  it('ends sixteen timelocks in one record and the rest in the next', () => {
    const state = genesis()
    const pending = Array.from({ length: 18 }, (_, at) => ({
      proposal: at.toString(16).padStart(64, '0'),
      author: 0,
      slot: at,
      executeAt: createdAt + 1,
      effects: Uint8Array.of(SET_PARAMETER, at),
    }))
    const first = decide(MACHINE, { ...state, pending }, FOUR, { time: createdAt + 2 })
    assert.equal(first.record.executes.length, 16)
    assert.equal(after({ ...state, pending }, first).pending.length, 2)
  })

  it('keeps no more decisions waiting than its limit', () => {
    const pending = Array.from({ length: 1_024 }, () => ({
      proposal: '00',
      author: 0,
      slot: 0,
      executeAt: createdAt + 9,
      effects: Uint8Array.of(1, 1),
    }))
    assert.throws(
      () => decide(MACHINE, { ...genesis(), pending }, FOUR, { time: createdAt, closes: closing(1, { timelock: 5 }) }),
      /too-many-pending/,
    )
  })

  it('is not followed into what this version does not know; an upgraded one goes on from the same state', () => {
    const newer = toyMachine(FROM_THE_FUTURE)
    const start = genesis()
    const decision = decide(newer, start, FOUR, {
      time: createdAt + 5,
      closes: closing(1, { effect: Uint8Array.of(FROM_THE_FUTURE, 1) }),
    })
    assert.equal(faultOf(start, decision), 'upgrade-needed')
    assert.ok('state' in follow(newer, start, decision, toyVerify))
  })
})

describe('epochs', () => {
  const elects = (index: number) => closing(1, { effect: Uint8Array.of(ELECT, index) })

  it('change with the record that elects: the next one needs the new set, under its number', () => {
    const start = genesis()
    const next = after(start, decide(MACHINE, start, FOUR, { time: createdAt + 5, closes: elects(4) }))
    assert.deepEqual([next.set.epoch, next.set.weight, next.set.attesters.length], [1, 5, 5])
    const five = [...FOUR, toyMember(4)]
    const by = (signers: typeof FOUR) => decide(MACHINE, next, signers, { time: createdAt + 6, closes: closing(2) })
    assert.equal(faultOf(next, by(FOUR.slice(0, 3))), 'too-few-signatures')
    assert.equal(faultOf(next, by(five.slice(1))), undefined)
    const old = decide(MACHINE, next, FOUR, {
      time: createdAt + 6,
      closes: closing(2),
      alter: (record) => ({ ...record, epoch: 0 }),
    })
    assert.equal(faultOf(next, old), 'wrong-epoch')
  })

  it('do not change by a third at once, nor to a set that cannot be; the rest of the record holds', () => {
    const three = FOUR.slice(0, 3)
    // the one who is elected again goes: one of three
    const start = genesis(three)
    const decision = decide(MACHINE, start, three, { time: createdAt + 5, closes: elects(2) })
    const followed = follow(MACHINE, start, decision, toyVerify)
    assert.ok('state' in followed)
    assert.deepEqual([followed.state.set, followed.voided], [start.set, [elects(2).proposal]])
    assert.deepEqual(followed.state.state.done, [])
    const alone = genesis(FOUR.slice(0, 1))
    const nobody = decide(MACHINE, alone, FOUR.slice(0, 1), { time: createdAt + 5, closes: elects(0) })
    assert.deepEqual(after(alone, nobody).set, alone.set)
  })

  it('are held to the set that decides, however many elections one record carries out', () => {
    const start = genesis()
    const pending = [4, 5, 6].map((index) => ({
      proposal: index.toString(16).padStart(64, '0'),
      author: 0,
      slot: index,
      executeAt: createdAt + 1,
      effects: Uint8Array.of(ELECT, index),
    }))
    const waiting = { ...start, pending }
    const followed = follow(MACHINE, waiting, decide(MACHINE, waiting, FOUR, { time: createdAt + 2 }), toyVerify)
    assert.ok('state' in followed)
    // 1 of 5 is below a third, 2 of 6 is not
    assert.deepEqual(
      followed.state.set.attesters.map(({ index }) => index),
      [0, 1, 2, 3, 4],
    )
    assert.equal(followed.state.set.epoch, 1)
    assert.equal(followed.voided.length, 2)
  })
})

describe('two certificates of one height', () => {
  const start = genesis()
  const one = decide(MACHINE, start, FOUR.slice(0, 3), { time: createdAt + 5, closes: closing(1) })
  const other = decide(MACHINE, start, FOUR.slice(1), { time: createdAt + 6, closes: closing(1), round: 2 })

  it('prove that more than a third cheated, and name who is in both', () => {
    assert.ok(provesFork({ one, other }, start.set, networkId, toyVerify))
    assert.deepEqual(doubleSigners({ one, other }), [1, 2])
  })

  it('prove nothing where they are the same record, or one does not hold', () => {
    const again = decide(MACHINE, start, FOUR.slice(1), { time: createdAt + 5, closes: closing(1), round: 1 })
    assert.equal(provesFork({ one, other: again }, start.set, networkId, toyVerify), false)
    const short = decide(MACHINE, start, FOUR.slice(2), { time: createdAt + 6, closes: closing(1) })
    assert.equal(provesFork({ one, other: short }, start.set, networkId, toyVerify), false)
    const later = decide(MACHINE, after(start, one), FOUR, { time: createdAt + 6, closes: closing(2) })
    assert.equal(provesFork({ one, other: later }, start.set, networkId, toyVerify), false)
    const elsewhere = makeAttesterSet(0, [toyAttester(8, 1)])
    assert.equal(provesFork({ one, other }, elsewhere, networkId, toyVerify), false)
  })

  it('a signer twice has no encoding', () => {
    const { signatures } = one.certificate
    const [first] = signatures
    assert.ok(first !== undefined)
    const twice = { ...one, certificate: { ...one.certificate, signatures: [first, first] } }
    assert.throws(
      () => decodeDecision(encodeDecision(twice)),
      (error) => error instanceof GovernanceError && error.code === 'bad-decision',
    )
  })
})
