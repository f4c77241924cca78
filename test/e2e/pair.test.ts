import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import type { EventDocument, HandshakeReport, Peer, Peers, PingReport, Status } from '../../src/admin/documents.ts'
import { until } from '../host/testing.ts'
import { commandLine, type Daemon, start } from './daemon.ts'

const SUITE = 'noise-xxhfs-mlkem768-mldsa65'
const PROTOCOL = '/x0/noise-mlkem768-mldsa65/1.0.0'
const LIMIT = { timeout: 120_000 }

test('two nodes, the second told the line that the first one printed, see each other as they are', LIMIT, async (t) => {
  const first = await start(t)
  const second = await start(t, { bootstrap: [first.line] })

  const waited = await second.run('wait', '--peers', '1', '--timeout', '10')
  assert.equal(waited.code, 0, waited.stderr)
  assert.equal((await second.run('wait', '--for', first.api.x0Id, '--timeout', '10')).code, 0)
  assert.equal((await first.run('wait', '--for', second.peerId, '--timeout', '10')).code, 0)
  const vain = await second.run('wait', '--peers', '2', '--timeout', '500ms')
  assert.equal(vain.code, 4)
  assert.match(vain.stderr, /1 of 2 peers are up/)

  for (const [here, there, direction] of [
    [first, second, 'inbound'],
    [second, first, 'outbound'],
  ] as const) {
    const { afterMs } = await here.peerThat(there.peerId, 'the round trip is measured', ({ rttMs }) => rttMs !== null, 5_000)
    t.diagnostic(`${direction}: round trip known after ${Math.round(afterMs)} ms more`)
    const [peer, ...others] = (await here.json<Peers>('x0.peers/v1', 'peers')).peers
    assert.deepEqual(others, [])
    assert.deepEqual(
      {
        peerId: peer?.peerId,
        x0Id: peer?.x0Id,
        state: peer?.state,
        direction: peer?.direction,
        suite: peer?.suite,
        pqKeyExchange: peer?.pqKeyExchange,
        pqAuthenticated: peer?.pqAuthenticated,
        wanted: peer?.wanted,
        lossRatio: peer?.lossRatio,
        lastError: peer?.lastError,
      } satisfies Partial<Record<keyof Peer, unknown>>,
      {
        peerId: there.peerId,
        x0Id: there.api.x0Id,
        state: 'up/direct',
        direction,
        suite: SUITE,
        pqKeyExchange: true,
        pqAuthenticated: true,
        wanted: direction === 'outbound',
        lossRatio: 0,
        lastError: null,
      },
    )
    assert.ok(peer?.rttMs && peer.rttMs > 0 && peer.rttMs < 5_000)
    // Both run on one clock: what is left is half of what a loaded machine adds to a round trip.
    assert.ok(Math.abs(peer.clockOffsetMs ?? Number.NaN) < 2_000, `clock offset ${peer.clockOffsetMs}`)
    assert.ok((peer.bytesIn ?? 0) > 6_000 && (peer.bytesOut ?? 0) > 6_000, 'the handshake alone is larger')
  }
  const status = await first.json<Status>('x0.status/v1', 'status')
  assert.deepEqual([status.peers.up, status.peers.pqAuthenticated, status.suites], [1, 1, { [SUITE]: 1 }])
  assert.ok(Math.abs(status.clockOffsetMs ?? Number.NaN) < 2_000)

  const ping = await second.json<PingReport>('x0.ping/v1', 'ping', first.peerId, '--count', '5')
  assert.deepEqual([ping.peerId, ping.sent, ping.received, ping.rttMs.length], [first.peerId, 5, 5, 5])

  const level = await second.run('log', 'level', 'debug')
  assert.deepEqual([level.code, level.stdout], [0, 'debug\n'])
  const before = second.stderr().length
  await second.status()
  await until('a line of level debug', () => /debug.*\/mesh\/status/.test(second.stderr().slice(before)), 5_000)
})

test('a handshake on demand is a new one, measured flight by flight, counted and told', LIMIT, async (t) => {
  const first = await start(t)
  const second = await start(t, { bootstrap: [first.line] })
  await second.peerThat(first.peerId, 'it is up', ({ state }) => state === 'up/direct')
  const heard = followEvents(t, second, ['handshake.', 'peer.'])
  await until('the stream of events is open', async () => (await second.metric('x0_http_event_streams')) === 1)
  const accepted = (role: string): Promise<number> =>
    (role === 'initiator' ? second : first).metric('x0_handshakes_total', { suite: SUITE, role, result: 'accepted' })
  const counted = { initiator: await accepted('initiator'), responder: await accepted('responder') }
  const connections = (await first.status()).suites

  const one = await second.json<HandshakeReport>('x0.handshake/v1', 'handshake', first.peerId)
  assert.deepEqual(
    [one.peerId, one.remoteX0Id, one.localX0Id, one.protocol, one.suite, one.pqKeyExchange, one.pqAuthenticated, one.verdict],
    [first.peerId, first.api.x0Id, second.api.x0Id, PROTOCOL, SUITE, true, true, 'accepted'],
  )
  assert.deepEqual(
    one.flights.map(({ name, direction }) => `${name} ${direction}`),
    ['A sent', 'B received', 'C sent', 'verdict received'],
  )
  const [a, b, c, verdict] = one.flights
  // e (32) || e1 (1,184) behind a length of 2: nothing in it depends on anything.
  assert.equal(a?.bytes, 1_218)
  assert.ok(b && c && verdict && b.bytes > 6_000 && c.bytes > 5_000 && verdict.bytes < 100)
  assert.deepEqual([one.bytesSent, one.bytesReceived], [a.bytes + c.bytes, b.bytes + verdict.bytes])
  const times = one.flights.map(({ atMs }) => atMs)
  assert.deepEqual(
    times,
    times.toSorted((x, y) => x - y),
  )
  assert.ok(verdict.atMs > 0 && verdict.atMs <= one.handshakeMs && one.handshakeMs < one.totalMs)
  assert.ok(one.connectMs > 0 && one.negotiateMs > 0)
  assert.match(one.transcriptHash, /^[0-9a-f]{64}$/)
  t.diagnostic(
    `handshake ${one.handshakeMs.toFixed(1)} ms, whole ${one.totalMs.toFixed(1)} ms, ${one.bytesSent} + ${one.bytesReceived} bytes`,
  )

  const two = await second.json<HandshakeReport>('x0.handshake/v1', 'handshake', first.line)
  assert.notEqual(two.transcriptHash, one.transcriptHash)
  const back = await first.json<HandshakeReport>('x0.handshake/v1', 'handshake', second.line)
  assert.deepEqual([back.remoteX0Id, back.localX0Id], [second.api.x0Id, first.api.x0Id])

  assert.equal(await accepted('initiator'), counted.initiator + 2)
  await until('the far end has counted both', async () => (await accepted('responder')) === counted.responder + 2)
  assert.equal((await second.metric('x0_handshake_bytes_total', { direction: 'sent' })) > 2 * one.bytesSent, true)
  await until(
    'probes leave no connection behind',
    async () => JSON.stringify((await first.status()).suites) === JSON.stringify(connections),
  )

  await until('the events have arrived', () => heard.filter(({ type }) => type === 'handshake.completed').length === 3)
  assert.deepEqual(
    heard.map(({ schema, type, peer, data }) => [schema, type, peer, data.suite, data.role]),
    ['initiator', 'initiator', 'responder'].map((role) => ['x0.event/v1', 'handshake.completed', first.peerId, SUITE, role]),
  )
})

test('a peer that leaves in order is seen to be gone at once, with the reason, and comes back by itself', LIMIT, async (t) => {
  const first = await start(t)
  const second = await start(t, { bootstrap: [first.line] })
  await second.peerThat(first.peerId, 'it is up', ({ state }) => state === 'up/direct')
  assert.equal(await first.end('SIGTERM'), 0)
  const { peer } = await second.peerThat(first.peerId, 'it is down', ({ state }) => state === 'down', 5_000)
  assert.ok(peer.lastError !== null && peer.nextRetryAt !== null)
  assert.match(peer.downReason?.code ?? '', /^(closed-by-peer|reset)$/)
  // the tries that meet nobody do not hide it
  const { peer: later } = await second.peerThat(
    first.peerId,
    'a try has failed',
    ({ lastError }) => lastError?.code === 'refused',
  )
  assert.deepEqual(later.downReason, peer.downReason)
  t.diagnostic(`down: ${JSON.stringify(peer.downReason)}`)
  const again = await start(t, { home: first.home, listen: `/ip4/127.0.0.1/tcp/${first.port}` })
  const { afterMs } = await second.peerThat(again.peerId, 'it is up again', ({ state }) => state === 'up/direct', 5_000)
  t.diagnostic(`up again ${Math.round(afterMs)} ms after it listens`)
})

test('a peer that has frozen does not hold up the end of a node', LIMIT, async (t) => {
  const first = await start(t)
  const second = await start(t, { bootstrap: [first.line] })
  await second.peerThat(first.peerId, 'it is up', ({ state }) => state === 'up/direct')
  first.child.kill('SIGSTOP')
  const began = performance.now()
  assert.equal(await second.end('SIGINT'), 0)
  const tookMs = Math.round(performance.now() - began)
  t.diagnostic(`stopped in ${tookMs} ms`)
  assert.ok(tookMs < 5_000)
})

/** `x0 events --follow --json` in a process of its own. @returns what has arrived so far */
function followEvents(t: Parameters<typeof start>[0], node: Daemon, types: readonly string[]): EventDocument[] {
  const [program, args, options] = commandLine(['events', '--follow', '--json', '--types', types.join(','), '--home', node.home])
  const child = spawn(program, args, options)
  t.after(() => child.kill('SIGKILL'))
  const events: EventDocument[] = []
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) events.push(JSON.parse(line))
  })
  return events
}
