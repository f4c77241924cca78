import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nativeBackend } from '../../src/crypto/native.ts'
import type { PeerFault } from '../../src/host/counter.ts'
import { createDiscovery } from '../../src/host/discovery.ts'
import type { Host } from '../../src/host/libp2p-host.ts'
import { RECORD_LIFETIME_MS, RECORD_SWEEP_MS } from '../../src/host/limits.ts'
import { type NodeRecord, signNodeRecord } from '../../src/host/node-record.ts'
import { createPresence, type Presence } from '../../src/host/presence.ts'
import { createRecordExchange, type RecordExchange } from '../../src/host/record-exchange.ts'
import { RecordStore } from '../../src/host/record-store.ts'
import { decodeRequest, encodeAnswer, RECORD_PROTOCOL } from '../../src/host/record-wire.ts'
import { serveFrames } from '../../src/host/streams.ts'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { NETWORK, testHost, until } from './testing.ts'
import { LeapingClock } from './x0-host.ts'

const backend = nativeBackend()
const networkId = new Uint8Array(32).fill(7)

function recordOf(identity: NodeIdentity, sequence: number, address: string): Promise<NodeRecord> {
  const content = { networkId, sequence: BigInt(sequence), expiresAt: sequence + RECORD_LIFETIME_MS, addresses: [address] }
  return signNodeRecord(backend, identity, { ...content, neighbours: [], capabilities: [] })
}

interface Node {
  readonly identity: NodeIdentity
  readonly host: Host
  readonly store: RecordStore
  readonly exchange: RecordExchange
  readonly presence: Presence
  readonly faults: PeerFault[]
  readonly found: string[]
}

/** A node with records and presence; `evil` answers the record protocol in its own way instead. */
async function node(
  evil?: (x0Id: Uint8Array) => Promise<Uint8Array | undefined>,
  isRevoked: (x0Id: Uint8Array) => boolean = () => false,
): Promise<Node> {
  const identity = await generateNodeIdentity(backend, systemRandom)
  const host = await testHost({ privateKey: identity.libp2pKey })
  const faults: PeerFault[] = []
  const found: string[] = []
  const count = (fault: PeerFault): void => void faults.push(fault)
  const store = new RecordStore({
    backend,
    networkId,
    shelf: noShelf,
    count,
    isRevoked,
    onRecord: (record) => discovery.learned(record),
    onError: (error) => assert.fail(String(error)),
  })
  const own = await recordOf(identity, Date.now(), '/ip4/127.0.0.1/tcp/1')
  const exchange = createRecordExchange({ host, store, clock: systemClock, count, ownRecord: () => own })
  const discovery = createDiscovery({
    host,
    store,
    exchange,
    clock: systemClock,
    random: systemRandom,
    x0Id: identity.x0Id,
    found: (peerId, _addresses, source, x0Id) => found.push(`${source} ${peerId} ${x0Id ?? ''}`),
  })
  const presence = createPresence({
    host,
    backend,
    identity,
    networkId,
    network: NETWORK,
    version: '0.0.0',
    clock: systemClock,
    random: systemRandom,
    count,
    isRevoked,
    countGossip: () => undefined,
    keysOf: (x0Id) => store.get(x0Id, Date.now()),
    fetchKeys: async (from, x0Id) => {
      const connection = host.getConnections(from)[0]
      return connection === undefined ? undefined : exchange.askFor(connection, x0Id)
    },
    onError: (error) => assert.fail(String(error)),
  })
  if (evil === undefined) await exchange.start()
  else {
    await serveFrames(host, RECORD_PROTOCOL, { maxBytes: 1 << 20, maxStreams: 8 }, count, async (frames) => {
      const request = decodeRequest((await frames.read()) ?? new Uint8Array())
      const answer = await evil(request?.kind === 'get' ? request.x0Id : new Uint8Array())
      if (answer !== undefined) await frames.write(answer)
    })
  }
  discovery.start()
  await host.start()
  presence.start()
  return { identity, host, store, exchange, presence, faults, found }
}

const noShelf = {
  put: async () => {},
  delete: async () => {},
  async *entries(): AsyncGenerator<readonly [string, Uint8Array]> {},
}

async function stop(nodes: readonly Node[]): Promise<void> {
  for (const { presence, exchange } of nodes) {
    presence.stop()
    exchange.stop()
  }
  await Promise.all(nodes.map(({ host }) => host.stop()))
}

/** Everybody dials everybody, and the DHT tables fill. */
async function mesh(nodes: readonly Node[]): Promise<void> {
  for (const [index, each] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) await each.host.dial(other.host.getMultiaddrs())
  }
}

test('a record is published, looked up and rolled forward; stale, forged, oversize and slow holders cannot spoil it', async (t) => {
  const subject = await generateNodeIdentity(backend, systemRandom)
  const now = Date.now()
  const [old, fresh] = [
    await recordOf(subject, now - 60_000, '/ip4/192.0.2.1/tcp/1'),
    await recordOf(subject, now, '/ip4/192.0.2.2/tcp/2'),
  ]
  const forged = fresh.bytes.slice()
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
  const honest = await Promise.all([node(), node()])
  const [asker, holder] = honest
  const hostile = await Promise.all([
    node(async () => encodeAnswer({ kind: 'found', record: old.bytes })),
    node(async () => encodeAnswer({ kind: 'found', record: forged })),
    node(async () => encodeAnswer({ kind: 'found', record: new Uint8Array(500_000) })),
    node(() => new Promise(() => {})),
  ])
  const nodes = [...honest, ...hostile]
  t.after(() => stop(nodes))
  await mesh(nodes)
  await until('the tables know all', async () => {
    const seen: string[] = []
    for await (const event of asker.host.services.dht.getClosestPeers(subject.x0Id, { signal: AbortSignal.timeout(3000) })) {
      if (event.name === 'FINAL_PEER') seen.push(event.peer.id.toString())
    }
    return seen.length === nodes.length - 1
  })
  assert.equal(await holder.store.take(fresh.bytes, subject.peerId, now), 'stored')
  const started = performance.now()
  const record = await asker.exchange.lookUp(subject.x0Id)
  assert.equal(record?.sequence, fresh.sequence)
  assert.ok(performance.now() - started < 5000, 'the slow holder cost the grace period only')
  // The order of answers is the network's: a stale one is either refused or replaced, a forged one always refused.
  assert.ok(asker.faults.includes('record-forged') || asker.faults.includes('record-stale'))
  assert.ok(asker.store.size(now) <= nodes.length)

  const old2 = await asker.store.take(old.bytes, hostile[0]?.identity.peerId ?? '', now)
  assert.equal(old2, 'stale')
})

test('publishing places the record with the others, and connected peers learn x0 ids by asking', async (t) => {
  const nodes = await Promise.all([node(), node(), node()])
  t.after(() => stop(nodes))
  const [a, b, c] = nodes
  assert.ok(a !== undefined && b !== undefined && c !== undefined)
  await mesh(nodes)
  await until('each holds the records of both others', () => nodes.every(({ store }) => store.size(Date.now()) === 2))
  assert.ok(a.found.some((line) => line.startsWith(`record ${b.identity.peerId} x0`)))
  const subject = await generateNodeIdentity(backend, systemRandom)
  const record = await recordOf(subject, Date.now(), '/ip4/192.0.2.1/tcp/1')
  assert.equal(await a.exchange.publish(record), 2)
  assert.equal(c.store.get(subject.x0Id, Date.now())?.sequence, record.sequence)
})

test('an expired record leaves the shelf by itself, though nobody asks for it', async (t) => {
  const clock = new LeapingClock()
  const shelf = new Map<string, Uint8Array>()
  const host = await testHost()
  const store = new RecordStore({
    backend,
    networkId,
    shelf: {
      ...noShelf,
      put: async (key, value) => void shelf.set(key, value),
      delete: async (key) => void shelf.delete(key),
    },
    count: () => undefined,
    onError: (error) => assert.fail(String(error)),
  })
  const exchange = createRecordExchange({ host, store, clock, count: () => undefined, ownRecord: () => undefined })
  await exchange.start()
  t.after(async () => {
    exchange.stop()
    await host.stop()
  })
  const record = await recordOf(await generateNodeIdentity(backend, systemRandom), clock.now(), '/ip4/192.0.2.1/tcp/1')
  assert.equal(await store.take(record.bytes, 'a', clock.now()), 'stored')
  clock.leap(RECORD_SWEEP_MS)
  await until('the sweep is over', () => shelf.size === 1)
  clock.leap(RECORD_LIFETIME_MS)
  await until('it is gone', () => shelf.size === 0)
})

test('presence is heard by nodes that share no link with its author, with keys fetched on the way; a forged one is rejected', async (t) => {
  const nodes = await Promise.all([node(), node(), node()])
  t.after(() => stop(nodes))
  const [a, b, c] = nodes
  assert.ok(a !== undefined && b !== undefined && c !== undefined)
  await a.host.dial(b.host.getMultiaddrs())
  await b.host.dial(c.host.getMultiaddrs())
  await until('gossip links', () => b.host.services.gossip.getSubscribers(b.presence.topic).length === 2)
  await until('b holds the record of a', () => b.store.get(a.identity.x0Id, Date.now()) !== undefined)
  await a.presence.beat()
  await until('c hears a', () => c.presence.heard().some(({ x0Id }) => Buffer.compare(x0Id, a.identity.x0Id) === 0))
  await c.host.services.gossip.publish(c.presence.topic, new Uint8Array(100))
  await until('b rejects rubbish', () => b.faults.includes('presence-invalid'))
  assert.equal(a.faults.includes('presence-invalid'), false, 'rubbish is not passed on')
})

test('a revoked node: its record is not taken and its presence not heard, and its bearer is not blamed', async (t) => {
  const revoked: Uint8Array[] = []
  const isRevoked = (x0Id: Uint8Array): boolean => revoked.some((each) => Buffer.compare(each, x0Id) === 0)
  const nodes = await Promise.all([node(), node(undefined, isRevoked)])
  t.after(() => stop(nodes))
  const [gone, other] = nodes
  assert.ok(gone && other)
  await gone.host.dial(other.host.getMultiaddrs())
  await until('gossip links', () => gone.host.services.gossip.getSubscribers(gone.presence.topic).length === 1)
  await until('the record is held', () => other.store.get(gone.identity.x0Id, Date.now()) !== undefined)
  await gone.presence.beat()
  await until('it is heard', () => other.presence.heard().length === 1)
  revoked.push(gone.identity.x0Id)
  other.presence.forget(gone.identity.x0Id)
  await other.store.remove(gone.identity.x0Id)
  assert.deepEqual([other.presence.heard().length, other.store.size(Date.now())], [0, 0])
  await gone.presence.beat()
  await until('its presence is counted', () => other.faults.includes('presence-revoked'))
  const [connection] = other.host.getConnections()
  assert.ok(connection)
  assert.equal(await other.exchange.ask(connection), undefined)
  assert.deepEqual([other.presence.heard().length, other.store.size(Date.now())], [0, 0])
  assert.deepEqual([...new Set(other.faults)], ['presence-revoked', 'record-revoked'])
})
