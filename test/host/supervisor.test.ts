import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_ADDRESSES_PER_PEER, MAX_KNOWN_PEERS, REMOVED_PAUSE_MS, RETRY_MAX_MS } from '../../src/host/limits.ts'
import { nextDue } from '../../src/host/supervisor.ts'
import { Desk, dialsIn, wanted } from './supervisor-desk.ts'

test('a wanted peer is dialled at once, then ever more seldom up to 30 s, for ever, and stays listed', () => {
  const desk = new Desk()
  assert.deepEqual(dialsIn(desk.tell({ type: 'want', wants: [wanted('a')] })), ['a'])
  const waits: number[] = []
  for (let round = 0; round < 40; round += 1) {
    const failedAt = desk.now
    desk.tell({ type: 'dial-failed', key: 'a', code: 'refused', message: 'no' })
    assert.equal(desk.peer('a').status, 'never')
    while (!desk.peer('a').dialling) desk.wake()
    waits.push(desk.now - failedAt)
  }
  assert.deepEqual(waits.slice(0, 6), [750, 1500, 3000, 6000, 12_000, 22_500])
  assert.ok(waits.every((wait) => wait <= RETRY_MAX_MS))
  assert.equal(desk.peer('a').lastError?.code, 'refused')
})

test('a peer that was up is tried at once and then about every second for a minute, so that a restart is found in time', () => {
  const desk = new Desk()
  desk.tell({ type: 'want', wants: [wanted('a')] })
  desk.tell({ type: 'dialled', key: 'a', peerId: 'a' })
  desk.up('a')
  desk.now = 100_000
  assert.deepEqual(dialsIn(desk.down('a')), ['a'])
  assert.equal(desk.peer('a').status, 'down')
  assert.deepEqual(desk.peer('a').lastError, { code: 'reset', message: 'gone', at: 100_000 })
  let tries = 0
  while (desk.now < 150_000) {
    desk.tell({ type: 'dial-failed', key: 'a', code: 'refused', message: 'no' })
    const before = desk.now
    while (!desk.peer('a').dialling) desk.wake()
    assert.ok(desk.now - before <= 1250)
    tries += 1
  }
  assert.ok(tries >= 40)
  // why it went down is told for as long as it is down, whatever the tries meet
  assert.equal(desk.peer('a').lastError?.code, 'refused')
  assert.deepEqual(desk.peer('a').downReason, { code: 'reset', message: 'gone', at: 100_000 })
  desk.up('a')
  assert.equal(desk.peer('a').downReason, undefined)
})

test('a change of network makes every wait void', () => {
  const desk = new Desk()
  desk.tell({ type: 'want', wants: [wanted('a'), wanted('b')] })
  for (let round = 0; round < 8; round += 1) {
    for (const key of ['a', 'b']) desk.tell({ type: 'dial-failed', key, code: 'unreachable', message: 'no' })
    while (!(desk.peer('a').dialling && desk.peer('b').dialling)) desk.wake()
  }
  for (const key of ['a', 'b']) desk.tell({ type: 'dial-failed', key, code: 'unreachable', message: 'no' })
  assert.deepEqual(dialsIn(desk.tell({ type: 'network-changed' })).sort(), ['a', 'b'])
})

test('a line without a peer id becomes the peer that answered there', () => {
  const desk = new Desk()
  const [key] = dialsIn(desk.tell({ type: 'want', wants: [wanted(undefined)] }))
  assert.equal(key, '@/ip4/192.0.2.9/tcp/9')
  desk.up('a')
  desk.tell({ type: 'dialled', key: '@/ip4/192.0.2.9/tcp/9', peerId: 'a' })
  assert.deepEqual([...desk.state.peers.keys()], ['a'])
  assert.ok(desk.peer('a').wanted)
  assert.equal(desk.peer('a').status, 'up/direct')
  assert.equal(desk.peer('a').addresses[0], '/ip4/192.0.2.9/tcp/9')
})

test('candidates are dialled up to the target only; above the maximum the least useful unwanted peers go', () => {
  const desk = new Desk({ min: 1, target: 2, max: 3 })
  const dialled = ['a', 'b', 'c', 'd'].flatMap((peerId) =>
    dialsIn(desk.tell({ type: 'found', peerId, addresses: ['/ip4/192.0.2.2/tcp/2'], source: 'dht' })),
  )
  assert.deepEqual(dialled, ['a', 'b'])
  desk.tell({ type: 'want', wants: [wanted('w')] })
  for (const peerId of ['a', 'b', 'w']) {
    desk.up(peerId)
    desk.tell({ type: 'dialled', key: peerId, peerId })
  }
  desk.now += 1000
  const effects = desk.up('x', 'inbound')
  assert.deepEqual(
    effects.filter(({ type }) => type === 'hang-up'),
    [{ type: 'hang-up', peerId: 'x', reason: 'trimmed', message: 'closed here: more peers than the maximum' }],
  )
  assert.deepEqual(dialsIn(desk.down('x')), [], 'a trimmed peer is left in peace')
  assert.equal(desk.down('a').length > 0, true)
  assert.deepEqual(dialsIn(desk.wake()), [], 'two are up: the target is reached')
})

test('a suspect is shown as one while it is the only connection, and recovers', () => {
  const desk = new Desk()
  desk.up('a')
  desk.tell({ type: 'suspect', peerId: 'a', connectionId: 'c-a' })
  assert.equal(desk.peer('a').status, 'suspect')
  desk.tell({ type: 'healthy', peerId: 'a', connectionId: 'c-a' })
  assert.equal(desk.peer('a').status, 'up/direct')
  desk.up('a', 'inbound', 'second')
  desk.tell({ type: 'suspect', peerId: 'a', connectionId: 'second' })
  assert.equal(desk.peer('a').status, 'up/direct')
  desk.down('a', 'second')
  assert.equal(desk.peer('a').status, 'up/direct', 'one of two connections closed')
})

test('a search is asked for while below target, ever more seldom, and not once the target is reached', () => {
  const desk = new Desk({ min: 1, target: 2, max: 5 })
  desk.up('a')
  const times: number[] = []
  for (let round = 0; round < 6; round += 1) if (desk.wake().some(({ type }) => type === 'search')) times.push(desk.now)
  assert.deepEqual(times, [1000, 2000, 3500, 5750, 9125, 14_187.5])
  desk.up('b')
  assert.equal(nextDue(desk.state, desk.now), Number.POSITIVE_INFINITY)
})

test('who is told why it is not let in waits longer, but never loses a peer that it wants', () => {
  const desk = new Desk()
  desk.tell({ type: 'want', wants: [wanted('a')] })
  desk.tell({ type: 'found', peerId: 'b', addresses: ['/ip4/192.0.2.2/tcp/2'], source: 'dht' })
  const waits = { a: [] as number[], b: [] as number[] }
  for (let round = 0; round < 12; round += 1) {
    for (const key of ['a', 'b'] as const) {
      desk.tell({ type: 'dial-failed', key, code: 'revoked', message: 'no' })
      waits[key].push((desk.peer(key).retryAt ?? Number.NaN) - desk.now)
    }
    while (!(desk.peer('a').dialling && desk.peer('b').dialling)) desk.wake()
    if (desk.now > 3_000_000) break
  }
  assert.deepEqual(waits.a.slice(0, 6), [3750, 7500, 15_000, 30_000, 45_000, 45_000])
  assert.deepEqual(waits.b.slice(0, 8), [3750, 7500, 15_000, 30_000, 60_000, 120_000, 240_000, 450_000])
  // being seen again, or another address, changes nothing of a judgement; a change of network and the operator do
  for (const key of ['a', 'b']) desk.tell({ type: 'dial-failed', key, code: 'not-admitted', message: 'no' })
  assert.deepEqual(dialsIn(desk.tell({ type: 'found', peerId: 'b', addresses: ['/ip4/192.0.2.7/tcp/7'], source: 'mdns' })), [])
  assert.deepEqual(dialsIn(desk.tell({ type: 'want', wants: [wanted('a')] })), ['a'])
  desk.tell({ type: 'dial-failed', key: 'a', code: 'not-admitted', message: 'no' })
  assert.deepEqual(dialsIn(desk.tell({ type: 'network-changed' })).sort(), ['a', 'b'])
  // its own connection shows that it thinks otherwise now
  desk.up('a', 'inbound')
  assert.equal(desk.peer('a').failures, 0)
  desk.tell({ type: 'dialled', key: 'a', peerId: 'a' })
  assert.deepEqual(dialsIn(desk.down('a')), ['a'], 'and after that a loss is a loss')
})

test('a refusal that asks to come back is no judgement', () => {
  const desk = new Desk()
  desk.tell({ type: 'want', wants: [wanted('a')] })
  desk.tell({ type: 'dial-failed', key: 'a', code: 'catching-up', message: 'in a moment' })
  assert.equal(desk.peer('a').retryAt, 750)
})

const eventArbitrary = fc.oneof(
  fc.record({ kind: fc.constant('found' as const), peer: fc.nat(30), addresses: fc.nat(20) }),
  fc.record({ kind: fc.constant('up' as const), peer: fc.nat(30), inbound: fc.boolean() }),
  fc.record({ kind: fc.constant('down' as const), peer: fc.nat(30) }),
  fc.record({ kind: fc.constant('failed' as const), peer: fc.nat(30) }),
  fc.record({ kind: fc.constantFrom('want' as const, 'unwant' as const, 'forget' as const), peer: fc.nat(30) }),
  fc.record({ kind: fc.constantFrom('block' as const, 'unblock' as const), peer: fc.nat(30) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(100_000) }),
)

test('whatever happens: wanted peers are never lost, barred ones never dialled, tables stay bounded, dials are not doubled', () => {
  fc.assert(
    fc.property(
      fc.array(eventArbitrary, { maxLength: 120 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      (events, randoms) => {
        const desk = new Desk({ min: 2, target: 5, max: 8 }, () => randoms.next().value)
        const wants = new Set<string>()
        const blocked = new Set<string>()
        const removed = new Map<string, number>()
        for (const event of events) {
          const inFlight = new Set([...desk.state.peers.values()].filter(({ dialling }) => dialling).map(({ key }) => key))
          const before = desk.effects.length
          if (event.kind === 'pass') {
            desk.now += event.ms
            desk.tell({ type: 'tick' })
          } else {
            const peerId = `p${event.peer}`
            if (event.kind === 'up') desk.up(peerId, event.inbound ? 'inbound' : 'outbound')
            else if (event.kind === 'down') desk.down(peerId)
            else if (event.kind === 'failed') {
              if (inFlight.delete(peerId)) desk.tell({ type: 'dial-failed', key: peerId, code: 'refused', message: '' })
            } else if (event.kind === 'want') {
              wants.add(peerId)
              removed.delete(peerId)
              desk.tell({ type: 'want', wants: [wanted(peerId)] })
            } else if (event.kind === 'unwant' || event.kind === 'forget') {
              const goes = event.kind === 'forget' ? desk.state.peers.has(peerId) : wants.has(peerId)
              // its dial is given up with it
              if (goes) inFlight.delete(peerId)
              if (goes && !blocked.has(peerId)) removed.set(peerId, desk.now + REMOVED_PAUSE_MS)
              wants.delete(peerId)
              desk.tell(event.kind === 'forget' ? { type: 'forget', key: peerId } : { type: 'unwant', wants: [wanted(peerId)] })
            } else if (event.kind === 'block') {
              blocked.add(peerId)
              removed.delete(peerId)
              inFlight.delete(peerId)
              desk.tell({ type: 'block', ids: [peerId], until: desk.now + 1, message: '' })
            } else if (event.kind === 'unblock') {
              blocked.delete(peerId)
              desk.tell({ type: 'unblock', ids: [peerId] })
            } else if (event.kind === 'found') {
              const addresses = Array.from({ length: event.addresses }, (_, port) => `/ip4/192.0.2.3/tcp/${port + 1}`)
              desk.tell({ type: 'found', peerId, addresses, source: 'dht' })
            }
          }
          for (const key of dialsIn(desk.effects.slice(before))) {
            assert.ok(!inFlight.has(key), `dialled twice: ${key}`)
            assert.ok(!blocked.has(key), `dialled though blocked: ${key}`)
            assert.ok(desk.now >= (removed.get(key) ?? 0), `dialled though removed: ${key}`)
          }
          for (const peerId of wants) {
            const entry = desk.peer(peerId)
            assert.ok(entry.wanted)
            const isWorkedOn = entry.connections.length > 0 || entry.dialling || entry.retryAt !== undefined
            assert.ok(isWorkedOn, 'a wanted peer is up, being dialled, or has its next try or the end of its block')
          }
          for (const entry of desk.state.peers.values()) {
            assert.ok(entry.addresses.length <= MAX_ADDRESSES_PER_PEER)
            assert.equal(entry.wanted, wants.has(entry.key))
            assert.equal(entry.connections.length > 0, entry.status === 'up/direct' || entry.status === 'suspect')
          }
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('a flood of found peers fills no more than the table, and pushes out no wanted one', () => {
  const desk = new Desk()
  desk.tell({ type: 'want', wants: [wanted('w')] })
  for (let index = 0; index < 2 * MAX_KNOWN_PEERS; index += 1) {
    desk.tell({ type: 'found', peerId: `p${index}`, addresses: ['/ip4/192.0.2.4/tcp/4'], source: 'dht' })
  }
  assert.equal(desk.state.peers.size, MAX_KNOWN_PEERS)
  assert.ok(desk.peer('w').wanted)
})
