import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_ADDRESSES_PER_PEER, MAX_KNOWN_PEERS, RETRY_MAX_MS } from '../../src/host/limits.ts'
import { initialSupervisor, nextDue, superviseStep } from '../../src/host/supervisor.ts'
import type { PeerEntry, SupervisorEffect, SupervisorEvent, SupervisorState } from '../../src/host/supervisor-state.ts'

/** A supervisor on a clock that the test moves. */
class Desk {
  now = 0
  state: SupervisorState
  readonly effects: SupervisorEffect[] = []
  readonly #random: () => number

  constructor(counts = { min: 1, target: 3, max: 5 }, random: () => number = () => 0.5) {
    this.state = initialSupervisor(counts, 0)
    this.#random = random
  }

  tell(event: SupervisorEvent): SupervisorEffect[] {
    const { state, effects } = superviseStep(this.state, event, this.now, this.#random)
    this.state = state
    this.effects.push(...effects)
    return [...effects]
  }

  /** Lets time pass to the next due moment, as the runner does. */
  wake(): SupervisorEffect[] {
    this.now = nextDue(this.state, this.now)
    return this.tell({ type: 'tick' })
  }

  peer(key: string): PeerEntry {
    const entry = this.state.peers.get(key)
    assert.ok(entry !== undefined, `no peer ${key}`)
    return entry
  }

  up(peerId: string, direction: 'inbound' | 'outbound' = 'outbound', connectionId = `c-${peerId}`): SupervisorEffect[] {
    return this.tell({ type: 'connected', peerId, connectionId, address: '/ip4/192.0.2.1/tcp/1', direction })
  }

  down(peerId: string, connectionId = `c-${peerId}`): SupervisorEffect[] {
    return this.tell({ type: 'disconnected', peerId, connectionId, code: 'reset', message: 'gone' })
  }
}

const dialsIn = (effects: readonly SupervisorEffect[]): string[] =>
  effects.flatMap((effect) => (effect.type === 'dial' ? [effect.key] : []))
const wanted = (peerId: string | undefined, address = '/ip4/192.0.2.9/tcp/9') => ({ address, peerId, x0Id: undefined })

test('a wanted peer is dialled at once, then ever more seldom up to 30 s, for ever, and stays listed', () => {
  const desk = new Desk()
  assert.deepEqual(dialsIn(desk.tell({ type: 'want', peers: [wanted('a')] })), ['a'])
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
  desk.tell({ type: 'want', peers: [wanted('a')] })
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
  desk.tell({ type: 'want', peers: [wanted('a'), wanted('b')] })
  for (let round = 0; round < 8; round += 1) {
    for (const key of ['a', 'b']) desk.tell({ type: 'dial-failed', key, code: 'unreachable', message: 'no' })
    while (!(desk.peer('a').dialling && desk.peer('b').dialling)) desk.wake()
  }
  for (const key of ['a', 'b']) desk.tell({ type: 'dial-failed', key, code: 'unreachable', message: 'no' })
  assert.deepEqual(dialsIn(desk.tell({ type: 'network-changed' })).sort(), ['a', 'b'])
})

test('a line without a peer id becomes the peer that answered there', () => {
  const desk = new Desk()
  const [key] = dialsIn(desk.tell({ type: 'want', peers: [wanted(undefined)] }))
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
  desk.tell({ type: 'want', peers: [wanted('w')] })
  for (const peerId of ['a', 'b', 'w']) {
    desk.up(peerId)
    desk.tell({ type: 'dialled', key: peerId, peerId })
  }
  desk.now += 1000
  const effects = desk.up('x', 'inbound')
  assert.deepEqual(
    effects.filter(({ type }) => type === 'hang-up'),
    [{ type: 'hang-up', peerId: 'x', reason: 'trimmed' }],
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

const eventArbitrary = fc.oneof(
  fc.record({ kind: fc.constant('found' as const), peer: fc.nat(30), addresses: fc.nat(20) }),
  fc.record({ kind: fc.constant('up' as const), peer: fc.nat(30), inbound: fc.boolean() }),
  fc.record({ kind: fc.constant('down' as const), peer: fc.nat(30) }),
  fc.record({ kind: fc.constant('failed' as const), peer: fc.nat(30) }),
  fc.record({ kind: fc.constant('want' as const), peer: fc.nat(30) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(100_000) }),
)

test('whatever happens: wanted peers are never lost, what is not up is worked on, tables stay bounded, dials are not doubled', () => {
  fc.assert(
    fc.property(
      fc.array(eventArbitrary, { maxLength: 120 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      (events, randoms) => {
        const desk = new Desk({ min: 2, target: 5, max: 8 }, () => randoms.next().value)
        const wants = new Set<string>()
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
              desk.tell({ type: 'want', peers: [wanted(peerId)] })
            } else {
              const addresses = Array.from({ length: event.addresses }, (_, port) => `/ip4/192.0.2.3/tcp/${port + 1}`)
              desk.tell({ type: 'found', peerId, addresses, source: 'dht' })
            }
          }
          for (const key of dialsIn(desk.effects.slice(before))) assert.ok(!inFlight.has(key), `dialled twice: ${key}`)
          for (const peerId of wants) {
            const entry = desk.peer(peerId)
            assert.ok(entry.wanted)
            const isWorkedOn = entry.connections.length > 0 || entry.dialling || entry.retryAt !== undefined
            assert.ok(isWorkedOn, 'a wanted peer is up, being dialled, or has its next try')
          }
          for (const entry of desk.state.peers.values()) {
            assert.ok(entry.addresses.length <= MAX_ADDRESSES_PER_PEER)
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
  desk.tell({ type: 'want', peers: [wanted('w')] })
  for (let index = 0; index < 2 * MAX_KNOWN_PEERS; index += 1) {
    desk.tell({ type: 'found', peerId: `p${index}`, addresses: ['/ip4/192.0.2.4/tcp/4'], source: 'dht' })
  }
  assert.equal(desk.state.peers.size, MAX_KNOWN_PEERS)
  assert.ok(desk.peer('w').wanted)
})
