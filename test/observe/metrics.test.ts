import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { metricsDocument } from '../../scripts/metrics-docs.ts'
import { ROUTE_LABELS, ROUTES, routeLabel } from '../../src/admin/route-table.ts'
import type { PeerFault } from '../../src/host/counter.ts'
import { channelCounter } from '../../src/observe/channel-metrics.ts'
import { EventLoopLag } from '../../src/observe/event-loop-lag.ts'
import { Instruments } from '../../src/observe/instruments.ts'
import { LOOP_LAG_WINDOW_MS, MAX_SERIES, MAX_SERIES_AT_REST } from '../../src/observe/limits.ts'
import { PEER_FAULTS } from '../../src/observe/metric-labels.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { ManualClock } from './manual-clock.ts'

function newMetrics(t: TestContext): Metrics {
  const lag = new EventLoopLag(systemClock)
  const metrics = new Metrics({ version: 'VERSION', nodeVersion: 'VERSION', backend: 'native', httpRoutes: ROUTE_LABELS, lag })
  t.after(() => {
    metrics.close()
    lag.stop()
  })
  return metrics
}

/** The samples of an exposition: `name{labels}` to value. */
async function samples(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

test('a node at rest stays within its budget of series', async (t) => {
  const metrics = newMetrics(t)
  const { size } = await samples(metrics)
  assert.ok(size > 50 && size <= MAX_SERIES_AT_REST, `${size} series at rest`)
})

test('no values that code or peers can bring make more series than the limit', (t) => {
  const metrics = newMetrics(t)
  const http = metrics.families.filter(({ name }) => name === 'x0_http_requests_total')
  // What is asked of a route and its HEAD; only unmatched requests may bring any method, whose answers are all 4xx.
  const asked = ROUTES.flatMap(({ method, path, endless }) => {
    const methods = method === 'GET' && endless !== true ? ['GET', 'HEAD'] : [method]
    return methods.map((one) => `${one} ${routeLabel(path)}`)
  })
  const httpMost = new Set(asked).size * 4 + 7
  const most =
    metrics.families.reduce((sum, { maxSeries }) => sum + maxSeries, 0) -
    http.reduce((sum, { maxSeries }) => sum + maxSeries, 0) +
    httpMost
  assert.ok(most <= MAX_SERIES, `${most} series at most`)
})

test('a value outside of its closed set is counted as other, and what is no number is left out', async (t) => {
  const metrics = newMetrics(t)
  const hostile: string = '12D3KooWevil"} 1\nx0_fake 1'
  metrics.httpRequests.inc({ route: hostile, method: 'GET', status: '2xx' })
  metrics.httpRequests.inc({ route: 'another', method: 'GET', status: '2xx' }, 2)
  metrics.clockOffset.set({}, 3)
  metrics.clockOffset.set({}, Number.NaN)
  metrics.traffic.inc({ direction: 'sent' }, 5)
  metrics.traffic.inc({ direction: 'sent' }, -1)
  metrics.traffic.inc({ direction: 'sent' }, Number.POSITIVE_INFINITY)
  metrics.linkRtt.observe({}, Number.NaN)
  const seen = await samples(metrics)
  assert.equal(seen.get('x0_http_requests_total{route="other",method="GET",status="2xx"}'), 3)
  assert.equal(seen.get('x0_clock_offset_seconds'), 3)
  assert.equal(seen.get('x0_network_bytes_total{direction="sent"}'), 5)
  assert.equal(seen.get('x0_link_rtt_seconds_count'), 0)
  assert.equal(
    [...seen.keys()].some((key) => key.includes('evil') || key.startsWith('x0_fake')),
    false,
  )
})

test('names follow the rules: our prefix or a standard one, a unit or _total, counters and only counters in _total', (t) => {
  for (const { name, type, help } of newMetrics(t).families) {
    assert.match(name, /^(x0|process|nodejs)_[a-z0-9_]+$/)
    assert.equal(name.endsWith('_total'), type === 'counter', name)
    assert.doesNotMatch(name, /_(ms|milliseconds|kb|percent)\b/)
    if (type === 'histogram') assert.match(name, /_seconds$/)
    assert.match(help, /^[A-Z].*\.$/, name)
  }
})

test('the values that are asked at the scrape are of this moment', async (t) => {
  const metrics = newMetrics(t)
  let peers = 3
  metrics.onScrape(() => metrics.gossipMeshPeers.set({}, peers))
  assert.equal((await samples(metrics)).get('x0_gossip_mesh_peers'), 3)
  peers = 4
  const seen = await samples(metrics)
  assert.equal(seen.get('x0_gossip_mesh_peers'), 4)
  assert.equal(seen.get('x0_build_info{version="VERSION",backend="native"}'), 1)
  assert.ok((seen.get('process_resident_memory_bytes') ?? 0) > 20e6)
  assert.ok((seen.get('process_cpu_seconds_total') ?? 0) > 0.01)
  assert.ok(Math.abs((seen.get('process_start_time_seconds') ?? 0) - (Date.now() / 1000 - process.uptime())) < 5)
})

test('docs/metrics.md is what the sources say (made by scripts/make-metrics-docs.ts)', (t) => {
  const written = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  assert.equal(written, metricsDocument(newMetrics(t).families))
})

test('every fault that the host can count has its label, and no other', () => {
  const known = Object.keys({
    'inbound-pending-cap': 0,
    'inbound-address-cap': 0,
    'inbound-rate': 0,
    'inbound-unfinished': 0,
    'frame-invalid': 0,
    'frame-timeout': 0,
    'stream-limit': 0,
    'liveness-invalid': 0,
    'liveness-rate': 0,
    'record-rate': 0,
    'record-invalid': 0,
    'record-forged': 0,
    'record-stale': 0,
    'record-conflict': 0,
    'record-quota': 0,
    'record-expired': 0,
    'join-rate': 0,
    'presence-invalid': 0,
    'presence-forged': 0,
    'presence-ignored': 0,
    'presence-revoked': 0,
    'record-revoked': 0,
    'revocation-invalid': 0,
    'revocation-forged': 0,
    'revocation-ignored': 0,
    'revocation-rate': 0,
    'sync-invalid': 0,
    'sync-rate': 0,
    'credential-refused': 0,
    // The type makes this object fail to compile where the host adds or drops a fault.
  } satisfies Record<PeerFault, 0>)
  assert.deepEqual([...PEER_FAULTS].sort(), known.sort())
})

test('what the channel reports is counted', async (t) => {
  const metrics = newMetrics(t)
  const facts = {
    protocol: '/x0/noise-mlkem768-mldsa65/1.0.0',
    suite: 'noise-xxhfs-mlkem768-mldsa65',
    role: 'initiator',
    pqKeyExchange: true,
    pqAuthenticated: true,
    remotePeerId: 'p',
    remoteX0Id: undefined,
    handshakeHash: new Uint8Array(32),
    flights: [
      { name: 'A', direction: 'sent', bytes: 60, atMs: 1 },
      { name: 'B', direction: 'received', bytes: 200, atMs: 2 },
      { name: 'C', direction: 'sent', bytes: 40, atMs: 3 },
    ],
    since: 0,
    accepted: Promise.resolve(),
    isAccepted: true,
    rekeys: 0,
    traffic: { received: 0, sent: 0 },
    exportSecret: () => new Uint8Array(32),
  } as const
  const refused = {
    type: 'refused',
    role: 'responder',
    by: 'self',
    message: 'no',
    remoteAddress: '/ip4/127.0.0.2/tcp/1',
    remotePeerId: undefined,
    durationMs: 1,
  } as const
  const count = channelCounter(metrics)
  count({ type: 'completed', facts, durationMs: 30, bytesSent: 100, bytesReceived: 200 })
  // its verdict never came
  count({ type: 'completed', facts: { ...facts }, durationMs: 7_000, bytesSent: 1, bytesReceived: 1 })
  const classical = { ...facts, suite: 'noise-xx-classical', flights: [] } as const
  count({ type: 'completed', facts: classical, durationMs: 1, bytesSent: 0, bytesReceived: 0 })
  count({ type: 'accepted', facts: classical })
  count({ type: 'accepted', facts })
  count({ ...refused, protocol: '/noise', code: 'protocol-mismatch' })
  count({ ...refused, by: 'peer', protocol: '/noise', code: 'protocol-mismatch' })
  count({ ...refused, protocol: '/noise-mlkem768-hfs/0.2.0', code: 'timeout' })
  count({ ...refused, protocol: '/tls/1.0.0', code: 'not-allowed' })
  count({ type: 'shed', reason: 'address-rate', remoteAddress: 'x' })
  count({ type: 'pin-learned', peerId: 'p', x0Id: 'i' })
  count({ type: 'pin-alarm', peerId: 'p', code: 'pin-frozen', seenX0Id: undefined })
  count({ type: 'pin-alarm', peerId: 'p', code: 'pin-mismatch', seenX0Id: 'i' })
  count({ type: 'damaged', facts, message: 'm' })
  count({ type: 'rekeyed', facts })
  const seen = await samples(metrics)
  const ours = 'noise-xxhfs-mlkem768-mldsa65'
  const expected = {
    [`x0_handshakes_total{suite="${ours}",role="initiator",result="accepted"}`]: 1,
    'x0_handshakes_total{suite="noise-xx-classical",role="responder",result="refused"}': 2,
    'x0_handshakes_total{suite="noise-xxhfs-mlkem768",role="responder",result="refused"}': 1,
    'x0_handshakes_total{suite="other",role="responder",result="refused"}': 1,
    'x0_handshake_refusals_total{by="self",code="protocol-mismatch"}': 1,
    'x0_handshake_refusals_total{by="peer",code="protocol-mismatch"}': 1,
    'x0_handshake_refusals_total{by="self",code="timeout"}': 1,
    'x0_handshake_refusals_total{by="self",code="not-allowed"}': 1,
    [`x0_handshake_duration_seconds_sum{suite="${ours}",role="initiator"}`]: 0.03,
    [`x0_handshake_duration_seconds_count{suite="${ours}",role="initiator"}`]: 1,
    [`x0_handshake_bytes_total{suite="${ours}",direction="sent"}`]: 100,
    [`x0_handshake_bytes_total{suite="${ours}",direction="received"}`]: 200,
    x0_downgrade_attempts_total: 1,
    'x0_handshakes_shed_total{reason="address-rate"}': 1,
    'x0_pin_events_total{event="learned"}': 1,
    'x0_pin_events_total{event="frozen"}': 1,
    'x0_pin_events_total{event="mismatch"}': 1,
    x0_records_damaged_total: 1,
    x0_session_rekeys_total: 1,
  }
  for (const [key, value] of Object.entries(expected)) assert.equal(seen.get(key), value, key)
  const unmeasured = [...seen.keys()].filter((key) => /handshake_bytes.*classical/.test(key))
  assert.deepEqual(unmeasured, [], 'no series claims that a classical handshake takes no bytes')
})

test('visits at the join door are counted by how they ended, and are no handshakes', async (t) => {
  const metrics = newMetrics(t)
  const visit = { type: 'door', message: '', remoteAddress: 'x', remotePeerId: 'p', durationMs: 1 } as const
  const count = channelCounter(metrics)
  for (const result of ['answered', 'answered', 'timeout'] as const) count({ ...visit, result })
  const seen = await samples(metrics)
  for (const [result, value] of Object.entries({ answered: 2, timeout: 1, failed: 0 })) {
    assert.equal(seen.get(`x0_join_visits_total{result="${result}"}`), value, result)
  }
  assert.deepEqual(
    [...seen].filter(([key, value]) => /^x0_handshake/.test(key) && value !== 0),
    [],
  )
})

test('two registries do not share figures', async () => {
  const [one, other] = [new Instruments(), new Instruments()]
  one.counter({ name: 'x0_a_total', help: 'A.', labels: {} }).inc({}, 4)
  other.counter({ name: 'x0_a_total', help: 'A.', labels: {} })
  assert.match(await one.registry.metrics(), /x0_a_total 4/)
  assert.match(await other.registry.metrics(), /x0_a_total 0/)
})

test('a block of the event loop shows, is kept for the window after it, and is then forgotten', async (t) => {
  const clock = new ManualClock()
  const lag = new EventLoopLag(clock)
  t.after(() => lag.stop())
  const tick = () => new Promise((resolve) => setTimeout(resolve, 30))
  await tick()
  const until = performance.now() + 300
  while (performance.now() < until);
  await tick()
  assert.ok(lag.read().p99 > 150, `${lag.read().p99} ms`)
  assert.ok(lag.read().p50 <= lag.read().p99)
  clock.ms += LOOP_LAG_WINDOW_MS
  lag.read()
  assert.ok(lag.read().p99 > 150)
  clock.ms += LOOP_LAG_WINDOW_MS
  lag.read()
  assert.ok(lag.read().p99 < 150)
})
