import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ChannelRefusal } from '../../src/channel/refusal.ts'
import { sessionOf } from '../../src/channel/session.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { closestPeers } from '../../src/host/dht.ts'
import { REPAIR_CHECK_MS } from '../../src/host/limits.ts'
import { createSessionRenewal } from '../../src/host/session-renewal.ts'
import { generateNodeSeeds, nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import type { Report } from '../../src/observe/event.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { TOPIC, until } from './testing.ts'
import { bindingBetween, connectionsBetween, LeapingClock, startX0Host, type X0Host, type X0HostOptions } from './x0-host.ts'

/** Two hosts that gossip and ask each other's DHT without pause. */
interface Pair {
  readonly dialler: X0Host
  readonly answerer: X0Host
  readonly queries: { found: number; failed: number }
  /** Resolves when both have heard messages sent from now on. @returns milliseconds waited */
  hearEachOther(timeoutMs?: number): Promise<number>
  /** Messages of `from` that the other has not heard, between the first one it heard and the last. */
  lost(from: X0Host): number[]
}

const BEAT_MS = 20
const DAY_MS = 24 * 3_600_000

async function talkingPair(t: TestContext, first: X0HostOptions = {}, second: X0HostOptions = {}): Promise<Pair> {
  const [dialler, answerer] = [await startX0Host(t, first), await startX0Host(t, second)]
  const both = [dialler, answerer]
  // by sender: the numbers of its messages that the other has heard
  const heard = new Map<X0Host, number[]>([
    [dialler, []],
    [answerer, []],
  ])
  for (const [index, { host }] of both.entries()) {
    host.services.gossip.subscribe(TOPIC)
    host.services.gossip.addEventListener('message', ({ detail }) => {
      const sender = both[detail.data[4] ?? 2]
      if (sender !== undefined && sender !== both[index]) heard.get(sender)?.push(Buffer.from(detail.data).readUInt32BE(0))
    })
  }
  await dialler.host.dial(answerer.host.getMultiaddrs())
  const subscribers = (each: X0Host): number => each.host.services.gossip.getSubscribers(TOPIC).length
  await until('both know that the other subscribes', () => both.every((each) => subscribers(each) === 1))

  let sent = 0
  const beat = setInterval(() => {
    sent += 1
    for (const [index, { host }] of both.entries()) {
      const data = Buffer.alloc(5)
      data.writeUInt32BE(sent)
      data[4] = index
      void host.services.gossip.publish(TOPIC, data)
    }
  }, BEAT_MS)
  const queries = { found: 0, failed: 0 }
  const stopping = new AbortController()
  const ask = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await setTimeout(BEAT_MS)
      const found = await closestPeers(dialler.host.services.dht, systemRandom.bytes(32), 4, stopping.signal)
      if (!stopping.signal.aborted) queries[found.length > 0 ? 'found' : 'failed'] += 1
    }
  }
  const asking = ask()
  t.after(async () => {
    clearInterval(beat)
    stopping.abort()
    await asking
  })
  return {
    dialler,
    answerer,
    queries,
    hearEachOther(timeoutMs = 10_000) {
      const now = sent
      return until('gossip flows both ways', () => both.every((each) => (heard.get(each)?.at(-1) ?? 0) > now + 2), timeoutMs)
    },
    lost(from) {
      const numbers = new Set(heard.get(from))
      const [first = 0, last = 0] = [Math.min(...numbers), Math.max(...numbers)]
      return Array.from({ length: last - first }, (_, index) => first + index).filter((number) => !numbers.has(number))
    },
  }
}

function oneConnection({ dialler, answerer }: Pair): Promise<number> {
  return until('each has one connection', () =>
    [connectionsBetween(dialler, answerer), connectionsBetween(answerer, dialler)].every(({ length }) => length === 1),
  )
}

function wasDown({ dialler, answerer }: Pair): boolean {
  return [dialler, answerer].some(({ events }) => events.some(({ type }) => type === 'peer.down' || type === 'peer.suspect'))
}

test('a renewed session: gossip and DHT go on in both directions, the old connection goes, nobody was down', async (t) => {
  const pair = await talkingPair(t)
  const { dialler, answerer, queries } = pair
  await pair.hearEachOther()
  await until('a query has found somebody', () => queries.found > 0)
  const [old] = connectionsBetween(dialler, answerer)
  assert.ok(old)
  const before = bindingBetween(dialler, answerer)
  assert.match(before, /^[0-9a-f]{64}$/)
  assert.equal(bindingBetween(answerer, dialler), before)

  const started = performance.now()
  await dialler.renewal.renew(old)
  const renewedMs = performance.now() - started
  await oneConnection(pair)
  const goesOnMs = await pair.hearEachOther()
  const found = queries.found
  await until('queries go on', () => queries.found > found + 2)
  const after = bindingBetween(dialler, answerer)
  assert.match(after, /^[0-9a-f]{64}$/)
  assert.notEqual(after, before)
  assert.equal(bindingBetween(answerer, dialler), after)
  assert.notEqual(old.status, 'open')
  const [fresh] = connectionsBetween(dialler, answerer)
  const [seen] = connectionsBetween(answerer, dialler)
  assert.ok(fresh && seen)
  await until('both ends measure the new connection', () =>
    [dialler.liveness.of(fresh), answerer.liveness.of(seen)].every(
      (view) => view?.rttMs !== undefined && view.verdict === 'healthy',
    ),
  )
  assert.equal(wasDown(pair), false)
  assert.deepEqual([...dialler.faults, ...answerer.faults], [])
  t.diagnostic(
    `renew() took ${renewedMs.toFixed(0)} ms; both hear each other ${goesOnMs.toFixed(0)} ms after the old connection went`,
  )
  t.diagnostic(`lost of ${1000 / BEAT_MS} messages a second: ${pair.lost(dialler)} and ${pair.lost(answerer)}`)
  t.diagnostic(`queries ${JSON.stringify(queries)}, repairs ${dialler.repairs.length} and ${answerer.repairs.length}`)
})

test('by schedule: a session is renewed when it is a day old, by the side that dialled, once', async (t) => {
  const clocks = { dialler: new LeapingClock(), answerer: new LeapingClock() }
  const pair = await talkingPair(t, { clock: clocks.dialler }, { clock: clocks.answerer })
  const { dialler, answerer } = pair
  await pair.hearEachOther()
  const first = bindingBetween(dialler, answerer)
  const leap = (ms: number): void => {
    for (const clock of Object.values(clocks)) clock.leap(ms)
  }
  // a tenth of the day is jitter: before that nothing is due
  leap(DAY_MS * 0.9 - 120_000)
  await pair.hearEachOther()
  assert.equal(bindingBetween(dialler, answerer), first)
  leap(DAY_MS * 0.1 + 180_000)
  await until('it is renewed', () => dialler.renewals.length === 1)
  await oneConnection(pair)
  const second = bindingBetween(dialler, answerer)
  assert.notEqual(second, first)
  assert.equal(bindingBetween(answerer, dialler), second)
  await pair.hearEachOther()
  assert.deepEqual([dialler.renewals, answerer.renewals], [['renewed'], []])
  assert.ok(dialler.events.some(({ type, peer }) => type === 'session.renewed' && peer === answerer.host.peerId.toString()))
  assert.equal(wasDown(pair), false)
  // the fresh one is not due for another day
  leap(DAY_MS / 2)
  await pair.hearEachOther()
  assert.equal(bindingBetween(dialler, answerer), second)
  leap(DAY_MS)
  await until('it is renewed again', () => dialler.renewals.length === 2)
  await pair.hearEachOther()
})

test('a renewal that fails leaves the old session as it is, is counted, and the next look tries again', async (t) => {
  const clock = new LeapingClock()
  const pair = await talkingPair(t, { clock })
  const { dialler, answerer } = pair
  await pair.hearEachOther()
  const before = bindingBetween(dialler, answerer)
  // from now on the answerer takes no new connections
  answerer.door.closed = true
  clock.leap(DAY_MS)
  clock.leap(120_000)
  await until('it failed', () => dialler.renewals.includes('failed'))
  assert.equal(bindingBetween(dialler, answerer), before)
  await pair.hearEachOther()
  const failure = dialler.events.find(({ type }) => type === 'session.renewal-failed')
  assert.equal(failure?.peer, answerer.host.peerId.toString())
  answerer.door.closed = false
  clock.leap(120_000)
  await until('it is renewed', () => dialler.renewals.includes('renewed'))
  await oneConnection(pair)
  assert.notEqual(bindingBetween(dialler, answerer), before)
  await pair.hearEachOther()
  assert.equal(wasDown(pair), false)
})

/** Which of the two gossip streams between the hosts die, seen from the dialler. */
for (const dying of [['outbound'], ['inbound'], ['outbound', 'inbound']]) {
  test(`gossip streams that die alone on a live connection (${dying.join(' and ')}) come back`, async (t) => {
    const repairClocks = [new LeapingClock(), new LeapingClock()] as const
    const pair = await talkingPair(t, { repairClock: repairClocks[0] }, { repairClock: repairClocks[1] })
    const { dialler, answerer } = pair
    const look = (): void => {
      for (const clock of repairClocks) clock.leap(REPAIR_CHECK_MS)
    }
    const repairs = (): number => dialler.repairs.length + answerer.repairs.length
    await pair.hearEachOther()
    const [connection] = connectionsBetween(dialler, answerer)
    const gossip = connection?.streams.filter(({ protocol }) => protocol.startsWith('/meshsub/')) ?? []
    assert.deepEqual(gossip.map(({ direction }) => direction).sort(), ['inbound', 'outbound'])
    for (const stream of gossip) if (dying.includes(stream.direction)) stream.abort(new Error('a test cut it'))
    // nothing of libp2p opens them again
    await assert.rejects(pair.hearEachOther(300))
    look()
    const afterMs = await pair.hearEachOther()
    t.diagnostic(`gossip is back ${afterMs.toFixed(0)} ms after the look, ${repairs()} repairs`)
    assert.equal(connectionsBetween(dialler, answerer)[0]?.id, connection?.id)
    assert.equal(wasDown(pair), false)
    // with all well a look does nothing
    const before = repairs()
    assert.ok(before > 0)
    look()
    await pair.hearEachOther()
    assert.equal(repairs(), before)
  })
}

test('a renewal that meets the same peer id with another x0 id is refused with an alarm, and the old session stays', async (t) => {
  const crypto = nativeBackend()
  const seeds = generateNodeSeeds(systemRandom)
  const [dialler, answerer] = [
    await startX0Host(t),
    await startX0Host(t, { identity: await nodeIdentityFromSeeds(crypto, seeds) }),
  ]
  // its Ed25519 key is broken, its ML-DSA key is not
  const stolen = { ...generateNodeSeeds(systemRandom), ed25519: seeds.ed25519 }
  const thief = await startX0Host(t, { identity: await nodeIdentityFromSeeds(crypto, stolen) })
  assert.equal(thief.host.peerId.toString(), answerer.host.peerId.toString())
  const old = await dialler.host.dial(answerer.host.getMultiaddrs())
  await sessionOf(old)?.accepted
  const alarms: Parameters<Report>[0][] = []
  const renewal = createSessionRenewal({
    // the address leads to the thief by now
    host: {
      getConnections: () => dialler.host.getConnections(),
      dial: (_address, options) => dialler.host.dial(thief.host.getMultiaddrs(), options),
    },
    clock: systemClock,
    afterMs: DAY_MS,
    report: (event) => alarms.push(event),
    count: () => undefined,
  })
  await assert.rejects(renewal.renew(old), (error) => error instanceof ChannelRefusal && error.code === 'x0-id-mismatch')
  assert.deepEqual(
    alarms.map(({ type, level, peer, data }) => [type, level, peer, data.known, data.seen]),
    [['pin.mismatch', 'alarm', old.remotePeer.toString(), answerer.x0Id, thief.x0Id]],
  )
  await until('only the old session is left', () => connectionsBetween(dialler, answerer).length === 1)
  assert.deepEqual(connectionsBetween(dialler, answerer), [old])
})
