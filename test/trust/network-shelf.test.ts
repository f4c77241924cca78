import assert from 'node:assert/strict'
import { before, type TestContext, test } from 'node:test'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { Store } from '../../src/store/store.ts'
import type { Genesis } from '../../src/trust/genesis.ts'
import { NetworkShelf } from '../../src/trust/network-shelf.ts'
import { Sponsor } from '../../src/trust/sponsor.ts'
import { NATIVE } from '../crypto/backends.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'
import { credentialFor, flipped, founderOf, NOW, networkOf, revocationFor, someone } from './people.ts'
import { trustCode } from './trust-code.ts'

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')

let anna: NodeIdentity
let node: NodeIdentity
let lost: NodeIdentity
let genesis: Genesis

before(async () => {
  ;[anna, node, lost] = await Promise.all([someone(), someone(), someone()])
  genesis = networkOf([founderOf(anna, 'anna')])
})

async function newStore(t: TestContext): Promise<Store> {
  const store = await Store.open(await temporaryFolder(t))
  t.after(() => store.close())
  return store
}

async function openShelf(store: Store): Promise<{ shelf: NetworkShelf; damaged: string[] }> {
  const damaged: string[] = []
  const shelf = await NetworkShelf.open({ backend: NATIVE, store, onDamaged: (name, key) => damaged.push(`${name}/${key}`) })
  return { shelf, damaged }
}

/** A home that is in the network, has heard of a revocation and has synced. */
async function joined(t: TestContext): Promise<{ store: Store; credential: Uint8Array }> {
  const store = await newStore(t)
  const { shelf } = await openShelf(store)
  const { bytes: credential } = await credentialFor(anna, genesis, node.x0Id)
  const doors = [
    { address: '/ip4/192.0.2.1/tcp/4001', x0Id: anna.x0Id },
    { address: '/dns4/door.example/tcp/4001', x0Id: lost.x0Id },
  ]
  await shelf.enter({ genesis, credential, doors })
  await shelf.membership.take((await revocationFor(anna, genesis, lost.x0Id)).bytes)
  await shelf.keepRevocation(genesis.id, lost.x0Id)
  await shelf.markSynced(genesis.id, NOW)
  return { store, credential }
}

async function countAll(store: Store): Promise<number> {
  let count = 0
  for (const name of ['network', 'revocations', 'invites', 'issued', 'ignored']) {
    for await (const key of store.namespace(name).keys()) count += key.length > 0 ? 1 : 0
  }
  return count
}

test('a fresh home is in no network', async (t) => {
  const { shelf, damaged } = await openShelf(await newStore(t))
  assert.equal(shelf.kept, undefined)
  assert.equal(shelf.membership.genesis, undefined)
  assert.ok('standing' in shelf.membership.judge({ x0Id: node.x0Id, credential: undefined }, NOW))
  // what was begun before it left, or in another network, writes nothing
  await shelf.markSynced(genesis.id, NOW)
  await shelf.keepCredential(genesis.id, new Uint8Array(1))
  await shelf.keepRevocation(genesis.id, node.x0Id)
  assert.deepEqual(damaged, [])
})

test('what a home keeps of its network is there after a restart, checked', async (t) => {
  const { store, credential } = await joined(t)
  const { shelf, damaged } = await openShelf(store)
  assert.deepEqual(damaged, [])
  assert.equal(hex(shelf.kept?.genesis.id), hex(genesis.id))
  assert.equal(hex(shelf.kept?.credential), hex(credential))
  assert.equal(shelf.kept?.lastSyncedAt, NOW)
  assert.deepEqual(
    shelf.kept?.doors.map(({ address, x0Id }) => [address, hex(x0Id)]),
    [
      ['/ip4/192.0.2.1/tcp/4001', hex(anna.x0Id)],
      ['/dns4/door.example/tcp/4001', hex(lost.x0Id)],
    ],
  )
  assert.deepEqual(
    shelf.membership.revocations().map(({ subject }) => hex(subject)),
    [hex(lost.x0Id)],
  )
  const renewed = (await credentialFor(anna, genesis, node.x0Id, { name: 'renewed' })).bytes
  await shelf.keepCredential(genesis.id, renewed)
  assert.equal(hex((await openShelf(store)).shelf.kept?.credential), hex(renewed))
})

test('a home is in one network at a time', async (t) => {
  const { store } = await joined(t)
  const { shelf } = await openShelf(store)
  const other = networkOf([founderOf(node, 'node')], { name: 'other' })
  const entering = { genesis: other, credential: undefined, doors: [] }
  await assert.rejects(shelf.enter(entering), trustCode('other-network', /fleet\.example/))
  await shelf.forget()
  assert.equal(shelf.kept, undefined)
  assert.equal(shelf.membership.genesis, undefined)
  await shelf.enter(entering)
  const again = (await openShelf(store)).shelf
  assert.equal(again.kept?.genesis.name, 'other')
  assert.deepEqual(again.membership.revocations(), [])
  assert.equal(again.kept?.lastSyncedAt, undefined)
})

test('leaving takes everything from the disk, invites and what was issued included', async (t) => {
  const { store } = await joined(t)
  const { shelf } = await openShelf(store)
  const sponsor = await Sponsor.open({
    backend: NATIVE,
    identity: anna,
    membership: shelf.membership,
    store,
    clock: { now: () => NOW },
    random: systemRandom,
    report: () => undefined,
    onDamaged: () => undefined,
  })
  await sponsor.invite({}, [{ address: '/ip4/192.0.2.1/tcp/4001', x0Id: anna.x0Id }])
  assert.equal(await countAll(store), 6)
  await shelf.forget()
  assert.equal(await countAll(store), 0)
})

test('a closed door finishes what it writes and begins nothing more, so that leaving leaves nothing', async (t) => {
  const store = await newStore(t)
  const { shelf } = await openShelf(store)
  await shelf.enter({ genesis, credential: undefined, doors: [] })
  const sponsor = await Sponsor.open({
    backend: NATIVE,
    identity: anna,
    membership: shelf.membership,
    store,
    clock: { now: () => NOW },
    random: systemRandom,
    report: () => undefined,
    onDamaged: () => undefined,
  })
  const revoke = (): Promise<string> => {
    const done = sponsor.revoke(systemRandom.bytes(32), 'stolen')
    return done.then(
      () => 'revoked',
      (error) => (trustCode('left')(error) ? 'left' : String(error)),
    )
  }
  const before = Array.from({ length: 20 }, revoke)
  const closed = sponsor.close()
  const after = Array.from({ length: 20 }, revoke)
  await closed
  assert.deepEqual(new Set(await Promise.all(after)), new Set(['left']))
  await shelf.forget()
  assert.equal(await countAll(store), 0)
  for (const outcome of await Promise.all(before)) assert.match(outcome, /^(revoked|left)$/)
  assert.equal(await countAll(store), 0)
  assert.equal((await openShelf(store)).shelf.kept, undefined)
})

test('a home that was killed while it left goes on leaving at the next start', async (t) => {
  const { store } = await joined(t)
  // as forgetting leaves it after its first two writes
  await store.namespace('network').put('leaving', Uint8Array.of(1))
  await store.namespace('revocations').delete(hex(lost.x0Id))
  const { shelf, damaged } = await openShelf(store)
  assert.equal(shelf.kept, undefined)
  assert.deepEqual(damaged, [])
  assert.equal(await countAll(store), 0)
})

test('a damaged or missing genesis refuses the start, and says what to do', async (t) => {
  const { store } = await joined(t)
  const network = store.namespace('network')
  const good = (await network.get('genesis')) ?? new Uint8Array()
  await network.put('genesis', good.subarray(1))
  await assert.rejects(openShelf(store), trustCode('damaged', /genesis.*is damaged.*x0 leave/))
  await network.delete('genesis')
  await assert.rejects(openShelf(store), trustCode('damaged', /genesis.*is missing.*x0 leave/))
  await network.put('genesis', good)
  assert.equal((await openShelf(store)).shelf.kept?.genesis.name, 'fleet.example')
})

test('a damaged revocation is told, and the node is not caught up until it has synced', async (t) => {
  const { store } = await joined(t)
  const revocations = store.namespace('revocations')
  const key = hex(lost.x0Id)
  const good = (await revocations.get(key)) ?? new Uint8Array()
  for (const bad of [good.subarray(1), flipped(good, good.length - 1), (await revocationFor(anna, genesis, node.x0Id)).bytes]) {
    await revocations.put(key, bad)
    const { shelf, damaged } = await openShelf(store)
    assert.deepEqual(damaged, [`revocations/${key}`])
    assert.equal(shelf.kept?.lastSyncedAt, undefined)
  }
  // it comes again with the sync and takes the place of what was damaged
  const { shelf } = await openShelf(store)
  assert.equal((await shelf.membership.take(good)).verdict, 'new')
  await shelf.keepRevocation(genesis.id, lost.x0Id)
  await shelf.markSynced(genesis.id, NOW + 1)
  const healed = await openShelf(store)
  assert.deepEqual([healed.damaged, healed.shelf.kept?.lastSyncedAt], [[], NOW + 1])
  assert.equal(hex(healed.shelf.membership.revocationOf(lost.x0Id)?.bytes), hex(good))
  // nobody has it: a sync ends that too
  await revocations.put(key, good.subarray(1))
  await (await openShelf(store)).shelf.markSynced(genesis.id, NOW + 2)
  const without = await openShelf(store)
  assert.deepEqual([without.damaged, without.shelf.kept?.lastSyncedAt], [[], NOW + 2])
})

test('other damaged values are told and left out', async (t) => {
  const { store } = await joined(t)
  const network = store.namespace('network')
  const elsewhere = networkOf([founderOf(anna, 'anna')], { name: 'elsewhere' })
  await network.put('credential', (await credentialFor(anna, elsewhere, node.x0Id)).bytes)
  await network.put('doors', Uint8Array.of(9))
  await network.put('last-synced', Uint8Array.of(9))
  const { shelf, damaged } = await openShelf(store)
  assert.deepEqual(damaged, ['network/credential', 'network/doors', 'network/last-synced'])
  assert.deepEqual([shelf.kept?.credential, shelf.kept?.doors, shelf.kept?.lastSyncedAt], [undefined, [], undefined])
})
