import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interopProfile } from '../../src/channel/profile.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { BACKENDS, PAIRS } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { meet, reported, reportedTypes, sessionIn } from './meeting.ts'
import { listening, tampered } from './middle.ts'
import { makeEnd } from './two-ends.ts'

for (const [one, other] of PAIRS) {
  test(`${one.name} dials ${other.name}: both ends hold the same session`, async () => {
    const [a, b] = [await makeEnd({ backend: one }), await makeEnd({ backend: other })]
    const { tamper, heard } = listening()
    const { initiator, responder } = await meet(a, b, tampered(tamper))
    const [ours, theirs] = [sessionIn(initiator), sessionIn(responder)]

    assert.equal(ours.secured.remotePeer.toString(), b.identity.peerId)
    assert.equal(theirs.secured.remotePeer.toString(), a.identity.peerId)
    assert.equal(ours.secured.streamMuxer?.protocol, '/yamux/1.0.0')
    assert.equal(theirs.secured.streamMuxer?.protocol, '/yamux/1.0.0')
    assert.deepEqual(ours.session.remoteX0Id, b.identity.x0Id)
    assert.deepEqual(theirs.session.remoteX0Id, a.identity.x0Id)
    for (const { session } of [ours, theirs]) {
      assert.equal(session.suite, 'noise-xxhfs-mlkem768-mldsa65')
      assert.equal(session.pqKeyExchange, true)
      assert.equal(session.pqAuthenticated, true)
      assert.equal(session.isAccepted, true)
    }

    assert.equal(toHex(ours.session.handshakeHash), toHex(theirs.session.handshakeHash))
    assert.equal(ours.session.handshakeHash.length, 32)
    assert.equal(toHex(ours.session.exportSecret('resume', 48)), toHex(theirs.session.exportSecret('resume', 48)))
    assert.notEqual(toHex(ours.session.exportSecret('resume', 48)), toHex(ours.session.exportSecret('other', 48)))
    assert.throws(() => ours.session.exportSecret('resume', 8_161), RangeError)
    assert.throws(() => ours.session.exportSecret('resume', 0), RangeError)

    // the flights as measured at the ends against what went over the wire
    const wire = heard.map(({ letter, framed }) => [letter, framed.length])
    assert.deepEqual(wire, [
      ['A', 1_218],
      ['B', wire[1]?.[1]],
      ['C', wire[2]?.[1]],
      ['verdict', 20],
    ])
    for (const [{ session }, directions] of [
      [ours, ['sent', 'received', 'sent', 'received']],
      [theirs, ['received', 'sent', 'received', 'sent']],
    ] as const) {
      assert.deepEqual(
        session.flights.map(({ name, bytes }) => [name, bytes]),
        wire,
      )
      assert.deepEqual(
        session.flights.map(({ direction }) => direction),
        directions,
      )
      const times = session.flights.map(({ atMs }) => atMs)
      assert.deepEqual(
        times,
        times.toSorted((x, y) => x - y),
      )
      const all = heard.reduce((sum, { framed }) => sum + framed.length, 0)
      assert.equal(session.traffic.sent + session.traffic.received, all)
    }
  })
}

test('two sessions of the same two nodes share no binding, no secret and no ephemeral', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  const [first, second] = [listening(), listening()]
  const one = sessionIn((await meet(a, b, tampered(first.tamper))).initiator).session
  const two = sessionIn((await meet(a, b, tampered(second.tamper))).initiator).session
  assert.notEqual(toHex(one.handshakeHash), toHex(two.handshakeHash))
  assert.notEqual(toHex(one.exportSecret('x', 32)), toHex(two.exportSecret('x', 32)))
  for (const index of [0, 1]) {
    const [e, other] = [first.heard[index], second.heard[index]].map((seen) =>
      toHex(seen?.framed.subarray(2, 34) ?? new Uint8Array()),
    )
    assert.notEqual(e, other)
  }
})

test('an accepted dial is reported once, learns a pin on purpose only, and the responder learns none', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  await meet(a, b)
  assert.deepEqual(reportedTypes(a), ['completed', 'pin-learned', 'accepted'])
  assert.deepEqual(reportedTypes(b), ['completed', 'accepted'])
  assert.deepEqual(a.context.pins.get(b.identity.peerId), {
    x0Id: formatX0Id(b.identity.x0Id),
    source: 'first-use',
    frozen: false,
  })
  assert.equal(b.context.pins.get(a.identity.peerId), undefined)
  await meet(a, b)
  assert.deepEqual(reportedTypes(a), ['completed', 'accepted'])
})

test('the measured bytes of a completed handshake leave the verdict out at the initiator', async () => {
  const [a, b] = [await makeEnd(), await makeEnd()]
  const { session } = sessionIn((await meet(a, b)).initiator)
  const [A = 0, B = 0, C = 0, verdict = 0] = session.flights.map(({ bytes }) => bytes)
  const completed = (end: typeof a) => {
    const event = reported(end).find(({ type }) => type === 'completed')
    assert(event?.type === 'completed')
    return [event.bytesSent, event.bytesReceived]
  }
  assert.deepEqual(completed(a), [A + C, B])
  assert.deepEqual(completed(b), [B + verdict, A + C])
})

for (const backend of BACKENDS) {
  test(`${backend.name}: an interop session has no verdict and is known by its extension`, async () => {
    const profile = interopProfile('/noise-mlkem768-hfs/0.2.0')
    const [a, b] = [await makeEnd({ backend, profile }), await makeEnd({ backend, profile })]
    const { tamper, heard } = listening()
    const { initiator, responder } = await meet(a, b, tampered(tamper))
    assert.equal(sessionIn(initiator).session.pqAuthenticated, true)
    assert.deepEqual(sessionIn(responder).session.remoteX0Id, a.identity.x0Id)
    assert.deepEqual(
      heard.map(({ letter }) => letter),
      ['A', 'B', 'C'],
    )
  })
}

test('muxers: the first of the initiator that both have; none named leaves it to multistream', async () => {
  const a = await makeEnd({ muxers: ['/m/1', '/m/2', '/m/3'] })
  const b = await makeEnd({ muxers: ['/m/3', '/m/2'] })
  const { initiator, responder } = await meet(a, b)
  assert.equal(sessionIn(initiator).secured.streamMuxer?.protocol, '/m/2')
  assert.equal(sessionIn(responder).secured.streamMuxer?.protocol, '/m/2')
  const skipped = await meet(a, b, undefined, { skipStreamMuxerNegotiation: true })
  assert.equal(sessionIn(skipped.initiator).secured.streamMuxer, undefined)
  assert.equal(sessionIn(skipped.responder).secured.streamMuxer, undefined)
})
