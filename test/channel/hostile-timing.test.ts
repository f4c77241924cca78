import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { RecordSealer } from '../../src/channel/records.ts'
import { ChannelRefusal } from '../../src/channel/refusal.ts'
import { sessionOf } from '../../src/channel/session.ts'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { NATIVE } from '../crypto/backends.ts'
import { HandClock, hurried } from './hand-clock.ts'
import { answer, dial, meet, outcome, outcomes, reported, reportedTypes } from './meeting.ts'
import { record } from './recorded.ts'
import { scriptedInitiator, scriptedResponder } from './scripted.ts'
import { ended, still, watchWrites } from './stream-pair.ts'
import { type End, makeEnd, rawPair } from './two-ends.ts'

const EVENTS = ['message', 'close', 'remoteCloseWrite', 'drain'] as const

function listeners(raw: MultiaddrConnection): number[] {
  return EVENTS.map((event) => raw.listenerCount(event))
}

/** Lets everything that needs no clock come to rest. */
async function rest(end: End): Promise<void> {
  await still(() => end.events.length)
}

test('a responder that says nothing, and a dialler that says nothing: the deadline, and nothing left behind', async () => {
  for (const role of ['initiator', 'responder'] as const) {
    const clock = new HandClock()
    const end = await makeEnd({ clock, timeoutMs: 5_000 })
    const [raw] = rawPair()
    const before = listeners(raw)
    const side = role === 'initiator' ? dial(end, raw) : answer(end, raw)
    await rest(end)
    clock.advance(4_999)
    await rest(end)
    assert.deepEqual(reportedTypes(end), [])
    clock.advance(1)
    assert.equal(outcome(await side), 'self:timeout')
    assert.deepEqual(reportedTypes(end), ['refused:timeout'])
    assert.equal(clock.pending, 0)
    assert.deepEqual(listeners(raw), before)
    assert.equal(end.context.gate.underWay, 0)
  }
})

test('slow loris: a byte a second buys no more than the deadline', async () => {
  const clock = new HandClock()
  const end = await makeEnd({ clock, timeoutMs: 10_000 })
  const { frames } = await record(NATIVE)
  const [theirs, ours] = rawPair()
  const side = answer(end, ours)
  let sent = 0
  for (; sent < 60 && theirs.status === 'open'; sent += 1) {
    theirs.send(frames.A.subarray(sent, sent + 1))
    await rest(end)
    clock.advance(1_000)
    await rest(end)
  }
  assert.equal(outcome(await side), 'self:timeout')
  assert.equal(sent, 10)
  assert.equal(clock.pending, 0)
})

test('a responder that takes C and gives no verdict: the session is refused at the deadline', async () => {
  const clock = new HandClock()
  const end = await makeEnd({ clock, timeoutMs: 5_000 })
  const peer = await makeEnd()
  const [ours, theirs] = rawPair()
  const [{ connection }, payloadC] = await Promise.all([
    end.encrypter.secureOutbound(ours),
    scriptedResponder(theirs, { self: peer }, () => new Uint8Array(0)),
  ])
  assert(payloadC !== undefined)
  const session = sessionOf(ours)
  assert(session !== undefined)
  const over = ended(connection)
  connection.send(Buffer.from('to whom it may concern'))
  clock.advance(5_000)
  await assert.rejects(session.accepted, (error) => error instanceof ChannelRefusal && error.code === 'timeout')
  const error = await over
  assert(error instanceof ChannelRefusal && error.code === 'timeout')
  assert.equal(session.isAccepted, false)
  assert.equal(clock.pending, 0)
  assert.deepEqual(reportedTypes(end), ['completed', 'refused:timeout'])
  assert.equal(end.context.pins.get(peer.identity.peerId), undefined)
})

test('records before the verdict, rubbish in its place, or a frame that never ends: no session', async () => {
  const plain = (bytes: Uint8Array) => (cipher: ConstructorParameters<typeof RecordSealer>[0]) =>
    new RecordSealer(cipher, undefined).seal(bytes)
  for (const [what, sends, expected] of [
    ['data in place of the verdict', plain(Buffer.from('hello')), 'self:malformed-message'],
    ['64 KiB of data', plain(new Uint8Array(65_519)), 'self:malformed-message'],
    ['an empty record', plain(new Uint8Array(0)), 'self:malformed-message'],
    ['a verdict of another version', plain(Uint8Array.of(2, 0)), 'self:malformed-message'],
    ['a refusal of a later version', plain(Uint8Array.of(1, 250)), 'peer:not-allowed'],
    ['a record that was not sealed', () => new Uint8Array(20), 'self:record-damaged'],
    ['an oversize frame that never ends', () => Uint8Array.of(0xff, 0xff, 1, 2, 3), 'self:timeout'],
  ] as const) {
    const clock = new HandClock()
    const end = await makeEnd({ clock })
    const peer = await makeEnd()
    const [ours, theirs] = rawPair()
    const dialled = dial(end, ours)
    await scriptedResponder(theirs, { self: peer }, sends)
    const side = await (expected === 'self:timeout' ? hurried(clock, dialled) : dialled)
    assert.equal(outcome(side), expected, what)
    assert.equal(reportedTypes(end).filter((type) => type.startsWith('refused')).length, 1, what)
    assert.equal(end.context.pins.get(peer.identity.peerId), undefined)
  }
})

test('the verdict and the first data in one record are no verdict', async () => {
  const end = await makeEnd()
  const peer = await makeEnd()
  const [ours, theirs] = rawPair()
  const [side] = await Promise.all([
    dial(end, ours),
    scriptedResponder(theirs, { self: peer }, (cipher) => new RecordSealer(cipher, undefined).seal(Uint8Array.of(1, 0, 7))),
  ])
  assert.equal(outcome(side), 'self:malformed-message')
})

test('a dial given up: before B it ends at once; after it has returned its signal has no say', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  const given = new AbortController()
  const [alone] = rawPair()
  const side = dial(a, alone, { signal: given.signal })
  given.abort(new Error('changed my mind'))
  assert.equal(outcome(await side), 'self:timeout')
  const already = rawPair()
  assert.equal(outcome(await dial(a, already[0], { signal: given.signal })), 'self:timeout')
  assert.deepEqual(reportedTypes(a), ['refused:timeout', 'refused:timeout'])

  const later = new AbortController()
  const [ours, theirs] = rawPair()
  const [{ connection }] = await Promise.all([
    a.encrypter.secureOutbound(ours, { signal: later.signal }).then((secured) => {
      later.abort(new Error('the dial is over'))
      return secured
    }),
    b.encrypter.secureInbound(theirs),
  ])
  await sessionOf(ours)?.accepted
  assert.equal(connection.status, 'open')
})

/** An identity whose signatures wait until they are let go. */
function holding(identity: NodeIdentity): { identity: NodeIdentity; letGo: () => void; asked: () => number } {
  const { promise, resolve } = Promise.withResolvers<void>()
  let asked = 0
  return {
    letGo: resolve,
    asked: () => asked,
    identity: {
      ...identity,
      async sign(message, context) {
        asked += 1
        await promise
        return await identity.sign(message, context)
      },
    },
  }
}

test('a connection that is cut while C is being signed: one refusal, and no C', async () => {
  const plain = await makeEnd()
  for (const cut of ['by us', 'by the peer'] as const) {
    const slow = holding(plain.identity)
    const a = await makeEnd({ identity: slow.identity })
    const b = await makeEnd()
    const [ours, theirs] = rawPair()
    const writes = watchWrites(ours)
    const answered = answer(b, theirs)
    const { connection } = await a.encrypter.secureOutbound(ours)
    const session = sessionOf(ours)
    assert(session !== undefined)
    assert.throws(() => session.handshakeHash, /no keys yet/)
    if (cut === 'by us') connection.abort(new Error('not wanted any more'))
    else theirs.abort(new Error('gone'))
    await assert.rejects(session.accepted, (error) => error instanceof ChannelRefusal && error.code === 'no-verdict')
    slow.letGo()
    assert.equal(outcome(await answered), 'self:closed')
    await rest(a)
    assert.equal(writes.length, 1, 'message A alone')
    assert.deepEqual(reportedTypes(a), ['refused:no-verdict'], cut)
  }
})

test('close before the verdict waits for it: what was sent arrives, and both ends have had a session', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  const [ours, theirs] = rawPair()
  const answered = b.encrypter.secureInbound(theirs)
  const { connection } = await a.encrypter.secureOutbound(ours)
  connection.send(Buffer.from('short and sweet'))
  const closed = connection.close()
  const { connection: far } = await answered
  let text = ''
  far.addEventListener('message', ({ data }) => {
    text += Buffer.from(data.subarray()).toString()
  })
  await closed
  assert.equal(text, 'short and sweet')
  assert.deepEqual(reportedTypes(a), ['completed', 'pin-learned', 'accepted'])
  assert.deepEqual(reportedTypes(b), ['completed', 'accepted'])
})

test('a peer that leaves while it waits for its turn costs no signature', async () => {
  const plain = await makeEnd()
  const counted = holding(plain.identity)
  const b = await makeEnd({ identity: counted.identity })
  const { frames } = await record(NATIVE)
  const wires = Array.from({ length: 5 }, () => rawPair())
  const sides = wires.map(([theirs, ours]) => {
    theirs.send(frames.A)
    return answer(b, ours)
  })
  // the kit has two places; three wait
  while (counted.asked() < 2) await new Promise((resolve) => setImmediate(resolve))
  await rest(b)
  assert.equal(counted.asked(), 2)
  for (const [theirs] of wires) theirs.abort(new Error('gone'))
  await rest(b)
  counted.letGo()
  for (const side of sides) assert.equal(outcome(await side), 'self:closed')
  assert.equal(counted.asked(), 2)
  assert.equal(b.context.gate.underWay, 0)
})

test('an established session holds no timer, and one set of listeners on its carrier', async () => {
  const clock = new HandClock()
  const [a, b] = [await makeEnd({ clock }), await makeEnd({ clock })]
  const wires = rawPair()
  const before = wires.map(listeners)
  assert.deepEqual(outcomes(await meet(a, b, wires)), ['session', 'session'])
  assert.equal(clock.pending, 0)
  for (const [index, raw] of wires.entries()) {
    const added = listeners(raw).map((count, event) => count - (before[index]?.[event] ?? 0))
    assert.deepEqual(added, [1, 1, 1, 1])
  }
})

test('a refused peer that does not leave keeps its place for a second, no longer', async () => {
  const clock = new HandClock()
  const b = await makeEnd({ clock, admit: () => 'not-admitted' })
  const peer = await makeEnd()
  const [theirs, ours] = rawPair()
  const side = answer(b, ours)
  const abort = theirs.abort.bind(theirs)
  theirs.abort = () => undefined
  const verdict = await scriptedInitiator(theirs, { self: peer })
  assert.deepEqual([...(verdict ?? [])], [1, 2])
  await rest(b)
  assert.equal(b.context.gate.underWay, 1)
  clock.advance(1_000)
  assert.equal(outcome(await side), 'self:not-admitted')
  assert.equal(b.context.gate.underWay, 0)
  assert.equal(clock.pending, 0)
  abort(new Error('over'))
})

test('a flood of silent connections is shed with its reason, and leaves an honest peer its place', async () => {
  const clock = new HandClock()
  const limits = { perAddressPerSecond: 5, perAddressBurst: 10, concurrent: 16 }
  const b = await makeEnd({ clock, limits, timeoutMs: 10_000 })
  const a = await makeEnd({ timeoutMs: 60_000 })
  const from = (host: string) => {
    const remoteAddr = multiaddr(`/ip4/${host}/tcp/4000`)
    return multiaddrConnectionPair({ inbound: { remoteAddr } })
  }
  const flood = Array.from({ length: 300 }, () => from('127.0.0.2'))
  const sides = flood.map(([, ours]) => answer(b, ours))
  await rest(b)
  const shed = reported(b)
  assert.equal(shed.length, 296)
  assert(shed.every((event) => event.type === 'shed' && /^\/ip4\/127\.0\.0\.2\//.test(event.remoteAddress)))
  assert.equal(b.context.gate.underWay, 4, 'a quarter of the places')
  assert.deepEqual(outcomes(await meet(a, b, from('127.0.0.3'))), ['session', 'session'])
  clock.advance(10_000)
  const codes = (await Promise.all(sides)).map(outcome)
  assert.equal(codes.filter((code) => code === 'self:timeout').length, 4)
  assert.equal(codes.filter((code) => code === 'self:shed').length, 296)
  assert.equal(b.context.gate.underWay, 0)
})

test('only a completed handshake earns an address the reserved places', async () => {
  const clock = new HandClock()
  const limits = { perAddressPerSecond: 100, perAddressBurst: 100, concurrent: 8 }
  const [a, b] = [
    await makeEnd(),
    await makeEnd({ clock, limits, admit: ({ peerId }) => (peerId === unwanted ? 'revoked' : undefined) }),
  ]
  const revoked = await makeEnd()
  const unwanted = revoked.identity.peerId
  const from = (host: string) => multiaddrConnectionPair({ inbound: { remoteAddr: multiaddr(`/ip4/${host}/tcp/4000`) } })
  assert.deepEqual(outcomes(await meet(a, b, from('127.0.0.3'))), ['session', 'session'])
  assert.deepEqual(outcomes(await meet(revoked, b, from('127.0.0.4'))), ['peer:revoked', 'self:revoked'])
  const silent = ['127.0.0.5', '127.0.0.6', '127.0.0.7'].flatMap((host) => [answer(b, from(host)[1]), answer(b, from(host)[1])])
  assert.equal(b.context.gate.underWay, 6)
  assert.equal(outcome(await answer(b, from('127.0.0.4')[1])), 'self:shed')
  assert.deepEqual(outcomes(await meet(a, b, from('127.0.0.3'))), ['session', 'session'])
  await hurried(clock, Promise.all(silent))
  assert.equal(b.context.gate.underWay, 0)
})
