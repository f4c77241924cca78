import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nativeBackend } from '../../src/crypto/native.ts'
import type { PeerFault } from '../../src/host/counter.ts'
import { HostError } from '../../src/host/host-error.ts'
import { MAX_EVIDENCE, MAX_RECORDS_PER_PEER, RECORD_LIFETIME_MS } from '../../src/host/limits.ts'
import { decodeNodeRecord, type NodeRecord, signNodeRecord, verifyNodeRecord } from '../../src/host/node-record.ts'
import { type RecordShelf, RecordStore } from '../../src/host/record-store.ts'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import { systemRandom } from '../../src/platform/random.ts'

const backend = nativeBackend()
const networkId = new Uint8Array(32).fill(7)
const NOW = 1_800_000_000_000

const identity = (): Promise<NodeIdentity> => generateNodeIdentity(backend, systemRandom)

interface Change {
  readonly sequence?: number
  readonly addresses?: readonly string[]
  readonly lifetime?: number
  readonly networkId?: Uint8Array
}

function recordOf(node: NodeIdentity, change: Change = {}): Promise<NodeRecord> {
  const sequence = change.sequence ?? NOW
  return signNodeRecord(backend, node, {
    networkId: change.networkId ?? networkId,
    sequence: BigInt(sequence),
    expiresAt: sequence + (change.lifetime ?? RECORD_LIFETIME_MS),
    addresses: change.addresses ?? ['/ip4/192.0.2.1/tcp/9691', '/dns4/node.example/tcp/443'],
    neighbours: [new Uint8Array(32).fill(9), new Uint8Array(32).fill(1)],
    capabilities: ['relay', 'gossip'],
  })
}

/** A shelf as LevelDB would be, in a map that outlives the store. */
function shelfOver(map: Map<string, Uint8Array>): RecordShelf {
  return {
    async put(key, value) {
      map.set(key, value)
    },
    async delete(key) {
      map.delete(key)
    },
    async *entries() {
      yield* [...map]
    },
  }
}

interface Watched {
  readonly store: RecordStore
  readonly faults: PeerFault[]
  readonly learned: NodeRecord[]
  /** The x0 ids, in hexadecimal, of nodes reported for two truths at once. */
  readonly accused: string[]
  readonly errors: unknown[]
}

function storeOver(
  map = new Map<string, Uint8Array>(),
  shelf: Partial<RecordShelf> = {},
  isRevoked: (x0Id: Uint8Array) => boolean = () => false,
): Watched {
  const faults: PeerFault[] = []
  const learned: NodeRecord[] = []
  const accused: string[] = []
  const errors: unknown[] = []
  const store = new RecordStore({
    backend,
    networkId,
    shelf: { ...shelfOver(map), ...shelf },
    isRevoked,
    count: (fault) => faults.push(fault),
    onRecord: (record) => learned.push(record),
    onConflict: ({ first }) => accused.push(Buffer.from(first.x0Id).toString('hex')),
    onError: (error) => errors.push(error),
  })
  return { store, faults, learned, accused, errors }
}

test('a record says the same after a trip over the wire, and its names follow from its keys', async () => {
  const node = await identity()
  const record = decodeNodeRecord(backend, (await recordOf(node)).bytes)
  assert.equal(record.peerId, node.peerId)
  assert.deepEqual(Buffer.from(record.x0Id), Buffer.from(node.x0Id))
  assert.deepEqual(record.addresses, ['/ip4/192.0.2.1/tcp/9691', '/dns4/node.example/tcp/443'])
  assert.deepEqual(record.capabilities, ['gossip', 'relay'])
  assert.deepEqual(
    record.neighbours.map((id) => id[0]),
    [1, 9],
  )
  assert.equal(record.sequence, BigInt(NOW))
  assert.ok(await verifyNodeRecord(backend, record))
})

test('no changed byte of a record passes: it is refused in form or in signature', async () => {
  const { bytes } = await recordOf(await identity())
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ flip
      try {
        assert.equal(await verifyNodeRecord(backend, decodeNodeRecord(backend, changed)), false)
      } catch (error) {
        assert.ok(error instanceof HostError && error.code === 'bad-record', String(error))
      }
    }),
    { numRuns: 150 },
  )
})

test('any bytes decode to a record or to bad-record, never to anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6000 }), (bytes) => {
      if (bytes.length > 0) bytes[0] = 1
      assert.throws(() => decodeNodeRecord(backend, bytes), HostError)
    }),
  )
})

test('nobody rolls a record back: not in memory, not after a restart, not after its expiry', async () => {
  const node = await identity()
  const [old, fresh] = [await recordOf(node), await recordOf(node, { sequence: NOW + 1000, addresses: ['/ip4/192.0.2.2/tcp/1'] })]
  const shelf = new Map<string, Uint8Array>()
  const { store, faults } = storeOver(shelf)
  assert.equal(await store.take(old.bytes, 'a', NOW), 'stored')
  assert.equal(await store.take(fresh.bytes, 'b', NOW), 'stored')
  assert.equal(await store.take(old.bytes, 'a', NOW), 'stale')
  assert.deepEqual(store.get(node.x0Id, NOW)?.addresses, ['/ip4/192.0.2.2/tcp/1'])
  assert.deepEqual(faults, ['record-stale'])

  const again = storeOver(shelf).store
  await again.load(NOW)
  assert.equal(again.size(NOW), 1)
  assert.equal(await again.take(old.bytes, 'a', NOW), 'stale')

  const short = await recordOf(node, { sequence: NOW + 2000, lifetime: 5000 })
  assert.equal(await store.take(short.bytes, 'a', NOW), 'stored')
  await store.sweep(NOW + 8000)
  assert.equal(store.size(NOW), 0)
  assert.equal(shelf.size, 0)
  assert.equal(await store.take(fresh.bytes, 'a', NOW + 8000), 'stale')
})

test('two bodies under one sequence: the first stays, the signed pair is kept as evidence', async () => {
  const node = await identity()
  const first = await recordOf(node)
  const second = await recordOf(node, { addresses: ['/ip4/198.51.100.1/tcp/1'] })
  const { store, faults, accused } = storeOver()
  await store.take(first.bytes, 'a', NOW)
  assert.equal(await store.take(second.bytes, 'b', NOW), 'conflict')
  const twin = await recordOf(node)
  assert.notDeepEqual(Buffer.from(twin.signature), Buffer.from(first.signature), 'ML-DSA signing is randomised')
  assert.equal(await store.take(twin.bytes, 'c', NOW), 'known')
  const forged = second.bytes.slice()
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
  assert.equal(await store.take(forged, 'd', NOW), 'conflict')
  // one pair is proof enough: a third body is no news
  assert.equal(await store.take((await recordOf(node, { addresses: [] })).bytes, 'e', NOW), 'conflict')
  assert.equal(store.conflicts.length, 1)
  assert.deepEqual(accused, [Buffer.from(node.x0Id).toString('hex')])
  assert.deepEqual(Buffer.from(store.conflicts[0]?.second.bodyHash ?? []), Buffer.from(second.bodyHash))
  assert.deepEqual(faults, ['record-conflict', 'record-conflict', 'record-conflict'])
})

test('forged, foreign, expired, far-off and oversize records are refused, each by its name, and nothing grows', async () => {
  const node = await identity()
  const record = await recordOf(node)
  const forged = record.bytes.slice()
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
  const { store, faults } = storeOver()
  assert.equal(await store.take(forged, 'a', NOW), 'forged')
  assert.equal(await store.take(new Uint8Array(20_000), 'a', NOW), 'malformed')
  assert.equal(await store.take((await recordOf(node, { networkId: new Uint8Array(32) })).bytes, 'a', NOW), 'other-network')
  assert.equal(await store.take(record.bytes, 'a', NOW + RECORD_LIFETIME_MS + 1), 'expired')
  assert.equal(await store.take((await recordOf(node, { sequence: NOW + 48 * 3_600_000 })).bytes, 'a', NOW), 'from-the-future')
  assert.equal(await store.take((await recordOf(node, { lifetime: 30 * RECORD_LIFETIME_MS })).bytes, 'a', NOW), 'from-the-future')
  assert.equal(store.size(NOW), 0)
  assert.equal(faults.length, 6)
})

test('one peer may place so many records of others, and its own all the same', async () => {
  const { store } = storeOver()
  const bringer = await identity()
  for (let index = 0; index < MAX_RECORDS_PER_PEER; index += 1) {
    assert.equal(await store.take((await recordOf(await identity())).bytes, bringer.peerId, NOW), 'stored')
  }
  const stranger = await recordOf(await identity())
  assert.equal(await store.take(stranger.bytes, bringer.peerId, NOW), 'quota')
  assert.equal(await store.take((await recordOf(bringer)).bytes, bringer.peerId, NOW), 'stored')
  assert.equal(await store.take(stranger.bytes, 'another', NOW), 'stored')
})

test('evidence is bounded, and the newest stays: liars of yesterday do not hide those of today', async () => {
  const { store, accused } = storeOver()
  for (let index = 0; index <= MAX_EVIDENCE; index += 1) {
    const liar = await identity()
    await store.take((await recordOf(liar)).bytes, liar.peerId, NOW)
    await store.take((await recordOf(liar, { addresses: [] })).bytes, liar.peerId, NOW)
  }
  assert.equal(accused.length, MAX_EVIDENCE + 1)
  assert.equal(store.conflicts.length, MAX_EVIDENCE)
  assert.equal(Buffer.from(store.conflicts.at(-1)?.first.x0Id ?? []).toString('hex'), accused.at(-1))
})

test('what has expired takes no place, counts against nobody and is told to nobody', async () => {
  const shelf = new Map<string, Uint8Array>()
  const { store, faults } = storeOver(shelf)
  const bringer = 'bringer'
  const short = await Promise.all(
    Array.from({ length: MAX_RECORDS_PER_PEER }, async () => recordOf(await identity(), { lifetime: 1000 })),
  )
  for (const { bytes } of short) assert.equal(await store.take(bytes, bringer, NOW), 'stored')
  assert.equal(store.size(NOW + 999), MAX_RECORDS_PER_PEER)
  assert.equal(store.size(NOW + 1000), 0)
  assert.deepEqual(store.all(NOW + 1000), [])
  const fresh = await identity()
  assert.equal(await store.take((await recordOf(fresh)).bytes, bringer, NOW + 1000), 'stored')
  await store.sweep(NOW + 1000)
  assert.deepEqual([...shelf.keys()], [Buffer.from(fresh.x0Id).toString('hex')])
  assert.deepEqual(faults, [])
})

test('a record that the shelf refuses is not kept, the failure is told, and the older record stands', async () => {
  const map = new Map<string, Uint8Array>()
  let isFull = false
  const put: RecordShelf['put'] = async (key, value) => {
    if (isFull) throw new Error('no space is left')
    map.set(key, value)
  }
  const { store, faults, learned, errors } = storeOver(map, { put })
  const node = await identity()
  const [old, fresh] = [await recordOf(node), await recordOf(node, { sequence: NOW + 1000 })]
  assert.equal(await store.take(old.bytes, 'a', NOW), 'stored')
  isFull = true
  assert.equal(await store.take(fresh.bytes, 'a', NOW), 'unwritten')
  assert.equal(store.get(node.x0Id, NOW)?.sequence, old.sequence)
  assert.deepEqual([faults.length, learned.length, errors.length], [0, 1, 1])
  isFull = false
  assert.equal(await store.take(fresh.bytes, 'a', NOW), 'stored')
})

test('the record of a revoked node goes from memory and shelf, is not loaded, and no newer one is taken', async () => {
  const [node, other] = [await identity(), await identity()]
  const map = new Map<string, Uint8Array>()
  const revoked = new Set<string>()
  const isRevoked = (x0Id: Uint8Array): boolean => revoked.has(Buffer.from(x0Id).toString('hex'))
  const { store, faults } = storeOver(map, {}, isRevoked)
  for (const each of [node, other]) assert.equal(await store.take((await recordOf(each)).bytes, 'peer', NOW), 'stored')
  const key = Buffer.from(node.x0Id).toString('hex')
  revoked.add(key)
  const written = new Map(map)
  await store.remove(node.x0Id)
  assert.deepEqual([store.get(node.x0Id, NOW), store.size(NOW), [...map.keys()].includes(key)], [undefined, 1, false])
  assert.equal(await store.take((await recordOf(node, { sequence: NOW + 1 })).bytes, 'peer', NOW), 'revoked')
  assert.deepEqual(faults, ['record-revoked'])
  // written before it was revoked, and found at the next start
  const next = storeOver(written, {}, isRevoked)
  await next.store.load(NOW)
  assert.deepEqual([next.store.size(NOW), written.has(key)], [1, false])
})

test('whatever order records of one node come in, the highest sequence stands', async () => {
  const node = await identity()
  const records = await Promise.all([0, 1, 2, 3].map((step) => recordOf(node, { sequence: NOW + step * 20_000 })))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }), async (order) => {
      const { store } = storeOver()
      await Promise.all(order.map((index) => store.take(records[index]?.bytes ?? new Uint8Array(), `p${index}`, NOW)))
      assert.equal(store.get(node.x0Id, NOW)?.sequence, BigInt(NOW + Math.max(...order) * 20_000))
    }),
    { numRuns: 25 },
  )
})
