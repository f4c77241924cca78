import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_JOIN_ANSWER_BYTES, MAX_JOIN_REQUEST_BYTES, MAX_RECORD_PLAINTEXT_BYTES } from '../../src/channel/limits.ts'
import { decodePayload } from '../../src/channel/payload.ts'
import { JOIN_PROFILE, JOIN_PROTOCOL, X0_PROTOCOL } from '../../src/channel/profile.ts'
import { RecordSealer } from '../../src/channel/records.ts'
import type { RefusalCode } from '../../src/channel/refusal.ts'
import type { SplitResult } from '../../src/channel/symmetric-state.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { NATIVE, onBoth, PORTABLE } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { called, type DoorEnd, from, makeDoor, received, scriptedVisit, visit } from './at-the-door.ts'
import { HandClock, hurried } from './hand-clock.ts'
import { answer, dial, outcome, reported } from './meeting.ts'
import { scriptedInitiator, scriptedResponder } from './scripted.ts'
import { still } from './stream-pair.ts'
import { type End, makeEnd, NETWORK, rawPair } from './two-ends.ts'

/* The join door: one request and one answer with a stranger, over a channel of which no session comes. */

const OTHER_NETWORK = new Uint8Array(32).fill(9)

/** `length` bytes, no two neighbours alike. */
function text(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8)) & 0xff)
}

/** What an end has reported, in short; forgotten afterwards. */
function told(end: End): string[] {
  return reported(end).map((event) => {
    if (event.type === 'door') return `door:${event.result}`
    if (event.type === 'refused') return `refused:${event.role}:${event.by}:${event.code}`
    return 'reason' in event ? `${event.type}:${event.reason}` : event.type
  })
}

/** A whole message as a visitor sends it, by hand. */
function message({ initiatorToResponder }: SplitResult, length: number, bytes: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32BE(length)
  return new RecordSealer(initiatorToResponder, undefined).seal(Buffer.concat([prefix, bytes]))
}

onBoth('a small and a large answer come whole, and the door knows whose keys it answered', async (backend) => {
  const joiner = await makeEnd({ backend })
  for (const size of [0, 200 * 1024]) {
    const door = await makeDoor({ answer: async () => text(size) }, { backend })
    const x0Id = formatX0Id(door.end.identity.x0Id)
    const [reply, ended] = await visit(joiner, door, { x0Id, networkId: NETWORK, request: text(300) })
    assert.equal(ended, 'finished')
    assert(typeof reply !== 'string', `${reply}`)
    assert.equal(Buffer.compare(reply.answer, text(size)), 0)
    assert.deepEqual(reply.remote, { peerId: door.end.identity.peerId, x0Id, networkId: NETWORK })
    const [{ request, applicant } = assert.fail('nobody asked')] = door.asked
    assert.equal(toHex(request), toHex(text(300)))
    const { identity } = joiner
    assert.equal(applicant.peerId, identity.peerId)
    for (const key of ['x0Id', 'ed25519', 'mldsa65'] as const) assert.equal(toHex(applicant[key]), toHex(identity[key]), key)
    assert.match(applicant.remoteAddress, /^\/ip4\/127\.0\.0\.1\//)
    // neither a session nor a first contact, at either end
    assert.deepEqual([told(joiner), told(door.end)], [[], ['door:answered']])
    assert.equal(joiner.context.pins.get(door.end.identity.peerId), undefined)
    assert.equal(door.end.context.gate.underWay, 0)
  }
})

test('the two backends meet at the door, in both directions', async () => {
  for (const [one, other] of [
    [NATIVE, PORTABLE],
    [PORTABLE, NATIVE],
  ] as const) {
    const [reply, ended] = await visit(await makeEnd({ backend: one }), await makeDoor({}, { backend: other }), {
      request: text(20),
    })
    assert.equal(ended, 'finished')
    assert.deepEqual(typeof reply === 'string' ? reply : [...reply.answer], [...text(20)])
  }
})

test('requests and answers of every size around a record and up to the limits', async () => {
  const joiner = await makeEnd()
  const record = MAX_RECORD_PLAINTEXT_BYTES - 4
  const sizes = [1, record - 1, record, record + 1, record + MAX_RECORD_PLAINTEXT_BYTES, MAX_JOIN_ANSWER_BYTES]
  for (const size of sizes) {
    const [reply, ended] = await visit(joiner, await makeDoor({ answer: async () => text(size) }))
    assert.equal(ended, 'finished', `${size}`)
    assert(typeof reply !== 'string' && Buffer.compare(reply.answer, text(size)) === 0, `${size}`)
  }
  for (const size of [1, MAX_JOIN_REQUEST_BYTES]) {
    const door = await makeDoor({ answer: async (request) => Uint8Array.of(request.length >> 8) })
    const [reply, ended] = await visit(joiner, door, { request: text(size) })
    assert.deepEqual([ended, typeof reply === 'string' ? reply : reply.answer[0]], ['finished', size >> 8])
    assert.equal(Buffer.compare(door.asked[0]?.request ?? text(0), text(size)), 0)
  }
})

test('the network: ours or none that the joiner knows; a door of another than expected is refused; both ends know', async () => {
  const joiner = await makeEnd()
  const door = await makeDoor()
  for (const networkId of [NETWORK, undefined]) {
    const [reply, ended] = await visit(joiner, door, { networkId })
    assert.equal(ended, 'finished')
    assert(typeof reply !== 'string')
    assert.equal(toHex(reply.remote.networkId), toHex(NETWORK))
  }
  told(door.end)
  // the joiner sees it first, since it is the first to see the other's proof
  assert.deepEqual(await visit(joiner, door, { networkId: OTHER_NETWORK }), ['self:wrong-network', 'peer:wrong-network'])
  assert.deepEqual(told(joiner), ['refused:initiator:self:wrong-network'])
  assert.deepEqual(told(door.end), ['refused:responder:peer:wrong-network'])
  // a joiner that does not look is refused by the door
  const careless = { ...joiner, context: { ...joiner.context, networkId: OTHER_NETWORK } }
  assert.deepEqual(await strangerOf(OTHER_NETWORK, door, careless), ['self:wrong-network', [1, 1]])
  assert.equal(door.asked.length, 2)
})

/** A visitor that signs for this network whatever the door says. @returns how it ended there, and the verdict */
async function strangerOf(networkId: Uint8Array, door: DoorEnd, self: End): Promise<[string, number[]]> {
  const [ours, theirs] = rawPair()
  const script = { self, prologue: JOIN_PROFILE.prologue, offers: [JOIN_PROTOCOL], networkId }
  const [ended, verdict] = await Promise.all([received(door, theirs), scriptedInitiator(ours, script)])
  return [ended, [...(verdict ?? [])]]
}

test('whom the joiner expects: another x0 id or peer id is refused before anything is asked', async () => {
  const [joiner, door] = [await makeEnd(), await makeDoor()]
  const x0Id = formatX0Id(new Uint8Array(32).fill(3))
  assert.deepEqual(await visit(joiner, door, { x0Id, request: text(9) }), ['self:x0-id-mismatch', 'peer:x0-id-mismatch'])
  joiner.context.pins.state(door.end.identity.peerId, x0Id, 'invite')
  assert.deepEqual(await visit(joiner, door), ['self:x0-id-mismatch', 'peer:x0-id-mismatch'])
  assert.deepEqual(told(joiner), ['refused:initiator:self:x0-id-mismatch', 'pin-alarm', 'refused:initiator:self:x0-id-mismatch'])
  assert.deepEqual(door.asked, [])
  // no dial of the node tells this story
  assert.equal(joiner.context.refusals.take(door.end.identity.peerId, 0), undefined)
})

test('whom the door turns away: a known peer id with other keys, ourselves, and whom the hook names', async () => {
  const joiner = await makeEnd()
  const pinned = await makeDoor()
  pinned.end.context.pins.state(joiner.identity.peerId, formatX0Id(new Uint8Array(32).fill(3)), 'credential')
  assert.deepEqual(await visit(joiner, pinned), ['peer:x0-id-mismatch', 'self:x0-id-mismatch'])
  assert.deepEqual(told(pinned.end), ['pin-alarm', 'refused:responder:self:x0-id-mismatch'])
  assert.deepEqual(told(joiner), ['refused:initiator:peer:x0-id-mismatch'])

  const self = await makeDoor()
  assert.deepEqual(await visit(self.end, self), ['self:self-connection', 'peer:self-connection'])

  for (const code of ['revoked', 'blocked', 'catching-up'] satisfies RefusalCode[]) {
    const seen: string[] = []
    const strict = await makeDoor({
      admit: (applicant) => {
        seen.push(formatX0Id(applicant.x0Id))
        return code
      },
    })
    assert.deepEqual(await visit(joiner, strict, { request: text(5) }), [`peer:${code}`, `self:${code}`])
    assert.deepEqual(seen, [formatX0Id(joiner.identity.x0Id)])
    assert.deepEqual(strict.asked, [])
    assert.deepEqual(told(strict.end), [`refused:responder:self:${code}`])
  }
})

test('what a visitor may send is one request; anything else ends the visit, counted by its reason', async () => {
  const joiner = await makeEnd()
  const full = MAX_JOIN_REQUEST_BYTES
  const cases: readonly (readonly [string, (keys: SplitResult) => Uint8Array, string])[] = [
    ['a request above the limit', (keys) => message(keys, full + 1, text(10)), 'payload-too-large'],
    ['4 GiB', (keys) => message(keys, 0xffffffff, text(10)), 'payload-too-large'],
    ['a record above the limit', (keys) => message(keys, full, text(full + 1)), 'payload-too-large'],
    ['a frame that announces 64 KiB', () => Uint8Array.of(0xff, 0xff, 1), 'payload-too-large'],
    ['less than it said', (keys) => message(keys, 100, text(99)), 'malformed-message'],
    ['more than it said', (keys) => message(keys, 100, text(101)), 'malformed-message'],
    ['no length', ({ initiatorToResponder: key }) => new RecordSealer(key, undefined).seal(text(3)), 'malformed-message'],
    ['nothing', ({ initiatorToResponder: key }) => new RecordSealer(key, undefined).seal(text(0)), 'malformed-message'],
    ['a record that was not sealed', () => Uint8Array.of(0, 30, ...text(30)), 'record-damaged'],
    ['two requests', (keys) => Buffer.concat([message(keys, 1, text(1)), message(keys, 1, text(1))]), 'malformed-message'],
    ['a request and a byte', (keys) => Buffer.concat([message(keys, 1, text(1)), text(1)]), 'malformed-message'],
  ]
  for (const [what, bytes, code] of cases) {
    const door = await makeDoor()
    const ended = await scriptedVisit(door, joiner, async (keys, reader, raw) => {
      raw.send(bytes(keys))
      assert.equal(await reader.next(), undefined, `${what}: no answer`)
    })
    assert.equal(ended, `self:${code}`, what)
    assert.deepEqual(told(door.end), [`door:${code}`], what)
    assert.equal(door.end.context.gate.underWay, 0)
  }
})

test('a visitor that goes on while its answer is made gets none', async () => {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>()
  const door = await makeDoor({ answer: () => promise })
  const ended = await scriptedVisit(door, await makeEnd(), async (keys, reader, raw) => {
    raw.send(message(keys, 2, text(2)))
    await still(() => door.asked.length)
    raw.send(text(1))
    assert.equal(await reader.next(), undefined)
    resolve(text(9))
  })
  assert.deepEqual([ended, told(door.end)], ['self:malformed-message', ['door:malformed-message']])
})

test('a visitor that leaves early: before its request, before its answer, or before it has taken it', async () => {
  const joiner = await makeEnd()
  for (const [what, leave] of [
    ['cuts', async (raw) => raw.abort(new Error('gone'))],
    ['closes', (raw) => raw.close()],
  ] satisfies [string, (raw: Parameters<typeof called>[1]) => Promise<void>][]) {
    const door = await makeDoor()
    assert.equal(await scriptedVisit(door, joiner, (_keys, _reader, raw) => leave(raw)), 'self:closed', what)

    const { promise, resolve } = Promise.withResolvers<Uint8Array>()
    const slow = await makeDoor({ answer: () => promise })
    const early = scriptedVisit(slow, joiner, async (keys, _reader, raw) => {
      raw.send(message(keys, 2, text(2)))
      await still(() => slow.asked.length)
      await leave(raw)
      resolve(text(9))
    })
    assert.equal(await early, 'self:closed', what)
    for (const { end } of [door, slow]) assert.deepEqual(told(end), ['door:closed'], what)
  }
  const door = await makeDoor()
  const cut = scriptedVisit(door, joiner, async (keys, _reader, raw) => {
    raw.send(message(keys, 2, text(2)))
    await still(() => door.asked.length)
    raw.abort(new Error('gone'))
  })
  assert.equal(await cut, 'self:closed')
  assert.deepEqual(told(door.end), ['door:closed'], 'an answer that nobody took is not an answer')
})

test('slow visitors have seven seconds, at whatever they are slow', async () => {
  const joiner = await makeEnd()
  const cases: readonly (readonly [string, (keys: SplitResult) => Uint8Array])[] = [
    ['says nothing', () => new Uint8Array(0)],
    ['half a frame', (keys) => message(keys, 50, text(50)).subarray(0, 30)],
    ['takes its answer and stays', (keys) => message(keys, 50, text(50))],
  ]
  for (const [what, bytes] of cases) {
    const clock = new HandClock()
    const door = await makeDoor({}, { clock })
    let atTheEnd = 0
    const visiting = scriptedVisit(door, joiner, async (keys, reader, raw) => {
      const sent = bytes(keys)
      if (sent.length > 0) raw.send(sent)
      await still(() => door.end.events.length + door.asked.length)
      clock.advance(6_999)
      await still(() => door.end.events.length)
      assert.deepEqual(told(door.end), [], what)
      atTheEnd = clock.now()
      clock.advance(1)
      while ((await reader.next()) !== undefined);
    })
    assert.equal(await visiting, 'self:timeout', what)
    assert.deepEqual(told(door.end), ['door:timeout'], what)
    assert.equal(atTheEnd, 1_006_999)
    assert.equal(clock.pending, 0)
    assert.equal(door.end.context.gate.underWay, 0)
  }
})

test('a handshake at the door has the deadline of all handshakes', async () => {
  const clock = new HandClock()
  const door = await makeDoor({}, { clock, timeoutMs: 3_000 })
  const [, theirs] = rawPair()
  const ended = received(door, theirs)
  await still(() => door.end.events.length)
  clock.advance(3_000)
  assert.equal(await ended, 'self:timeout')
  assert.deepEqual(told(door.end), ['refused:responder:self:timeout'])
  assert.equal(clock.pending, 0)
})

test('what goes wrong behind the door is our failure, and the joiner finds it closed', async () => {
  const joiner = await makeEnd()
  for (const [behind, why] of [
    [() => Promise.reject(new Error('the disk is full')), /the disk is full/],
    [async () => text(MAX_JOIN_ANSWER_BYTES + 1), /262145 bytes/],
  ] as const) {
    const door = await makeDoor({ answer: behind })
    assert.deepEqual(await visit(joiner, door), ['self:closed', 'self:closed'])
    const [event] = reported(door.end)
    assert(event?.type === 'door' && event.result === 'failed')
    assert.match(event.message, why)
  }
  const clock = new HandClock()
  const hung = await makeDoor({ answer: () => new Promise(() => undefined) }, { clock })
  const visiting = visit(joiner, hung)
  await still(() => hung.asked.length)
  clock.advance(7_000)
  assert.deepEqual(await visiting, ['self:closed', 'self:closed'])
  assert.deepEqual(told(hung.end), ['door:failed'])
  assert.equal(clock.pending, 0)
})

test('a request above the limit is not sent', async () => {
  const joiner = await makeEnd()
  const [ours] = rawPair()
  assert.equal(await called(joiner, ours, { request: text(MAX_JOIN_REQUEST_BYTES + 1) }), 'self:payload-too-large')
  assert.deepEqual(told(joiner), [])
})

test('a hostile door: no verdict, a no of a later version, and answers that are none', async () => {
  const peer = await makeEnd()
  const accepted = Uint8Array.of(1, 0)
  const cases: readonly (readonly [string, ((sealer: RecordSealer) => Uint8Array) | undefined, string])[] = [
    ['hangs up', undefined, 'self:no-verdict'],
    ['data in place of the verdict', (sealer) => sealer.seal(text(30)), 'self:payload-too-large'],
    ['one byte in place of it', (sealer) => sealer.seal(text(1)), 'self:malformed-message'],
    ['a "no" that we do not know', (sealer) => sealer.seal(Uint8Array.of(1, 99)), 'peer:not-allowed'],
    ['too much', (sealer) => answered(sealer, MAX_JOIN_ANSWER_BYTES + 1, text(9)), 'self:payload-too-large'],
    ['less than it said', (sealer) => answered(sealer, 10, text(9)), 'self:malformed-message'],
    ['records that are not full', (sealer) => answered(sealer, 100_000, text(50_000)), 'self:malformed-message'],
    ['rubbish', (sealer) => Buffer.concat([sealer.seal(accepted), Uint8Array.of(0, 20, ...text(20))]), 'self:record-damaged'],
    ['nothing more', (sealer) => sealer.seal(accepted), 'self:timeout'],
  ]
  for (const [what, bytes, expected] of cases) {
    const clock = new HandClock()
    const joiner = await makeEnd({ clock })
    const [ours, theirs] = rawPair()
    const script = { self: peer, prologue: JOIN_PROFILE.prologue, offers: [JOIN_PROTOCOL] }
    const calling = called(joiner, ours, { request: text(9) })
    await scriptedResponder(theirs, script, bytes && ((cipher) => bytes(new RecordSealer(cipher, undefined))))
    assert.equal(await (expected === 'self:timeout' ? hurried(clock, calling) : calling), expected, what)
    assert.equal(clock.pending, 0)
  }
})

/** An accepting verdict and an answer. */
function answered(sealer: RecordSealer, length: number, bytes: Uint8Array): Uint8Array {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32BE(length)
  return Buffer.concat([sealer.seal(Uint8Array.of(1, 0)), sealer.seal(Buffer.concat([prefix, bytes]))])
}

test('few visits at once, and fewer of one address; each place comes back', async () => {
  const clock = new HandClock()
  const door = await makeDoor({}, { clock })
  const silent = ['1', '1', '2', '2', '3', '3', '4', '4'].map((host) => received(door, from(`10.0.0.${host}`)[1]))
  const [same, another] = [await received(door, from('10.0.0.1')[1]), await received(door, from('10.0.0.5')[1])]
  assert.deepEqual([same, another], ['self:shed', 'self:shed'])
  assert.deepEqual(told(door.end), ['shed:concurrency', 'shed:concurrency'])
  clock.advance(30_000)
  assert.deepEqual(new Set(await Promise.all(silent)), new Set(['self:timeout']))
  told(door.end)

  const two = [from('10.0.0.1'), from('10.0.0.1')].map(([, theirs]) => received(door, theirs))
  assert.equal(await received(door, from('10.0.0.1')[1]), 'self:shed')
  assert.deepEqual(told(door.end), ['shed:address-concurrency'])
  const joiner = await makeEnd()
  const [ours, theirs] = from('10.0.0.2')
  const [reply, ended] = await Promise.all([called(joiner, ours), received(door, theirs)])
  assert.deepEqual([typeof reply, ended], ['object', 'finished'])
  clock.advance(30_000)
  await Promise.all(two)
  assert.equal(door.end.context.gate.underWay, 0)
})

test('visits pass the flood gate like any handshake, and earn an address nothing', async () => {
  const clock = new HandClock()
  const limits = { perAddressPerSecond: 1, perAddressBurst: 2, concurrent: 8 }
  const door = await makeDoor({}, { clock, limits })
  const joiner = await makeEnd()
  for (let round = 0; round < 2; round += 1) {
    const [ours, theirs] = from('10.0.0.1')
    assert.equal((await Promise.all([received(door, theirs), called(joiner, ours)]))[0], 'finished')
  }
  assert.equal(await received(door, from('10.0.0.1')[1]), 'self:shed')
  assert.deepEqual(told(door.end), ['door:answered', 'door:answered', 'shed:address-rate'])
  // six strangers take all places but the reserved ones, which a visitor of the door does not get
  for (let host = 10; host < 16; host += 1) assert.equal(door.end.context.gate.begin(`10.0.0.${host}`, clock.now()), undefined)
  clock.advance(5_000)
  assert.equal(await received(door, from('10.0.0.1')[1]), 'self:shed')
  assert.deepEqual(told(door.end), ['shed:concurrency'])
})

test('the door and the x0 channel do not understand each other, and nobody dials through the door', async () => {
  const [node, door] = [await makeEnd(), await makeDoor()]
  const [ours, theirs] = rawPair()
  const [side, ended] = await Promise.all([dial(node, ours), received(door, theirs)])
  assert.deepEqual([outcome(side), ended], ['self:decrypt-failed', 'self:closed'])
  const [mine, other] = rawPair()
  const [reply, turnedAway] = await Promise.all([called(node, mine), answer(door.end, other)])
  assert.deepEqual([reply, outcome(turnedAway)], ['self:decrypt-failed', 'self:closed'])

  told(door.end)
  const [raw] = rawPair()
  await assert.rejects(door.door.secureOutbound(raw), { code: 'protocol-mismatch', by: 'self' })
  assert.deepEqual(told(door.end), ['refused:initiator:self:protocol-mismatch'])
  // whoever dialled can ask why
  assert.equal(door.end.context.refusals.take(raw.remoteAddr.toString(), 0)?.code, 'protocol-mismatch')
})

test('the lists that sessions sign leave the door out', async () => {
  const offers = [X0_PROTOCOL, JOIN_PROTOCOL]
  const [a, b] = [await makeEnd({ offers }), await makeEnd({ offers: [X0_PROTOCOL] })]
  const [ours, theirs] = rawPair()
  const [side, payloadC] = await Promise.all([dial(a, ours), scriptedResponder(theirs, { self: b })])
  assert.equal(outcome(side), 'self:no-verdict')
  assert(payloadC !== undefined)
  assert.deepEqual(decodePayload(payloadC).pqAuth?.securityProtocols, [X0_PROTOCOL])
})
