import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { makeAttesterSet } from '../../../src/governance/log/attester-set.ts'
import { Consensus } from '../../../src/governance/log/consensus.ts'
import {
  type ConsensusEffect,
  type ConsensusEvent,
  type Proposing,
  TENDERMINT,
} from '../../../src/governance/log/consensus-form.ts'
import { MAX_TIMEOUT_MS } from '../../../src/governance/log/limits.ts'
import {
  type ConsensusMessage,
  carriedHash,
  decodeMessage,
  encodeMessage,
  makeValue,
  type Value,
} from '../../../src/governance/log/message.ts'
import type { QuorumProof } from '../../../src/governance/log/quorum-proof.ts'
import { blankLock, decodeSignLock, encodeSignLock, lockedBy, type SignLock } from '../../../src/governance/log/sign-lock.ts'
import type { Draft } from '../../../src/governance/log/signing-desk.ts'
import { contextOf, encodeStatement } from '../../../src/governance/log/statement.ts'
import { proposeTimeout, voteTimeout } from '../../../src/governance/log/timing.ts'
import { TOY_NETWORK, toyVerify } from '../../sim/toy-network.ts'
import { type MemberSigner, proofBy, realMember, realVerify, toyMember } from './committee.ts'

const { networkId } = TOY_NETWORK
const TIMING = { deltaMs: 400, epsilonMs: 200 }
/** Of four attesters, n proposes in round n of this height. */
const HEIGHT = 4
const WALL = 1_800_000_000_000
const X = makeValue(Uint8Array.of(1), Uint8Array.of(10))
const Y = makeValue(Uint8Array.of(2), Uint8Array.of(20))
const FOUR = [0, 1, 2, 3].map((index) => toyMember(index))

type Saying = Draft extends infer Each ? (Each extends unknown ? Omit<Each, 'attester' | 'height' | 'epoch'> : never) : never

function said(member: MemberSigner, what: Saying, epoch = 0): ConsensusMessage {
  const draft = { ...what, attester: member.attester.index, height: HEIGHT, epoch } as Draft
  return { ...draft, signature: member.sign(encodeStatement(networkId, draft), contextOf(draft.kind)) }
}

/** One attester, with the disk and the signer that the test works by hand or lets work. */
class Bench {
  readonly core: Consensus
  readonly member: MemberSigner
  /** What came out, save what the bench carried out itself. */
  readonly seen: ConsensusEffect[] = []
  isDiskStuck = false
  now = 0
  lock: SignLock | undefined
  proposing: Proposing = { propose: () => X, judge: () => 'accept' }

  constructor(
    self: number,
    options: { lock?: SignLock; maySign?: boolean; members?: readonly MemberSigner[]; isReal?: boolean } = {},
  ) {
    const members = options.members ?? FOUR
    this.member = members[self] ?? toyMember(self)
    this.lock = options.lock
    this.core = new Consensus({
      networkId,
      height: HEIGHT,
      set: makeAttesterSet(
        0,
        members.map(({ attester }) => attester),
      ),
      self: self < members.length ? self : undefined,
      maySign: options.maySign ?? true,
      timing: TIMING,
      verify: options.isReal === true ? realVerify : toyVerify,
      proposing: {
        propose: (context) => this.proposing.propose(context),
        judge: (value, context) => this.proposing.judge(value, context),
      },
      rules: TENDERMINT,
      lock: options.lock,
      sequence: 0,
    })
  }

  /** Passes an event, and what follows from it until nothing does. */
  do(event: ConsensusEvent): this {
    for (const effect of this.core.step(event, { wall: WALL + this.now, monotonic: this.now })) {
      this.seen.push(effect)
      if (effect.type === 'persist' && !this.isDiskStuck) {
        this.lock = decodeSignLock(encodeSignLock(effect.lock))
        this.do({ type: 'persisted', sequence: effect.sequence })
      } else if (effect.type === 'sign') {
        this.do({ type: 'signed', token: effect.token, signature: this.member.sign(effect.statement, effect.context) })
      }
    }
    return this
  }

  hears(...messages: readonly ConsensusMessage[]): this {
    for (const message of messages) this.do({ type: 'message', from: 'peer', message })
    return this
  }

  /** Until the next thing that waits for time. */
  waits(): this {
    this.now = this.core.dueAt
    return this.do({ type: 'tick' })
  }

  of<Type extends ConsensusEffect['type']>(type: Type): readonly Extract<ConsensusEffect, { type: Type }>[] {
    return this.seen.filter((effect): effect is Extract<ConsensusEffect, { type: Type }> => effect.type === type)
  }

  /** What it said, in short. */
  words(): readonly string[] {
    return this.of('broadcast').map(({ message }) => {
      const what = message.kind === 'entry' ? '' : message.value === X.id ? ' X' : message.value === Y.id ? ' Y' : ' nothing'
      return `${message.round} ${message.kind}${what}`
    })
  }
}

function entries(round: number, ...members: readonly number[]): ConsensusMessage[] {
  return members.map((index) => said(toyMember(index), { kind: 'entry', round, wall: WALL + 10 * index }))
}

function votes(
  kind: 'prevote' | 'precommit',
  round: number,
  value: Value | undefined,
  ...members: readonly number[]
): ConsensusMessage[] {
  return members.map((index) => said(toyMember(index), { kind, round, value: value?.id }))
}

function proposal(round: number, content: Value, proof?: QuorumProof, proposer = round): ConsensusMessage {
  const readings = [0, 1, 2].map((attester) => {
    const { signature } = said(toyMember(attester), { kind: 'entry', round, wall: WALL + attester })
    return { attester, wall: WALL + attester, signature }
  })
  const carriedReadings = proof === undefined ? readings : []
  const carried = carriedHash(content, carriedReadings, proof)
  const validRound = proof?.round ?? -1
  return said(toyMember(proposer), {
    kind: 'proposal',
    round,
    value: content.id,
    content,
    validRound,
    carried,
    readings: carriedReadings,
    proof,
  })
}

function polka(round: number, content: Value, ...members: readonly number[]): QuorumProof {
  return proofBy(
    members.map((index) => toyMember(index)),
    networkId,
    { kind: 'prevote', height: HEIGHT, epoch: 0, round, value: content.id },
  )
}

describe('a round', () => {
  it('goes from entry to decision: the proposer waits for clock readings of more than two thirds', () => {
    const bench = new Bench(0).do({ type: 'begin' }).hears(...entries(0, 1))
    assert.deepEqual(bench.words(), ['0 entry'])
    bench.hears(...entries(0, 2))
    assert.deepEqual(bench.words(), ['0 entry', '0 proposal X', '0 prevote X'])
    const [, made] = bench.of('broadcast')
    assert.ok(made?.message.kind === 'proposal')
    assert.deepEqual(
      made.message.readings.map(({ attester }) => attester),
      [0, 1, 2],
    )
    bench.hears(...votes('prevote', 0, X, 1, 2), ...votes('precommit', 0, X, 1))
    assert.equal(bench.of('decided').length, 0)
    bench.hears(...votes('precommit', 0, X, 3))
    const [decided] = bench.of('decided')
    assert.deepEqual([decided?.value, decided?.proof.signatures.map(({ attester }) => attester)], [X, [0, 1, 3]])
    const before = bench.seen.length
    bench.hears(...votes('precommit', 0, X, 2)).do({ type: 'tick' })
    assert.deepEqual([bench.seen.length, bench.core.dueAt], [before, Number.POSITIVE_INFINITY], 'nothing comes after it')
  })

  it('that brings nothing ends with votes for nothing, and each waits longer than the one before', () => {
    const bench = new Bench(3).do({ type: 'begin' }).waits()
    while (bench.words().length < 2) bench.waits()
    assert.deepEqual([bench.words().at(-1), bench.now], ['0 prevote nothing', proposeTimeout(TIMING, 0)])
    bench.hears(...votes('prevote', 0, undefined, 0, 1))
    assert.equal(bench.words().at(-1), '0 precommit nothing')
    bench.hears(...votes('precommit', 0, undefined, 0, 1))
    const before = bench.now
    while (bench.core.round === 0) bench.waits()
    assert.deepEqual([bench.words().at(-1), bench.now - before], ['1 entry', voteTimeout(TIMING, 0)])
    assert.deepEqual([proposeTimeout(TIMING, 1) > proposeTimeout(TIMING, 0), proposeTimeout(TIMING, 1e6)], [true, MAX_TIMEOUT_MS])
  })

  it('with prevotes that do not agree waits a little for those that do, then precommits nothing', () => {
    const bench = new Bench(3).do({ type: 'begin' }).hears(proposal(0, X))
    bench.hears(...votes('prevote', 0, undefined, 0, 1))
    const before = bench.now
    while (bench.words().at(-1) === '0 prevote X') bench.waits()
    assert.deepEqual([bench.words().at(-1), bench.now - before], ['0 precommit nothing', voteTimeout(TIMING, 0)])
  })

  it('is joined where more than a third is in it, and a third alone lures nobody', () => {
    const bench = new Bench(3).hears(...entries(7, 0))
    assert.equal(bench.core.round, -1)
    bench.hears(...entries(5, 1))
    // one of the two may lie: the lower of their rounds is where an honest one is
    assert.deepEqual(bench.words(), ['4 prevote nothing', '4 precommit nothing', '5 entry'])
  })

  it('waits with its prevote for what it needs to judge, and asks who brought it', () => {
    const bench = new Bench(3).do({ type: 'begin' })
    bench.proposing = { propose: () => undefined, judge: () => 'wait' }
    bench.hears(proposal(0, X))
    assert.deepEqual(
      bench.of('needs').map(({ from, value }) => [from, value.id]),
      [['peer', X.id]],
    )
    bench.do({ type: 'tick' }).do({ type: 'tick' })
    assert.deepEqual([bench.words(), bench.of('needs').length], [['0 entry'], 1], 'asked once')
    bench.waits()
    assert.equal(bench.of('needs').length, 2, 'and again when it says what it has')
    bench.proposing = { propose: () => undefined, judge: () => 'accept' }
    bench.do({ type: 'tick' })
    assert.equal(bench.words().at(-1), '0 prevote X')
  })

  it('of a proposer that must wait for its cut is proposed when that time comes', () => {
    const bench = new Bench(0)
    bench.proposing = { propose: ({ now }) => (now.wall < WALL + 500 ? { notBefore: WALL + 500 } : X), judge: () => 'accept' }
    bench.do({ type: 'begin' }).hears(...entries(0, 1, 2))
    assert.equal(bench.core.dueAt, 500)
    bench.waits()
    assert.equal(bench.words().at(-1), '0 prevote X')
  })
})

describe('the lock', () => {
  /** Attester 3 has precommitted X in round 0; the others go on to round 1. */
  function lockedOnX(): Bench {
    const bench = new Bench(3).do({ type: 'begin' }).hears(proposal(0, X), ...votes('prevote', 0, X, 0, 1))
    assert.deepEqual(bench.words(), ['0 entry', '0 prevote X', '0 precommit X'])
    return bench.hears(...entries(1, 1, 2))
  }

  it('holds against a new value', () => {
    assert.equal(lockedOnX().hears(proposal(1, Y)).words().at(-1), '1 prevote nothing')
  })

  it('lets the same value pass, new or proposed again', () => {
    assert.equal(lockedOnX().hears(proposal(1, X)).words().at(-1), '1 prevote X')
    assert.equal(
      lockedOnX()
        .hears(proposal(1, X, polka(0, X, 0, 1, 3)))
        .words()
        .at(-1),
      '1 prevote X',
    )
  })

  it('yields to prevotes of a later round, and to those of its own; not to an earlier one', () => {
    const bench = lockedOnX().hears(proposal(1, Y), ...votes('precommit', 1, undefined, 1, 2), ...entries(2, 1, 2))
    assert.equal(
      bench
        .hears(proposal(2, Y, polka(1, Y, 0, 1, 2)))
        .words()
        .at(-1),
      '2 prevote Y',
    )
    const later = new Bench(3).do({ type: 'begin' }).hears(...entries(1, 1, 2), proposal(1, X), ...votes('prevote', 1, X, 0, 1))
    assert.equal(later.words().at(-1), '1 precommit X')
    later.hears(...entries(2, 1, 2), proposal(2, Y, polka(0, Y, 0, 1, 2)))
    assert.equal(later.words().at(-1), '2 prevote nothing')
  })

  it('is proposed again by whoever holds it, with its proof, before anything new', () => {
    const bench = lockedOnX().hears(...entries(3, 0, 1))
    const made = bench.of('broadcast').find(({ message }) => message.kind === 'proposal')?.message
    assert.ok(made?.kind === 'proposal')
    assert.deepEqual([made.value, made.validRound, made.proof?.signatures.length], [X.id, 0, 3])
    const wire = decodeMessage(networkId, encodeMessage(networkId, made))
    assert.equal(wire.kind === 'proposal' && wire.proof?.round, 0)
  })

  it('takes a proof that comes after its precommit for the value to propose, without changing what it said', () => {
    const bench = new Bench(3).do({ type: 'begin' }).hears(proposal(0, X), ...votes('prevote', 0, undefined, 1, 2))
    while (bench.words().at(-1) === '0 prevote X') bench.waits()
    // the cheat 1 prevotes both
    bench.hears(...votes('prevote', 0, X, 0, 1), ...entries(3, 0, 1))
    const made = bench.of('broadcast').find(({ message }) => message.kind === 'proposal')?.message
    assert.equal(made?.kind === 'proposal' && made.validRound, 0)
    assert.ok(bench.words().includes('0 precommit nothing') && !bench.words().includes('0 precommit X'))
  })
})

describe('the sign-lock', () => {
  it('is written before anything is signed: while the disk does not answer, nothing is', () => {
    const bench = new Bench(3)
    bench.isDiskStuck = true
    bench.do({ type: 'begin' }).hears(proposal(0, X), ...votes('prevote', 0, X, 0, 1, 2))
    assert.deepEqual([bench.of('persist').length, bench.of('sign').length], [3, 0])
    bench.do({ type: 'persisted', sequence: 1 })
    assert.deepEqual(bench.words(), ['0 entry'])
    bench.do({ type: 'persisted', sequence: 3 })
    assert.deepEqual(bench.words(), ['0 entry', '0 prevote X', '0 precommit X'])
    assert.deepEqual(bench.of('persist')[2]?.lock.locked, { round: 0, value: X.id })
    const before = bench.seen.length
    bench.do({ type: 'persisted', sequence: 3 }).do({ type: 'signed', token: 99, signature: new Uint8Array(3_373) })
    assert.equal(bench.seen.length, before, 'answers to nothing are no words')
  })

  it('of a stopped attester makes it say the same again, and no other thing', () => {
    const before = new Bench(3).do({ type: 'begin' }).hears(proposal(0, X))
    const after = new Bench(3, { lock: before.lock ?? blankLock(0, 0) })
    after.now = 9_999
    after.do({ type: 'begin' })
    assert.deepEqual(after.of('broadcast'), before.of('broadcast'))
    // another proposal of the cheating proposer does not move it
    after.hears(proposal(0, Y), ...votes('prevote', 0, Y, 0, 1))
    assert.deepEqual(after.words(), ['0 entry', '0 prevote X'])
  })

  it('keeps the value it is locked on, with its proof, through a crash at any later word', () => {
    const before = new Bench(3).do({ type: 'begin' }).hears(proposal(0, X), ...votes('prevote', 0, X, 0, 1))
    const after = new Bench(3, { lock: before.lock ?? blankLock(0, 0) }).do({ type: 'begin' })
    assert.deepEqual(after.words(), ['0 entry', '0 prevote X', '0 precommit X'])
    after.hears(...entries(3, 0, 1))
    const made = after.of('broadcast').find(({ message }) => message.kind === 'proposal')?.message
    assert.deepEqual(made?.kind === 'proposal' && [made.content.id, made.validRound], [X.id, 0])
  })

  it('makes a proposer propose once, crash or not', () => {
    const before = new Bench(0).do({ type: 'begin' }).hears(...entries(0, 1))
    before.isDiskStuck = true
    before.hears(...entries(0, 2))
    const [, proposed] = before.of('persist')
    const after = new Bench(0, { lock: proposed?.lock ?? blankLock(0, 0) })
    after.proposing = { propose: () => Y, judge: () => 'accept' }
    after.do({ type: 'begin' }).hears(...entries(0, 1, 2))
    assert.deepEqual(after.words(), ['0 entry'])
  })

  it('brings the votes of the round before along, for those who are still there', () => {
    const before = new Bench(3).do({ type: 'begin' }).hears(proposal(0, X), ...votes('prevote', 0, X, 0, 1), ...entries(1, 1, 2))
    const after = new Bench(3, { lock: before.lock ?? blankLock(0, 0) }).do({ type: 'begin' })
    assert.deepEqual(after.words(), ['0 prevote X', '0 precommit X', '1 entry'])
    after.do({
      type: 'summary',
      from: 'behind',
      summary: { height: HEIGHT, round: 0, entries: 0, prevotes: 0, precommits: 0, hasProposal: false },
    })
    const [sent] = after.of('send')
    assert.deepEqual(
      sent?.messages.map(({ round, kind }) => `${round} ${kind}`),
      ['0 prevote', '0 precommit', '1 entry'],
    )
  })

  it('is a last fence: a second word in one place is a fault of ours and thrown', () => {
    const slot = { height: HEIGHT, epoch: 0, round: 0, attester: 3 }
    const lock = lockedBy(blankLock(HEIGHT, 0), { ...slot, kind: 'prevote', value: X.id })
    assert.throws(() => lockedBy(lock, { ...slot, kind: 'prevote', value: Y.id }), /a second prevote/)
    const later = lockedBy(lock, { ...slot, round: 2, kind: 'entry', wall: WALL })
    assert.throws(() => lockedBy(later, { ...slot, round: 1, kind: 'precommit', value: X.id }), /the sign-lock is at 4\/2/)
    assert.throws(() => lockedBy(lock, { ...slot, height: 5, kind: 'entry', wall: WALL }), /nothing is signed at 5\/0/)
  })

  it('that is lost leaves an attester who only watches, and decides with the others all the same', () => {
    const bench = new Bench(0, { maySign: false }).do({ type: 'begin' })
    bench.hears(...entries(0, 1, 2, 3), ...votes('prevote', 0, undefined, 1, 2, 3), ...votes('precommit', 0, undefined, 1, 2, 3))
    while (bench.core.round === 0) bench.waits()
    bench.hears(proposal(1, X), ...votes('prevote', 1, X, 1, 2, 3), ...votes('precommit', 1, X, 1, 2, 3))
    assert.deepEqual([bench.of('persist').length, bench.of('sign').length, bench.of('decided').length], [0, 0, 1])
  })
})

describe('what others say', () => {
  it('is relayed once, however often and by whomever it is brought', () => {
    const [vote] = votes('prevote', 0, X, 1)
    assert.ok(vote !== undefined)
    const bench = new Bench(3).do({ type: 'begin' }).hears(vote, vote)
    assert.deepEqual(
      bench.of('relay').map(({ from, message }) => [from, message]),
      [['peer', vote]],
    )
  })

  it('twice in one place is kept as evidence and relayed, and a third time is nothing', () => {
    const bench = new Bench(3).do({ type: 'begin' })
    bench.hears(...votes('prevote', 0, X, 1), ...votes('prevote', 0, Y, 1), ...votes('prevote', 0, undefined, 1))
    assert.deepEqual(
      bench.of('evidence').map(({ one, other }) => [one, other]),
      [[votes('prevote', 0, X, 1)[0], votes('prevote', 0, Y, 1)[0]]],
    )
    assert.equal(bench.of('relay').length, 2)
    bench.hears(
      ...entries(0, 2),
      said(toyMember(2), { kind: 'entry', round: 0, wall: WALL + 5_000 }),
      proposal(0, X),
      proposal(0, Y),
    )
    assert.equal(bench.of('evidence').length, 3, 'clock readings and proposals too')
  })

  it('counts for each value that a cheat votes for, so that what one honest attester saw is enough for another', () => {
    const bench = new Bench(3)
      .do({ type: 'begin' })
      .hears(proposal(0, X), ...votes('prevote', 0, Y, 1), ...votes('prevote', 0, X, 0, 1))
    assert.equal(bench.words().at(-1), '0 precommit X')
  })

  it('is a third proposal of a cheat only where the votes are for it', () => {
    const Z = makeValue(Uint8Array.of(3), Uint8Array.of(30))
    const bench = new Bench(3).do({ type: 'begin' }).hears(proposal(0, X), proposal(0, Y), proposal(0, Z))
    assert.equal(bench.of('relay').length, 2)
    bench.hears(...votes('prevote', 0, Z, 0, 1, 2), proposal(0, Z))
    assert.equal(bench.of('relay').length, 6)
    assert.equal(bench.of('broadcast').at(-1)?.message.kind, 'precommit')
  })

  it('is refused where the bytes prove it wrong, and each fault has its name', () => {
    const forged = { ...votes('prevote', 0, X, 1)[0], signature: new Uint8Array(3_373) } as ConsensusMessage
    const stranger = said(toyMember(9), { kind: 'entry', round: 0, wall: WALL })
    const old = said(toyMember(1), { kind: 'entry', round: 0, wall: WALL }, 1)
    const usurper = proposal(0, X, undefined, 2)
    const fresh = proposal(0, X)
    assert.ok(fresh.kind === 'proposal')
    const readingsOf = (readings: typeof fresh.readings): ConsensusMessage => {
      const carried = carriedHash(X, readings, undefined)
      return said(toyMember(0), {
        kind: 'proposal',
        round: 0,
        value: X.id,
        content: X,
        validRound: -1,
        carried,
        readings,
        proof: undefined,
      })
    }
    const cases: [ConsensusMessage, string][] = [
      [forged, 'forged-signature'],
      [stranger, 'not-an-attester'],
      [old, 'wrong-epoch'],
      [usurper, 'not-the-proposer'],
      [readingsOf(fresh.readings.slice(0, 2)), 'bad-readings'],
      [readingsOf(fresh.readings.map((reading) => ({ ...reading, wall: reading.wall + 1 }))), 'bad-readings'],
      [proposal(1, X, polka(0, X, 0, 1)), 'bad-proof'],
      [proposal(1, X, { ...polka(0, X, 0, 1, 2), signatures: polka(0, Y, 0, 1, 2).signatures }), 'bad-proof'],
    ]
    for (const [message, fault] of cases) {
      const bench = new Bench(3).do({ type: 'begin' }).hears(message)
      assert.deepEqual(
        bench.of('refused').map((effect) => [effect.from, effect.fault]),
        [['peer', fault]],
      )
      assert.deepEqual([bench.of('relay').length, bench.words()], [0, ['0 entry']])
    }
  })

  it('is checked again in a proof that carries it with another signature: who relays has checked', () => {
    const bench = new Bench(3).do({ type: 'begin' }).hears(...entries(0, 0, 1, 2), ...votes('prevote', 0, X, 0, 1, 2))
    const [first, ...rest] = polka(0, X, 0, 1, 2).signatures
    assert.ok(first !== undefined)
    const signatures = [{ ...first, signature: new Uint8Array(3_373) }, ...rest]
    bench.hears(proposal(1, X, { ...polka(0, X, 0, 1, 2), signatures }))
    const fresh = proposal(0, X)
    assert.ok(fresh.kind === 'proposal')
    const readings = entries(0, 0, 1, 2).map(({ attester }) => ({
      attester,
      wall: WALL + 10 * attester,
      signature: new Uint8Array(3_373),
    }))
    const carried = carriedHash(X, readings, undefined)
    const { round, kind, value, content, validRound, proof } = fresh
    bench.hears(said(toyMember(0), { round, kind, value, content, validRound, proof, carried, readings }))
    assert.deepEqual(
      bench.of('refused').map(({ fault }) => fault),
      ['bad-proof', 'bad-readings'],
    )
    bench.hears(proposal(1, X, polka(0, X, 0, 1, 2)))
    assert.equal(bench.of('refused').length, 2)
  })

  it('from far rounds is not kept, in either direction, however much of it comes', () => {
    const bench = new Bench(3).do({ type: 'begin' })
    for (let round = 100; round < 400; round++) bench.hears(...votes('prevote', round, X, 1))
    assert.equal(bench.core.round, 0)
    bench.hears(...entries(350, 2))
    assert.equal(bench.core.round, 350)
    assert.equal(bench.of('relay').length, 0, 'nor passed on')
    const before = bench.seen.length
    bench.hears(...votes('prevote', 100, X, 2), ...votes('precommit', 9, X, 1))
    assert.equal(bench.seen.length, before)
    // whoever jumped asks at once what was said meanwhile
    assert.deepEqual(
      bench.of('summary').map(({ to, summary }) => [to, summary.round, summary.entries]),
      [[undefined, 350, 0]],
    )
  })

  it('is sent to who lacks it, and nothing to who has it', () => {
    const bench = new Bench(3).do({ type: 'begin' }).hears(...entries(0, 0, 1), proposal(0, X), ...votes('prevote', 0, X, 0))
    const ask = (
      summary: Partial<{ round: number; entries: number; prevotes: number; hasProposal: boolean }>,
    ): readonly string[] => {
      const before = bench.of('send').length
      const whole = { height: HEIGHT, round: 0, entries: 0, prevotes: 0, precommits: 0, hasProposal: false, ...summary }
      bench.do({ type: 'summary', from: 'other', summary: whole })
      const sent = bench
        .of('send')
        .slice(before)
        .flatMap(({ messages }) => messages)
      return sent.map(({ kind, attester }) => `${kind} ${attester}`).sort()
    }
    assert.deepEqual(ask({}), ['entry 0', 'entry 1', 'entry 3', 'prevote 0', 'prevote 3', 'proposal 0'])
    assert.deepEqual(ask({ entries: 0b1001, hasProposal: true, prevotes: 0b1000 }), ['entry 1', 'prevote 0'])
    assert.deepEqual(ask({ entries: 0b1011, hasProposal: true, prevotes: 0b1001 }), [])
    assert.equal(ask({ round: -1 }).length, 6)
    // who is further on is told where we are, and sends
    assert.deepEqual(ask({ round: 2 }), [])
    assert.deepEqual(
      bench.of('summary').map(({ to, summary }) => [to, summary.round, summary.hasProposal]),
      [['other', 0, true]],
    )
  })
})

describe('real signatures', () => {
  it('three attesters and a decision, each message over the wire', () => {
    const members = [0, 1, 2].map((index) => realMember(index))
    const benches = members.map((_, index) => new Bench(index, { members, isReal: true }))
    const sent = benches.map(() => 0)
    for (const bench of benches) bench.do({ type: 'begin' })
    for (let turn = 0; turn < 8; turn++) {
      for (const [from, bench] of benches.entries()) {
        const fresh = bench.of('broadcast').slice(sent[from])
        sent[from] = bench.of('broadcast').length
        for (const { message } of fresh) {
          const wire = decodeMessage(networkId, encodeMessage(networkId, message))
          for (const other of benches) if (other !== bench) other.hears(wire)
        }
      }
    }
    const proofs = benches.map((bench) => bench.of('decided')[0]?.proof.signatures.length)
    assert.deepEqual(proofs, [3, 3, 3])
    assert.deepEqual(
      benches.flatMap((bench) => bench.of('refused')),
      [],
    )
  })
})
