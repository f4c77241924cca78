import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TENDERMINT } from '../../../src/governance/log/consensus-form.ts'
import { type Decision, decodeDecision, encodeDecision } from '../../../src/governance/log/decision.ts'
import {
  DecisionLog,
  type DecisionLogEffect,
  type DecisionLogEvent,
  type DecisionLogOptions,
} from '../../../src/governance/log/decision-log.ts'
import { genesisState, type LogState } from '../../../src/governance/log/log-state.ts'
import type { ConsensusMessage } from '../../../src/governance/log/message.ts'
import { makeValue, type Value } from '../../../src/governance/log/message.ts'
import { type Closing, decodeRecord, encodeRecord, type RecordBody } from '../../../src/governance/log/record.ts'
import { type Agenda, RecordMaker } from '../../../src/governance/log/record-maker.ts'
import { blankLock, lockedBy } from '../../../src/governance/log/sign-lock.ts'
import { contextOf, encodeStatement } from '../../../src/governance/log/statement.ts'
import {
  ELECT,
  FROM_THE_FUTURE,
  SET_PARAMETER,
  TOY_NETWORK,
  type ToyState,
  toyClosing,
  toyId,
  toyMachine,
  toyVerify,
} from '../../sim/toy-network.ts'
import { ballot } from '../../sim/votes.ts'
import { decide, toyMember } from './committee.ts'

const { networkId, createdAt } = TOY_NETWORK
const MACHINE = toyMachine(ELECT)
const TIMING = { deltaMs: 400, epsilonMs: 200 }
const ALONE = [toyMember(0)]
const FOUR = [0, 1, 2, 3].map((index) => toyMember(index))

/** Votes that end at these times, all of them passed. */
function agendaOf(closings: readonly (readonly [Closing, number])[]): Agenda<ToyState> {
  const open = (state: ToyState) => closings.filter(([{ proposal }]) => !state.closed.includes(proposal))
  return {
    nextDeadline: (state) => Math.min(...open(state).map(([, deadline]) => deadline)),
    propose(state, { time }) {
      const [due] = open(state).filter(([, deadline]) => deadline <= time)
      return due === undefined ? undefined : { closing: due[0], support: new Uint8Array(0) }
    },
    judge: (_state, closing, _support, { time }) => {
      const known = closings.find(([{ proposal }]) => proposal === closing.proposal)
      return known === undefined ? 'wait' : known[1] <= time ? 'accept' : 'refuse'
    },
  }
}

function closing(number: number, effect = Uint8Array.of(SET_PARAMETER, number), timelock = 0): Closing {
  return toyClosing({ number, deadline: createdAt, timelock, effect }, ballot(0, true))
}

function genesis(members = FOUR): LogState<ToyState> {
  const attesters = members.map(({ attester }) => attester)
  return genesisState({ ...TOY_NETWORK, attesters }, { closed: [], parameter: 0, attesters, done: [] })
}

/** A log whose disk and signer answer at once. */
class Bench {
  readonly log: DecisionLog<ToyState>
  readonly seen: DecisionLogEffect<ToyState>[] = []
  now = 0

  constructor(options: Partial<DecisionLogOptions<ToyState>> = {}) {
    this.log = new DecisionLog<ToyState>({
      machine: MACHINE,
      agenda: agendaOf([]),
      head: genesis(),
      self: 0,
      timing: TIMING,
      verify: toyVerify,
      rules: TENDERMINT,
      lock: undefined,
      isRestored: false,
      checkpoint: undefined,
      ...options,
    })
    this.#take(this.log.start(this.#moment()))
  }

  do(event: DecisionLogEvent): this {
    this.#take(this.log.step(event, this.#moment()))
    return this
  }

  hears(decision: Decision): this {
    return this.do({ type: 'decision', from: 'peer', decision: decodeDecision(encodeDecision(decision)) })
  }

  at(now: number): this {
    this.now = now
    return this.do({ type: 'tick' })
  }

  of<Type extends DecisionLogEffect<ToyState>['type']>(type: Type) {
    return this.seen.filter((effect): effect is Extract<DecisionLogEffect<ToyState>, { type: Type }> => effect.type === type)
  }

  #take(effects: readonly DecisionLogEffect<ToyState>[]): void {
    for (const effect of effects) {
      this.seen.push(effect)
      if (effect.type === 'persist') this.do({ type: 'persisted', sequence: effect.sequence })
      else if (effect.type === 'store') this.do({ type: 'stored', height: effect.decision.record.height })
      else if (effect.type === 'sign') {
        this.do({ type: 'signed', token: effect.token, signature: toyMember(0).sign(effect.statement, effect.context) })
      }
    }
  }

  #moment() {
    return { wall: createdAt + this.now, monotonic: this.now }
  }
}

function entry(height: number, index: number): ConsensusMessage {
  const slot = { kind: 'entry' as const, height, epoch: 0, round: 0, attester: index, wall: createdAt }
  return { ...slot, signature: toyMember(index).sign(encodeStatement(networkId, slot), contextOf('entry')) }
}

describe('a log', () => {
  it('sleeps until something is due, decides it, and sleeps again: one attester alone', () => {
    const bench = new Bench({
      head: genesis(ALONE),
      agenda: agendaOf([
        [closing(1), createdAt + 5_000],
        [closing(2), createdAt + 9_000],
      ]),
    })
    assert.equal(bench.log.dueAt, 5_000)
    bench.at(4_999)
    assert.equal(bench.of('sign').length, 0)
    bench.at(5_000)
    assert.deepEqual([bench.log.head.height, bench.log.head.time, bench.log.head.state.parameter], [1, createdAt + 5_000, 1])
    assert.deepEqual([bench.log.round, bench.log.dueAt], [-1, 9_000])
    bench.at(60_000)
    assert.deepEqual([bench.log.head.height, bench.log.dueAt], [2, Number.POSITIVE_INFINITY])
    assert.deepEqual(
      bench.of('announce').map(({ decision }) => decision.record.height),
      [1, 2],
    )
  })

  it('makes a record when a timelock is over, and says at the start and after each record what is in force', () => {
    const bench = new Bench({ head: genesis(ALONE), agenda: agendaOf([[closing(1, undefined, 3_000), createdAt + 5_000]]) }).at(
      5_000,
    )
    assert.deepEqual([bench.log.head.state.parameter, bench.log.dueAt], [0, 8_000])
    bench.at(8_000)
    assert.deepEqual([bench.log.head.height, bench.log.head.state.parameter], [2, 1])
    assert.deepEqual(
      bench.of('reconcile').map(({ state }) => state.state.parameter),
      [0, 0, 1],
    )
  })

  it('puts a record on disk before it goes on from it', () => {
    const decision = decide(MACHINE, genesis(), FOUR, { time: createdAt + 5, closes: closing(1) })
    const bench = new Bench()
    const effects = bench.log.step({ type: 'decision', from: 'peer', decision }, { wall: createdAt, monotonic: 0 })
    assert.deepEqual(
      effects.map(({ type }) => type),
      ['announce', 'store'],
    )
    assert.deepEqual([bench.log.head.height, bench.log.dueAt], [0, Number.POSITIVE_INFINITY])
    bench
      .hears(decision)
      .do({ type: 'message', from: 'peer', message: entry(1, 1) })
      .do({ type: 'stored', height: 7 })
    assert.equal(bench.log.head.height, 0)
    bench.do({ type: 'stored', height: 1 })
    assert.equal(bench.log.head.hash, decision.hash)
  })

  it('asks who is further on, once in a while, and supplies who is behind', () => {
    const decision = decide(MACHINE, genesis(), FOUR, { time: createdAt + 5, closes: closing(1) })
    const bench = new Bench()
    for (let time = 0; time < 3; time++) bench.do({ type: 'head', from: 'ahead', height: 9 })
    assert.deepEqual(
      bench.of('ask').map(({ to, from }) => [to, from]),
      [['ahead', 1]],
    )
    bench.at(500).do({ type: 'message', from: 'other', message: entry(5, 1) })
    bench.at(1_000).hears({ ...decision, record: { ...decision.record, height: 3 }, ...heightThree(decision) })
    assert.deepEqual(
      bench.of('ask').map(({ to }) => to),
      ['ahead', 'other', 'peer'],
    )
    bench.hears(decision).do({ type: 'head', from: 'behind', height: 0 })
    const empty = { round: -1, entries: 0, prevotes: 0, precommits: 0, hasProposal: false }
    bench.do({ type: 'summary', from: 'late', summary: { height: 1, ...empty } })
    bench.do({ type: 'summary', from: 'level', summary: { height: 2, ...empty } }).do({ type: 'head', from: 'level', height: 1 })
    assert.deepEqual(
      bench.of('supply').map(({ to, from }) => [to, from]),
      [
        ['behind', 1],
        ['late', 1],
      ],
    )
  })

  it('counts a bad decision against who brought it and follows a good one afterwards', () => {
    const good = decide(MACHINE, genesis(), FOUR, { time: createdAt + 5, closes: closing(1) })
    const short = decide(MACHINE, genesis(), FOUR.slice(0, 2), { time: createdAt + 5, closes: closing(1) })
    const bench = new Bench().hears(short)
    assert.deepEqual(
      bench.of('bad-decision').map(({ from, fault }) => [from, fault]),
      [['peer', 'too-few-signatures']],
    )
    assert.equal(bench.hears(good).log.head.height, 1)
  })

  it('refuses another history than the one of its checkpoint, and signs nothing that the checkpoint covers', () => {
    const real = decide(MACHINE, genesis(ALONE), ALONE, { time: createdAt + 5, closes: closing(1) })
    const forged = decide(MACHINE, genesis(ALONE), ALONE, { time: createdAt + 6, closes: closing(1) })
    const agenda = agendaOf([
      [closing(1), createdAt + 1],
      [closing(2), createdAt + 20],
    ])
    const bench = new Bench({ head: genesis(ALONE), agenda, checkpoint: { networkId, height: 1, hash: real.hash } }).at(10)
    assert.equal(bench.of('sign').length, 0)
    bench.hears(forged)
    assert.deepEqual(
      bench.of('bad-decision').map(({ fault }) => fault),
      ['other-history'],
    )
    bench.hears(real).at(20)
    assert.equal(bench.log.head.height, 2)
  })
})

describe('a log stops for ever', () => {
  const one = decide(MACHINE, genesis(), FOUR.slice(0, 3), { time: createdAt + 5, closes: closing(1) })
  const other = decide(MACHINE, genesis(), FOUR.slice(1), { time: createdAt + 6, closes: closing(1) })

  it('at a second certificate for a height that it knows: it keeps both and picks no side', () => {
    const bench = new Bench().hears(one).hears(one)
    assert.equal(bench.log.stopped, undefined)
    bench.hears(other)
    assert.deepEqual(
      bench.of('stopped').map(({ why, decision }) => [why, decision.hash]),
      [['fork', other.hash]],
    )
    const before = bench.seen.length
    bench.hears(decide(MACHINE, bench.log.head, FOUR, { time: createdAt + 9, closes: closing(2) })).at(99_999)
    assert.deepEqual([bench.seen.length, bench.log.head.height, bench.log.dueAt], [before, 1, Number.POSITIVE_INFINITY])
  })

  it('also while the first is on its way to the disk; not for one that proves nothing', () => {
    const bench = new Bench()
    bench.log.step({ type: 'decision', from: 'peer', decision: one }, { wall: createdAt, monotonic: 0 })
    const short = decide(MACHINE, genesis(), FOUR.slice(2), { time: createdAt + 6, closes: closing(1) })
    assert.equal(bench.hears(short).log.stopped, undefined)
    assert.equal(bench.hears(other).log.stopped, 'fork')
  })

  it('at an effect that it does not know, before the record; what an upgraded one starts from is the state before', () => {
    const newer = toyMachine(FROM_THE_FUTURE)
    const decision = decide(newer, genesis(), FOUR, {
      time: createdAt + 5,
      closes: closing(1, Uint8Array.of(FROM_THE_FUTURE, 3)),
    })
    const bench = new Bench().hears(decision)
    assert.deepEqual([bench.log.stopped, bench.log.head.height, bench.of('store').length], ['upgrade-needed', 0, 0])
    const upgraded = new Bench({ machine: newer, head: bench.log.head }).hears(decision)
    assert.equal(upgraded.log.head.height, 1)
  })

  it('at a record that more than two thirds signed and that does not follow', () => {
    const wrong = decide(MACHINE, genesis(), FOUR, {
      time: createdAt + 5,
      closes: closing(1),
      alter: (record) => ({ ...record, stateRoot: '11'.repeat(32) }),
    })
    assert.equal(new Bench().hears(wrong).log.stopped, 'wrong-state')
  })
})

describe('a node from a backup', () => {
  const agenda = agendaOf([1, 2, 3, 4].map((number) => [closing(number), createdAt + 10] as const))
  const decisions = [1, 2, 3].reduce<{ head: LogState<ToyState>; list: Decision[] }>(
    ({ head, list }, number) => {
      const bench = new Bench({ head })
      const decision = decide(MACHINE, head, FOUR, { time: createdAt + 10, closes: closing(number) })
      return { head: bench.hears(decision).log.head, list: [...list, decision] }
    },
    { head: genesis(), list: [] },
  ).list

  it('signs nothing before it has synced, nor at the height that was being decided then', () => {
    const bench = new Bench({ agenda, isRestored: true }).at(10)
    const [first, second, third] = decisions
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    bench.hears(first)
    assert.equal(bench.of('sign').length, 0)
    bench.do({ type: 'synced' }).at(60_000)
    assert.equal(bench.of('sign').length, 0, 'height 2 may be what it signed before')
    bench.hears(second)
    assert.ok(bench.of('sign').length > 0, 'height 3 cannot be')
  })

  it('signs where the operator says from which height on it may; and once that is said it stays', () => {
    const bench = new Bench({ head: genesis(ALONE), agenda, isRestored: true }).at(10)
    assert.equal(bench.log.head.height, 0)
    bench.do({ type: 'synced', signFrom: 1 })
    assert.equal(bench.log.head.height, 4)
    const later = new Bench({ head: genesis(ALONE), agenda, isRestored: true })
      .do({ type: 'synced', signFrom: 9 })
      .do({ type: 'synced', signFrom: 1 })
      .at(10)
    assert.equal(later.log.head.height, 0)
  })

  it('whose lock is further on than its log signs nothing below the lock', () => {
    const lock = lockedBy(blankLock(3, 0), { kind: 'entry', height: 3, epoch: 0, round: 0, attester: 0, wall: createdAt })
    const bench = new Bench({ agenda, lock }).at(10)
    const [first, second] = decisions
    assert.ok(first !== undefined && second !== undefined)
    bench.hears(first)
    assert.equal(bench.of('sign').length, 0)
    bench.hears(second)
    assert.ok(bench.of('sign').length > 0)
  })
})

describe('a proposed record', () => {
  const head = { ...genesis(), time: createdAt + 50 }
  const agenda = agendaOf([[closing(1), createdAt + 100]])
  const maker = new RecordMaker(MACHINE, agenda, head, 2)
  const now = { wall: createdAt + 200, monotonic: 0 }
  const at = (time: number) => ({ round: 0, medianTime: createdAt + time, now })

  function proposed(time: number): Value {
    const value = maker.propose(at(time))
    assert.ok(value !== undefined && 'body' in value)
    return value
  }

  function altered(change: Partial<RecordBody>): Value {
    return makeValue(encodeRecord({ ...decodeRecord(proposed(150).body), ...change }), new Uint8Array(0))
  }

  it('has the median time, and never an earlier one than its parent', () => {
    assert.equal(decodeRecord(proposed(150).body).time, createdAt + 150)
    assert.equal(maker.judge(proposed(150), at(150)), 'accept')
    assert.equal(maker.judge(proposed(150), at(151)), 'refuse')
    assert.equal(maker.judge(altered({ time: createdAt + 49 }), { ...at(150), medianTime: undefined }), 'refuse')
    assert.equal(maker.judge(proposed(150), { ...at(999), medianTime: undefined }), 'accept', 'again, with a proof')
  })

  it('is refused where any part of it does not follow from the state', () => {
    const changes: Partial<RecordBody>[] = [
      { networkId: new Uint8Array(32) },
      { height: 2 },
      { parent: '22'.repeat(32) },
      { epoch: 1 },
      { stateRoot: '22'.repeat(32) },
      { executes: [] },
      { executes: [toyId({ number: 2 })] },
      { closes: { ...closing(1), effects: Uint8Array.of(1, 9) } },
      { closes: undefined },
    ]
    for (const change of changes) assert.equal(maker.judge(altered(change), at(150)), 'refuse', Object.keys(change)[0])
    assert.equal(maker.judge(makeValue(Uint8Array.of(1, 2, 3), new Uint8Array(0)), at(150)), 'refuse')
    const closed = new RecordMaker(MACHINE, agenda, { ...head, state: { ...head.state, closed: [closing(1).proposal] } }, 2)
    assert.equal(closed.judge(proposed(150), at(150)), 'refuse')
  })

  it('waits for a proposal that is not here yet, and is refused before the end of its vote', () => {
    const early = new RecordMaker(MACHINE, agendaOf([[closing(1), createdAt + 151]]), head, 2)
    assert.equal(early.judge(proposed(150), at(150)), 'refuse')
    assert.equal(new RecordMaker(MACHINE, agendaOf([]), head, 2).judge(proposed(150), at(150)), 'wait')
  })

  it('is not made where there is nothing to do, or what to do is not known to this version', () => {
    assert.equal(maker.propose(at(99)), undefined)
    const future = new RecordMaker(MACHINE, agendaOf([[closing(1, Uint8Array.of(FROM_THE_FUTURE, 1)), createdAt]]), head, 2)
    assert.equal(future.propose(at(150)), undefined)
  })

  it('ends a timelock while a vote still waits for its cut, and carries nothing beside it then', () => {
    const pending = [
      { proposal: toyId({ number: 5 }), author: 0, slot: 5, executeAt: createdAt + 60, effects: Uint8Array.of(SET_PARAMETER, 5) },
    ]
    const waiting: Agenda<ToyState> = { ...agenda, propose: () => ({ notBefore: createdAt + 500 }) }
    const busy = new RecordMaker(MACHINE, waiting, { ...head, pending }, 2)
    const value = busy.propose(at(150))
    assert.ok(value !== undefined && 'body' in value)
    assert.deepEqual(decodeRecord(value.body).executes, [toyId({ number: 5 })])
    assert.equal(busy.judge(value, at(150)), 'accept')
    assert.equal(busy.judge({ ...value, support: Uint8Array.of(1) }, at(150)), 'refuse')
    assert.deepEqual(busy.propose(at(55)), { notBefore: createdAt + 500 })
  })
})

/** The same certificate on a record of height 3. */
function heightThree(decision: Decision): Pick<Decision, 'body'> {
  return { body: encodeRecord({ ...decision.record, height: 3 }) }
}
