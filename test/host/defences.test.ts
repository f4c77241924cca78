import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import type { Connection } from '@libp2p/interface'
import { GOOD_ADDRESS_MS } from '../../src/channel/limits.ts'
import { createConnectionGater, isLoopback } from '../../src/host/connection-gater.ts'
import type { PeerFault } from '../../src/host/counter.ts'
import { HostError } from '../../src/host/host-error.ts'
import { LIBP2P_PENDING_INBOUND, MAX_PENDING_INBOUND } from '../../src/host/limits.ts'
import { createLiveness, type Liveness } from '../../src/host/liveness.ts'
import { LIVENESS_PROTOCOL } from '../../src/host/liveness-frame.ts'
import { frameStream, openFrames, serveFrames } from '../../src/host/streams.ts'
import { KeyedBuckets } from '../../src/host/token-bucket.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { TOPIC, testHost, until } from './testing.ts'
import { LeapingClock } from './x0-host.ts'

test('the wider caps are for loopback, however it is written', () => {
  assert.ok(['127.9.9.9', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'].every(isLoopback))
  assert.ok(!['192.0.2.1', '::2', '::ffff:192.0.2.1'].some(isLoopback))
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

test('silent sockets from many addresses leave a share of the pending places to those that were good lately', async (t) => {
  const faults: PeerFault[] = []
  const clock = new LeapingClock()
  const gater = createConnectionGater({ clock, count: (fault) => faults.push(fault), pending: 8 })
  const host = await testHost({ gater })
  const friend = await testHost()
  const sockets: Socket[] = []
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await Promise.all([host.stop(), friend.stop()])
  })
  await Promise.all([host.start(), friend.start()])
  const port = Number(/tcp\/(\d+)/.exec(host.getMultiaddrs()[0]?.toString() ?? '')?.[1])
  const silent = (localAddress: string): void => {
    sockets.push(connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {}))
  }
  // it completes a handshake from 127.0.0.1
  const first = await friend.dial(host.getMultiaddrs())
  await until('the host knows', () => host.getConnections().length === 1)
  await first.close()
  await until('the host is alone', () => host.getConnections().length === 0)
  for (let index = 0; index < 20; index += 1) silent(`127.0.1.${index + 1}`)
  await until('three quarters are taken, the rest is refused', () => faults.length === 14)
  assert.deepEqual([...new Set(faults)], ['inbound-pending-cap'])
  const connection = await friend.dial(host.getMultiaddrs())
  await until('the host has it too', () => host.getConnections().length === 1)
  await connection.close()
  // good was an hour ago
  clock.leap(GOOD_ADDRESS_MS)
  await assert.rejects(friend.dial(host.getMultiaddrs()))
  for (const socket of sockets) socket.destroy()
  await until(
    'the places are free again',
    async () => (await friend.dial(host.getMultiaddrs()).catch(() => undefined)) !== undefined,
  )
})

test('the places in all are below those of libp2p, whose refusals nobody counts', () => {
  assert.ok(MAX_PENDING_INBOUND < LIBP2P_PENDING_INBOUND)
})

test('streams of a protocol beyond its limit are refused and counted; closing one frees its place', async (t) => {
  const faults: PeerFault[] = []
  const [a, b] = [await testHost(), await testHost()]
  t.after(() => Promise.all([a.stop(), b.stop()]))
  let served = 0
  const limits = { maxBytes: 100, maxStreams: 2 }
  await serveFrames(
    b,
    '/test/wait',
    limits,
    (fault) => faults.push(fault),
    async (frames) => {
      served += 1
      await frames.read(30_000)
    },
  )
  await Promise.all([a.start(), b.start()])
  const connection = await a.dial(b.getMultiaddrs())
  const streams = await Promise.all(
    Array.from({ length: 4 }, () => connection.newStream('/test/wait', { maxOutboundStreams: 10 })),
  )
  await until('two are refused', () => faults.length === 2)
  assert.deepEqual(faults, ['stream-limit', 'stream-limit'])
  assert.equal(served, 2)
  const isOpen = ({ status }: { status: string }): boolean => status === 'open'
  await until('and hear of it', () => streams.filter(isOpen).length === 2)
  await streams.find(isOpen)?.close()
  await until('one is served', async () => {
    const another = await connection.newStream('/test/wait', { maxOutboundStreams: 10 })
    if (served === 2) await another.close()
    return served === 3
  })
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
  const verdicts: { about?: Connection; said: string }[] = []
  const make = async (): Promise<{ host: Awaited<ReturnType<typeof testHost>>; liveness: Liveness }> => {
    const host = await testHost()
    const liveness = createLiveness({
      host,
      clock: systemClock,
      random: systemRandom,
      count: (fault) => verdicts.push({ said: fault }),
      idleMs: 250,
      onVerdict: (about, said) => verdicts.push({ about, said }),
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
  // the other host may have found the silent one in the DHT, and judges it by itself
  assert.deepEqual(
    verdicts.flatMap(({ about, said }) => (about === silent ? [said] : [])),
    ['suspect', 'down'],
  )
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
