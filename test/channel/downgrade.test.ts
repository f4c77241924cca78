import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { interopProfile, X0_PROFILE, X0_PROTOCOL } from '../../src/channel/profile.ts'
import { nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { NATIVE } from '../crypto/backends.ts'
import { HandClock, hurried } from './hand-clock.ts'
import { answer, dial, meet, outcome, outcomes, reportedTypes } from './meeting.ts'
import { changing, listening, tampered } from './middle.ts'
import { scriptedInitiator, scriptedResponder } from './scripted.ts'
import { type End, makeEnd, rawPair } from './two-ends.ts'

/* Somebody between two honest nodes, who steers, replays, reflects or joins wires. Never a session that should not be. */

const INTEROP = '/noise-mlkem768-hfs/0.2.0'
const BOTH = [X0_PROTOCOL, INTEROP]

test('relabelled: one side runs the x0 id, the other the interop id', async () => {
  const x0 = await makeEnd()
  const interop = await makeEnd({ profile: interopProfile(INTEROP) })
  assert.deepEqual(outcomes(await meet(x0, interop)), ['self:decrypt-failed', 'self:closed'])
  assert.deepEqual(outcomes(await meet(interop, x0)), ['self:decrypt-failed', 'self:closed'])
})

test('two x0 ids that differ in their version alone do not understand each other', async () => {
  const later = { ...X0_PROFILE, prologue: new TextEncoder().encode('/x0/noise-mlkem768-mldsa65/2.0.0') }
  assert.deepEqual(outcomes(await meet(await makeEnd(), await makeEnd({ profile: later }))), [
    'self:decrypt-failed',
    'self:closed',
  ])
})

test('steered: both offer the x0 id first, and somebody made them choose the interop one', async () => {
  const profile = interopProfile(INTEROP)
  const [a, b] = [await makeEnd({ profile, offers: BOTH }), await makeEnd({ profile, offers: BOTH })]
  assert.deepEqual(outcomes(await meet(a, b)), ['self:protocol-mismatch', 'self:closed'])
  // the responder finds it too: here the dialler keeps quiet about it
  const quiet = (self: End) => ({ self, prologue: new Uint8Array(0), offers: BOTH })
  const [theirs, ours] = rawPair()
  const [answered] = await Promise.all([answer(b, ours), scriptedInitiator(theirs, quiet(a))])
  assert.equal(outcome(answered), 'self:protocol-mismatch')
  // and the dialler, where the responder does
  const [mine, other] = rawPair()
  const [dialled] = await Promise.all([dial(a, mine), scriptedResponder(other, quiet(b))])
  assert.equal(outcome(dialled), 'self:protocol-mismatch')
})

test('the order of the dialler decides, as multistream does', async () => {
  const profile = interopProfile(INTEROP)
  const prefers = await makeEnd({ profile, offers: BOTH.toReversed() })
  const other = await makeEnd({ profile, offers: BOTH })
  assert.deepEqual(outcomes(await meet(prefers, other)), ['session', 'session'])
  assert.deepEqual(outcomes(await meet(other, prefers)), ['self:protocol-mismatch', 'self:closed'])
})

test('a responder that does not offer the better one is met on what it has', async () => {
  const profile = interopProfile(INTEROP)
  const old = await makeEnd({ profile, offers: [INTEROP] })
  const node = await makeEnd({ profile, offers: BOTH })
  assert.deepEqual(outcomes(await meet(node, old)), ['session', 'session'])
})

test('replayed: A, B and C of an earlier session of the same two', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  const { tamper, heard } = listening()
  assert.deepEqual(outcomes(await meet(a, b, tampered(tamper))), ['session', 'session'])
  const [A, B, C, verdict] = heard.map(({ framed }) => framed)
  assert(A !== undefined && B !== undefined && C !== undefined && verdict !== undefined)
  assert.deepEqual(outcomes(await meet(a, b, tampered(changing('A', () => A)))), ['self:decrypt-failed', 'self:closed'])
  assert.deepEqual(outcomes(await meet(a, b, tampered(changing('B', () => B)))), ['self:decrypt-failed', 'self:closed'])
  assert.deepEqual(outcomes(await meet(a, b, tampered(changing('C', () => C)))), ['self:no-verdict', 'self:decrypt-failed'])
  assert.deepEqual(outcomes(await meet(a, b, tampered(changing('verdict', () => verdict)))), ['self:record-damaged', 'session'])

  // alone with the responder: an old A is answered afresh, and whoever replays it cannot go on
  const [theirs, ours] = rawPair()
  theirs.addEventListener('message', () => theirs.send(C), { once: true })
  theirs.send(A)
  assert.equal(outcome(await answer(b, ours)), 'self:decrypt-failed')
})

test('reflected: a node that meets its own messages, or itself', async () => {
  const a = await makeEnd()
  const [ours, mirror] = rawPair()
  mirror.addEventListener('message', ({ data }) => mirror.send(data))
  assert.equal(outcome(await dial(a, ours)), 'self:decrypt-failed')
  assert.deepEqual(outcomes(await meet(a, a)), ['self:self-connection', 'peer:self-connection'])
  // the responder's own judgement, where the dialler does not look
  const [theirs, us] = rawPair()
  const [answered, verdict] = await Promise.all([answer(a, us), scriptedInitiator(theirs, { self: a })])
  assert.equal(outcome(answered), 'self:self-connection')
  assert.deepEqual([...(verdict ?? [])], [1, 15])
})

test('roles swapped: two diallers on one wire, two responders on one wire', async () => {
  const clock = new HandClock()
  const [a, b] = [await makeEnd({ clock }), await makeEnd({ clock })]
  const [one, other] = rawPair()
  const diallers = await Promise.all([dial(a, one), dial(b, other)])
  for (const side of diallers) assert.match(outcome(side), /^self:(decrypt-failed|closed)$/)
  const [left, right] = rawPair()
  const responders = await hurried(clock, Promise.all([answer(a, left), answer(b, right)]))
  for (const side of responders) assert.match(outcome(side), /^self:(timeout|closed)$/)
  assert(![...reportedTypes(a), ...reportedTypes(b)].includes('accepted'))
})

test('a relay that joins the wire to another node than the one dialled gains nothing', async () => {
  const [a, wanted, other] = [await makeEnd(), await makeEnd(), await makeEnd()]
  const { libp2pKey } = wanted.identity
  const remotePeer = peerIdFromPrivateKey(libp2pKey)
  assert.deepEqual(outcomes(await meet(a, other, rawPair(), { remotePeer })), ['self:peer-id-mismatch', 'peer:peer-id-mismatch'])
  // the dialler can ask afterwards why, once
  assert.equal(a.context.refusals.take(wanted.identity.peerId, 0)?.code, 'peer-id-mismatch')
  assert.equal(a.context.refusals.take(wanted.identity.peerId, 0), undefined)
  await meet(a, other, rawPair(), { remotePeer })
  assert.deepEqual(outcomes(await meet(a, wanted, rawPair(), { remotePeer })), ['session', 'session'])
  assert.equal(a.context.refusals.take(wanted.identity.peerId, 0), undefined, 'a dial went well since')
  // a responder that knows whom to expect judges too
  const [ours, theirs] = rawPair()
  const [dialled, answered] = await Promise.all([dial(other, ours), answer(a, theirs, { remotePeer })])
  assert.deepEqual([outcome(dialled), outcome(answered)], ['peer:peer-id-mismatch', 'self:peer-id-mismatch'])
})

async function refusedBoth(
  a: End,
  b: End,
  options?: Parameters<typeof meet>[3],
): Promise<[string[], string[], [string, string]]> {
  const both = outcomes(await meet(a, b, rawPair(), options))
  return [reportedTypes(a), reportedTypes(b), both]
}

test('an x0 id that was stated beats what the peer proves, at either end, with an alarm', async () => {
  const other = formatX0Id(new Uint8Array(32).fill(1))
  for (const [source, code] of [
    ['genesis', 'x0-id-mismatch'],
    ['credential', 'x0-id-mismatch'],
    ['invite', 'x0-id-mismatch'],
    ['bootstrap', 'x0-id-mismatch'],
    ['first-use', 'pin-mismatch'],
  ] as const) {
    const [a, b] = [await makeEnd(), await makeEnd()]
    a.context.pins.state(b.identity.peerId, other, source)
    assert.deepEqual(await refusedBoth(a, b), [
      [`pin-alarm:${code}`, `refused:${code}`],
      [`refused:${code}`],
      [`self:${code}`, `peer:${code}`],
    ])
    assert.deepEqual(await refusedBoth(b, a), [
      ['completed', `refused:${code}`],
      [`pin-alarm:${code}`, `refused:${code}`],
      [`peer:${code}`, `self:${code}`],
    ])
  }
})

test('a frozen pin believes nobody, not even the id it holds', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  const [old, mine, other] = [1, 2, 3].map((byte) => formatX0Id(new Uint8Array(32).fill(byte)))
  assert(old !== undefined && mine !== undefined && other !== undefined)
  const { pins } = a.context
  pins.state(b.identity.peerId, old, 'invite')
  assert.equal(pins.follow(b.identity.peerId, { oldX0Id: old, newX0Id: formatX0Id(b.identity.x0Id), sequence: 1 }), 'followed')
  assert.deepEqual(outcomes(await meet(a, b)), ['session', 'session'])
  assert.equal(pins.follow(b.identity.peerId, { oldX0Id: old, newX0Id: other, sequence: 2 }), 'frozen')
  assert.deepEqual(outcomes(await meet(a, b)), ['self:pin-frozen', 'peer:pin-frozen'])
  assert.deepEqual(outcomes(await meet(b, a)), ['peer:pin-frozen', 'self:pin-frozen'])
})

test('the x0 id that a dial must meet, whatever the pins say', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  const expected = (x0Id: Uint8Array) => ({ expectedX0Id: formatX0Id(x0Id) })
  assert.deepEqual(outcomes(await meet(a, b, rawPair(), expected(a.identity.x0Id))), [
    'self:x0-id-mismatch',
    'peer:x0-id-mismatch',
  ])
  assert.deepEqual(outcomes(await meet(a, b, rawPair(), expected(b.identity.x0Id))), ['session', 'session'])
})

test('two networks do not meet', async () => {
  const [a, b] = [await makeEnd(), await makeEnd({ networkId: new Uint8Array(32).fill(9) })]
  assert.deepEqual(await refusedBoth(a, b), [
    ['refused:wrong-network'],
    ['refused:wrong-network'],
    ['self:wrong-network', 'peer:wrong-network'],
  ])
})

test('admission: what each end decides, the other one learns', async () => {
  for (const code of ['not-admitted', 'revoked', 'not-allowed'] as const) {
    const [a, closed] = [await makeEnd(), await makeEnd({ admit: () => code })]
    assert.deepEqual(await refusedBoth(a, closed), [
      ['completed', `refused:${code}`],
      [`refused:${code}`],
      [`peer:${code}`, `self:${code}`],
    ])
    assert.deepEqual(await refusedBoth(closed, a), [[`refused:${code}`], [`refused:${code}`], [`self:${code}`, `peer:${code}`]])
    assert.equal(a.context.pins.get(closed.identity.peerId), undefined, 'a peer that turned us away is no first contact')
  }
})

test('the credential reaches whoever admits, with the names that were proved', async () => {
  const credential = new Uint8Array(8_192).fill(5)
  const seen: unknown[] = []
  const a = await makeEnd({ credential })
  const b = await makeEnd({ admit: (applicant) => void seen.push(applicant) })
  assert.deepEqual(outcomes(await meet(a, b)), ['session', 'session'])
  assert.deepEqual(seen, [{ peerId: a.identity.peerId, x0Id: formatX0Id(a.identity.x0Id), credential }])
})

test('two first contacts at once with two keys under one peer id: the second verdict meets the first pin', async () => {
  const seed = new Uint8Array(32).fill(6)
  const twin = async (byte: number) =>
    makeEnd({ identity: await nodeIdentityFromSeeds(NATIVE, { ed25519: seed, mldsa65: new Uint8Array(32).fill(byte) }) })
  const [a, one, other] = [await makeEnd(), await twin(1), await twin(2)]
  // hold both verdicts back until both peers have been judged
  const held: (() => void)[] = []
  const wires = () => {
    const pair = rawPair()
    const [middle, near] = rawPair()
    pair[1].addEventListener('message', ({ data }) => near.send(data))
    let frames = 0
    near.addEventListener('message', ({ data }) => {
      frames += 1
      if (frames === 1) pair[1].send(data)
      else {
        held.push(() => pair[1].send(data))
        if (held.length === 2) for (const release of held) release()
      }
    })
    return [pair[0], middle] as const
  }
  const [first, second] = await Promise.all([meet(a, one, wires()), meet(a, other, wires())])
  assert.deepEqual([outcome(first.initiator), outcome(second.initiator)].sort(), ['self:pin-mismatch', 'session'])
  assert.equal(reportedTypes(a).filter((type) => type === 'pin-alarm:pin-mismatch').length, 1)
})

test('no muxer in common: the dialler says so, and neither end reports a session', async () => {
  const [a, b] = [await makeEnd({ muxers: ['/m/1'] }), await makeEnd({ muxers: ['/m/2'] })]
  assert.deepEqual(await refusedBoth(a, b), [
    ['refused:no-common-muxer'],
    ['refused:no-common-muxer'],
    ['self:no-common-muxer', 'peer:no-common-muxer'],
  ])
})
