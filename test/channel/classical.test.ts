import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { ConnectionEncrypter, MultiaddrConnection } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ClassicalEncrypter } from '../../src/channel/classical.ts'
import { ChannelRefusal, type RefusalCode } from '../../src/channel/refusal.ts'
import { sessionOf } from '../../src/channel/session.ts'
import { HandClock } from './hand-clock.ts'
import { reported, reportedTypes } from './meeting.ts'
import { type End, makeEnd, rawPair } from './two-ends.ts'

function upgrades(): never {
  throw new Error('this test has no transport')
}

/** libp2p's own classical Noise with the keys of an end. */
function plainNoise({ identity: { libp2pKey } }: End): ConnectionEncrypter {
  return noise()({
    privateKey: libp2pKey,
    peerId: peerIdFromPrivateKey(libp2pKey),
    logger: defaultLogger(),
    upgrader: {
      getStreamMuxers: () => new Map(),
      getConnectionEncrypters: () => new Map(),
      upgradeInbound: upgrades,
      upgradeOutbound: upgrades,
      createInboundAbortSignal: upgrades,
    },
  })
}

let foreign: End
before(async () => {
  foreign = await makeEnd()
})

/** Our classical encrypter against libp2p's own, each in both roles. */
async function connect(
  end: End,
  role: 'initiator' | 'responder',
  expectedX0Id?: string,
): Promise<{ code: RefusalCode | 'session'; raw: MultiaddrConnection }> {
  const ours = new ClassicalEncrypter(end.context, plainNoise(end))
  const [dialling, answering] = rawPair()
  const raw = role === 'initiator' ? dialling : answering
  const secured =
    role === 'initiator' ? ours.secureOutbound(dialling, { expectedX0Id }) : ours.secureInbound(answering, { expectedX0Id })
  const theirs = plainNoise(foreign)
  const other = role === 'initiator' ? theirs.secureInbound(answering) : theirs.secureOutbound(dialling)
  const [result] = await Promise.allSettled([secured, other])
  if (result.status === 'fulfilled') return { code: 'session', raw }
  assert(result.reason instanceof ChannelRefusal)
  return { code: result.reason.code, raw }
}

for (const role of ['initiator', 'responder'] as const) {
  test(`${role}: a classical session on purpose is marked as what it is`, async () => {
    const end = await makeEnd()
    const { code, raw } = await connect(end, role)
    assert.equal(code, 'session')
    const session = sessionOf(raw)
    assert(session !== undefined)
    assert.deepEqual(
      [session.suite, session.role, session.pqKeyExchange, session.pqAuthenticated, session.remoteX0Id],
      ['noise-xx-classical', role, false, false, undefined],
    )
    assert.equal(session.remotePeerId, foreign.identity.peerId)
    await session.accepted
    assert.throws(() => session.exportSecret('x', 32), ChannelRefusal)
    assert.deepEqual(reportedTypes(end), ['completed', 'accepted'])
    assert.equal(end.context.pins.get(foreign.identity.peerId), undefined)
  })

  test(`${role}: not for a peer whose x0 id is known or expected, and not for one that nobody named`, async () => {
    const end = await makeEnd()
    assert.equal((await connect(end, role, 'x0any')).code, 'missing-authentication')
    end.context.pins.state(foreign.identity.peerId, 'x0known', 'bootstrap')
    assert.equal((await connect(end, role)).code, 'missing-authentication')
    const closed = await makeEnd({ admit: () => 'not-allowed' })
    const { code, raw: closedRaw } = await connect(closed, role)
    assert.equal(code, 'not-allowed')
    const events = [...reported(end), ...reported(closed)]
    assert.deepEqual(
      events.map((event) => (event.type === 'refused' ? [event.role, event.remotePeerId, event.by] : event.type)),
      Array.from({ length: 3 }, () => [role, foreign.identity.peerId, 'self']),
    )
    const remembered = closed.context.refusals.take(closedRaw.remoteAddr.toString(), 0)?.code
    assert.equal(remembered, role === 'initiator' ? 'not-allowed' : undefined)
  })
}

test('a connection that breaks during plain Noise is a refusal too', async () => {
  const end = await makeEnd()
  const [ours, theirs] = rawPair()
  theirs.addEventListener('message', () => theirs.abort(new Error('gone')))
  await assert.rejects(
    new ClassicalEncrypter(end.context, plainNoise(end)).secureOutbound(ours),
    (error) => error instanceof ChannelRefusal && error.code === 'closed',
  )
  assert.deepEqual(reportedTypes(end), ['refused:closed'])
})

test('a classical session with ourselves is refused', async () => {
  const end = await makeEnd()
  const [dialling, answering] = rawPair()
  const ours = new ClassicalEncrypter(end.context, plainNoise(end))
  const results = await Promise.allSettled([ours.secureOutbound(dialling), ours.secureInbound(answering)])
  const codes = results.map((result) => result.status === 'rejected' && result.reason.code)
  assert.deepEqual(codes, ['self-connection', 'self-connection'])
})

test('the flood gate counts classical handshakes too, and sheds them before anything is computed', async () => {
  const end = await makeEnd({ limits: { perAddressPerSecond: 0, perAddressBurst: 2, concurrent: 8 } })
  assert.equal((await connect(end, 'responder')).code, 'session')
  assert.equal((await connect(end, 'responder')).code, 'session')
  const ours = new ClassicalEncrypter(end.context, plainNoise(end))
  const isShed = (error: unknown): boolean => error instanceof ChannelRefusal && error.code === 'shed'
  await assert.rejects(ours.secureInbound(rawPair()[1]), isShed)
  assert.deepEqual(reportedTypes(end).slice(-1), ['shed'])
  assert.equal(end.context.gate.underWay, 0)
})

test('who falls silent during plain Noise meets our deadline, and its place is free again', async () => {
  const clock = new HandClock()
  const end = await makeEnd({ clock, timeoutMs: 5_000 })
  const waiting = new ClassicalEncrypter(end.context, plainNoise(end)).secureInbound(rawPair()[1])
  const refused = assert.rejects(waiting, (error) => error instanceof ChannelRefusal && error.code === 'timeout')
  assert.equal(end.context.gate.underWay, 1)
  clock.advance(5_000)
  await refused
  assert.equal(end.context.gate.underWay, 0)
})
