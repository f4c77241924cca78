import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { capKey, createConnectionGater, isLoopback } from '../../src/host/connection-gater.ts'
import type { PeerFault } from '../../src/host/counter.ts'
import { HostError } from '../../src/host/host-error.ts'
import { createLiveness, type Liveness } from '../../src/host/liveness.ts'
import { LIVENESS_PROTOCOL } from '../../src/host/liveness-frame.ts'
import { frameStream, openFrames, serveFrames } from '../../src/host/streams.ts'
import { KeyedBuckets } from '../../src/host/token-bucket.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { TOPIC, testHost, until } from './testing.ts'

test('caps count by IPv4 address and by IPv6 /64, however they are written', () => {
  assert.equal(capKey('192.0.2.7'), '192.0.2.7')
  assert.equal(capKey('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(capKey('2001:db8:1:2:3:4:5:6'), capKey('2001:0DB8:0001:0002::9'))
  assert.notEqual(capKey('2001:db8:1:2::1'), capKey('2001:db8:1:3::1'))
  assert.equal(capKey('2001:db8::1'), '2001:db8:0:0::/64')
  assert.ok(isLoopback('127.9.9.9') && isLoopback('::1') && !isLoopback('192.0.2.1'))
})

test('buckets give a burst, then the rate, and remember a bounded number of keys', () => {
  const buckets = new KeyedBuckets(3, 2, 10)
  assert.deepEqual(
    [0, 0, 0, 0, 500, 500].map((now) => buckets.take('a', now)),
    [true, true, true, false, true, false],
  )
  for (let index = 0; index < 100; index += 1) buckets.take(`k${index}`, 1000)
  assert.equal(buckets.size, 10)
})

test('one address cannot open more connections than its cap, pending or in all, and closing frees the place', async (t) => {
  const faults: PeerFault[] = []
  const caps = { open: 6, pending: 3, burst: 20, rate: 0 }
  const gater = createConnectionGater({ clock: systemClock, count: (fault) => faults.push(fault), loopbackCaps: caps })
  const host = await testHost({ gater })
  const sockets: Socket[] = []
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await host.stop()
  })
  await host.start()
  const port = Number(/tcp\/(\d+)/.exec(host.getMultiaddrs()[0]?.toString() ?? '')?.[1])
  const open = (): Socket => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    return socket
  }
  // Sockets that say nothing stay in the handshake.
  for (let index = 0; index < 5; index += 1) open()
  await until('two are refused', () => faults.length === 2)
  assert.deepEqual(faults, ['inbound-pending-cap', 'inbound-pending-cap'])
  for (const socket of sockets) socket.destroy()
  await until('their places are free', () => gater.trackedAddresses() === 1)
  const friend = await testHost()
  t.after(() => friend.stop())
  await friend.start()
  await friend.dial(host.getMultiaddrs())
  for (let index = 0; index < 16; index += 1) open()
  await until('the burst is used up', () => faults.includes('inbound-rate'))
})

test('a blocked peer is refused after the handshake, in both directions', async (t) => {
  const blocked = new Set<string>()
  const faults: PeerFault[] = []
  const gater = createConnectionGater({
    clock: systemClock,
    count: (fault) => faults.push(fault),
    isBlocked: (peerId) => blocked.has(peerId),
  })
  const [host, bad] = [await testHost({ gater }), await testHost()]
  t.after(() => Promise.all([host.stop(), bad.stop()]))
  await Promise.all([host.start(), bad.start()])
  blocked.add(bad.peerId.toString())
  await assert.rejects(host.dial(bad.getMultiaddrs()))
  const connection = await bad.dial(host.getMultiaddrs()).catch(() => undefined)
  await until('it is counted', () => faults.includes('inbound-blocked'))
  await until('it is cut', () => connection === undefined || connection.status !== 'open')
})

test('frames: limits hold on both ends, a clean end is no error, and a fault of one stream is counted once', async (t) => {
  const faults: PeerFault[] = []
  const [a, b] = [await testHost(), await testHost()]
  t.after(() => Promise.all([a.stop(), b.stop()]))
  await serveFrames(
    b,
    '/test/echo',
    { maxBytes: 100, maxStreams: 4 },
    (fault) => faults.push(fault),
    async (frames) => {
      for (let frame = await frames.read(200); frame !== undefined; frame = await frames.read(200)) await frames.write(frame)
    },
  )
  await Promise.all([a.start(), b.start()])
  const connection = await a.dial(b.getMultiaddrs())
  const good = await openFrames(connection, '/test/echo', 100)
  await good.write(new Uint8Array(100).fill(5))
  assert.deepEqual(Buffer.from((await good.read()) ?? []), Buffer.alloc(100, 5))
  await assert.rejects(good.write(new Uint8Array(101)), (error) => error instanceof HostError && error.code === 'frame-too-large')
  await good.close()
  assert.equal(await good.read(), undefined)
  assert.equal(faults.length, 0)
  const big = frameStream(await connection.newStream('/test/echo'), 10_000)
  await big.write(new Uint8Array(5000))
  await until('oversize is counted', () => faults.includes('frame-invalid'))
  const slow = await openFrames(connection, '/test/echo', 100)
  await slow.write(new Uint8Array(1))
  await until('silence is counted', () => faults.includes('frame-timeout'))
  assert.equal(connection.status, 'open')
})

test('more than ten peers behind one address keep their gossip mesh', async (t) => {
  const hosts = await Promise.all(Array.from({ length: 14 }, () => testHost()))
  t.after(() => Promise.all(hosts.map((host) => host.stop())))
  await Promise.all(hosts.map((host) => host.start()))
  const [hub, ...rest] = hosts
  assert.ok(hub !== undefined)
  const heard = new Set<number>()
  for (const [index, host] of hosts.entries()) {
    host.services.gossip.subscribe(TOPIC)
    host.services.gossip.addEventListener('message', () => heard.add(index))
  }
  await Promise.all(rest.map((host) => host.dial(hub.getMultiaddrs())))
  await until('all subscribed', () => hub.services.gossip.getSubscribers(TOPIC).length === 13)
  // Scores are refreshed with each heartbeat; the colocation penalty would cut everybody off at the next one.
  let beats = 0
  hub.services.gossip.addEventListener('gossipsub:heartbeat', () => {
    beats += 1
  })
  await until('three heartbeats', () => beats >= 3)
  await rest[0]?.services.gossip.publish(TOPIC, Buffer.from('to all'))
  await until('everybody hears it', () => heard.size === 13)
})

test('liveness measures both ends over one stream, and aborts a peer that falls silent', async (t) => {
  const verdicts: string[] = []
  const make = async (): Promise<{ host: Awaited<ReturnType<typeof testHost>>; liveness: Liveness }> => {
    const host = await testHost()
    const liveness = createLiveness({
      host,
      clock: systemClock,
      random: systemRandom,
      count: (fault) => verdicts.push(fault),
      idleMs: 250,
      onVerdict: (_connection, verdict) => verdicts.push(verdict),
    })
    await liveness.start()
    await host.start()
    return { host, liveness }
  }
  const [a, b] = [await make(), await make()]
  const mute = await testHost()
  await serveFrames(
    mute,
    LIVENESS_PROTOCOL,
    { maxBytes: 64, maxStreams: 1 },
    () => {},
    () => new Promise(() => {}),
  )
  await mute.start()
  t.after(async () => {
    for (const { host, liveness } of [a, b]) {
      liveness.stop()
      await host.stop()
    }
    await mute.stop()
  })
  const connection = await a.host.dial(b.host.getMultiaddrs())
  const other = (): ReturnType<Liveness['of']> => {
    const [inbound] = b.host.getConnections()
    return inbound === undefined ? undefined : b.liveness.of(inbound)
  }
  await until('both have a round trip', () => a.liveness.of(connection)?.rttMs !== undefined && other()?.rttMs !== undefined)
  assert.ok(Math.abs(a.liveness.of(connection)?.clockOffsetMs ?? 1e9) < 100)
  assert.equal(connection.streams.filter(({ protocol }) => protocol === LIVENESS_PROTOCOL).length, 1)
  assert.deepEqual(verdicts, [])
  const silent = await a.host.dial(mute.getMultiaddrs())
  await until('the silent one is cut', () => silent.status !== 'open', 20_000)
  assert.deepEqual(verdicts, ['suspect', 'down'])
})

test('a peer that resets the liveness stream over and over is silent, not excused', async (t) => {
  const verdicts: string[] = []
  const host = await testHost()
  const onVerdict = (_connection: unknown, verdict: string): void => void verdicts.push(verdict)
  const liveness = createLiveness({ host, clock: systemClock, random: systemRandom, count: () => {}, idleMs: 100, onVerdict })
  const rude = await testHost()
  await rude.handle(LIVENESS_PROTOCOL, (stream) => stream.abort(new Error('no')))
  await liveness.start()
  t.after(async () => {
    liveness.stop()
    await Promise.all([host.stop(), rude.stop()])
  })
  await Promise.all([host.start(), rude.start()])
  const connection = await host.dial(rude.getMultiaddrs())
  await until('it is cut', () => connection.status !== 'open', 20_000)
  assert.equal(verdicts.at(-1), 'down')
})
