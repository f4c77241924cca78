import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NodeFault, type NodeFaultCode } from '../../src/admin/node-view.ts'
import { type KeyStore, openKeyStore } from '../../src/identity/key-store.ts'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { decodeSuccessor, verifySuccessor } from '../../src/identity/rotation.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { type OfflineNode, openOfflineNode } from '../../src/node/offline-node.ts'
import { keptSuccession } from '../../src/node/succession-shelf.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { type Home, openHome } from '../../src/store/home.ts'
import { datastorePath } from '../../src/store/home-paths.ts'
import { succeedRequest } from '../../src/trust/applicant.ts'
import { formatInvite } from '../../src/trust/invite.ts'
import { NetworkShelf } from '../../src/trust/network-shelf.ts'
import { NATIVE } from '../crypto/backends.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'
import { outcome, TestDoor } from '../trust/door.ts'
import { credentialFor, DAY, founderOf, networkOf, someone } from '../trust/people.ts'

interface Offline {
  readonly node: OfflineNode
  readonly home: Home
  readonly keys: KeyStore
  readonly identity: NodeIdentity
}

async function offline(t: TestContext): Promise<Offline> {
  const home = await openHome(join(await temporaryFolder(t), 'home'))
  t.after(() => home.close())
  const keys = openKeyStore({ backend: NATIVE, random: systemRandom, home: home.paths.home })
  const identity = await keys.create()
  return { node: openOfflineNode({ crypto: NATIVE, identity, home, keys, passphrase: undefined }), home, keys, identity }
}

const fails =
  (code: NodeFaultCode) =>
  (error: unknown): boolean =>
    error instanceof NodeFault && error.code === code

const soon = (): AbortSignal => AbortSignal.timeout(5_000)

test('a network is founded in a home, once, and left only on purpose; nothing of it stays', async (t) => {
  const { node, home, identity } = await offline(t)
  await assert.rejects(node.leave({}), fails('no-network'))
  await assert.rejects(node.create({ name: 'Not A Name' }), fails('name-invalid'))
  await assert.rejects(node.create({ name: 'fleet', nodeName: '-' }), fails('name-invalid'))
  const made = await node.create({ name: 'fleet', nodeName: 'hub', groups: ['ops'], admission: 'open' })
  assert.deepEqual([made.network.name, made.network.admission, made.members, made.trust.level], ['fleet', 'open', 1, true])
  assert.deepEqual([made.self.kind, made.self.spiffeId, made.self.groups], ['member', 'spiffe://fleet/node/hub', ['ops']])
  await assert.rejects(node.create({ name: 'other' }), fails('in-network'))
  await assert.rejects(node.join({ line: '/ip4/127.0.0.1/tcp/1' }, soon()), fails('in-network'))
  const datastore = datastorePath(home.paths, made.network.id.slice(0, 12))
  mkdirSync(datastore, { recursive: true })
  await assert.rejects(node.leave({}), fails('last-member'))
  assert.equal((await node.leave({ force: true })).isDefault, true)
  assert.equal(existsSync(datastore), false)
  for (const name of ['network', 'revocations', 'invites', 'issued'])
    for await (const key of home.store.namespace(name).keys()) assert.fail(`${name}/${key} was left behind`)
  // two networks of one name, made by the same keys, are two
  const again = await node.create({ name: 'fleet', nodeName: 'hub' })
  assert.notEqual(again.network.id, made.network.id)
  assert.equal(formatX0Id(identity.x0Id).startsWith('x0'), true)
})

test('an invite into the network that the home is in is no work; one that leads nowhere says so', async (t) => {
  const { node, home, identity } = await offline(t)
  const anna = await someone()
  const genesis = networkOf([founderOf(anna, 'anna')])
  const invite = {
    networkId: genesis.id,
    networkName: genesis.name,
    issuer: anna.x0Id,
    secret: new Uint8Array(32).fill(1),
    expiresAt: 2_000_000_000_000,
    doors: [{ address: '/ip4/127.0.0.1/tcp/1', x0Id: anna.x0Id }],
  }
  const line = formatInvite(invite)
  await assert.rejects(node.join({ line }, soon()), fails('unreachable'))
  await assert.rejects(node.join({ line: 'x0invite1.nonsense' }, soon()), fails('invite-invalid'))
  const shelf = await NetworkShelf.open({ backend: NATIVE, store: home.store, onDamaged: () => undefined })
  const now = Date.now()
  const { bytes } = await credentialFor(anna, genesis, identity.x0Id, { notBefore: now, notAfter: now + 60_000 })
  await shelf.enter({ genesis, credential: bytes, doors: invite.doors })
  const already = await node.join({ line }, soon())
  assert.deepEqual([already.state, already.name, already.kind], ['already', 'laptop', 'credential'])
  assert.equal((await node.leave({})).isDefault, true)
})

test('a home whose genesis is damaged can still leave', async (t) => {
  const { node, home } = await offline(t)
  await node.create({ name: 'fleet' })
  await home.store.namespace('network').put('genesis', new Uint8Array(40), { sync: true })
  await assert.rejects(node.create({ name: 'other' }), { name: 'TrustError', code: 'damaged' })
  assert.equal((await node.leave({})).isDefault, true)
  assert.equal((await node.create({ name: 'other' })).network.name, 'other')
})

test('new keys: not for a founder; else the statement is on the disk before them, its sequence grows, and old keys stay', async (t) => {
  const founder = await offline(t)
  await founder.node.create({ name: 'fleet' })
  await assert.rejects(founder.node.rotate(soon()), fails('member-protected'))
  assert.deepEqual((await founder.keys.load()).x0Id, founder.identity.x0Id)

  const { node, home, keys, identity } = await offline(t)
  const first = await node.rotate(soon())
  assert.deepEqual([first.oldX0Id, first.carriedOver], [formatX0Id(identity.x0Id), true])
  const successor = await keys.load()
  assert.equal(first.x0Id, formatX0Id(successor.x0Id))
  const kept = await keptSuccession(home.store)
  assert.ok(kept !== undefined)
  const statement = decodeSuccessor(NATIVE, kept)
  assert.ok(await verifySuccessor(NATIVE, statement))
  assert.deepEqual([statement.oldId, statement.newId, statement.sequence], [identity.x0Id, successor.x0Id, 1])
  const next = openOfflineNode({ crypto: NATIVE, identity: successor, home, keys, passphrase: undefined })
  await next.rotate(soon())
  const second = await keptSuccession(home.store)
  assert.equal(second === undefined ? 0 : decodeSuccessor(NATIVE, second).sequence, 2)
})

test('keys that are replaced twice before the network hears of the first still come from those it knows', async (t) => {
  const { node, home, identity, keys } = await offline(t)
  const anna = await someone()
  const genesis = networkOf([founderOf(anna, 'anna')])
  const shelf = await NetworkShelf.open({ backend: NATIVE, store: home.store, onDamaged: () => undefined })
  const now = Date.now()
  const { bytes } = await credentialFor(anna, genesis, identity.x0Id, { notBefore: now, notAfter: now + DAY })
  await shelf.enter({ genesis, credential: bytes, doors: [{ address: '/ip4/127.0.0.1/tcp/1', x0Id: anna.x0Id }] })
  await node.rotate(soon())
  const second = openOfflineNode({ crypto: NATIVE, identity: await keys.load(), home, keys, passphrase: undefined })
  const rotation = await second.rotate(soon())
  assert.deepEqual([rotation.carriedOver, rotation.oldX0Id], [false, formatX0Id(identity.x0Id)])
  const [last, kept] = await Promise.all([keys.load(), keptSuccession(home.store)])
  assert.ok(kept !== undefined)
  const door = await TestDoor.open(t, anna, genesis)
  door.clock.time = now
  const request = succeedRequest(last, genesis.id, decodeSuccessor(NATIVE, kept), bytes)
  assert.equal(outcome(await door.bring(request, last)), 'admitted')
})

test('new keys that no door takes in keep the old credential to ask with later', async (t) => {
  const { node, home, identity, keys } = await offline(t)
  const anna = await someone()
  const genesis = networkOf([founderOf(anna, 'anna')])
  const shelf = await NetworkShelf.open({ backend: NATIVE, store: home.store, onDamaged: () => undefined })
  const now = Date.now()
  const { bytes } = await credentialFor(anna, genesis, identity.x0Id, { notBefore: now, notAfter: now + 60_000 })
  await shelf.enter({ genesis, credential: bytes, doors: [{ address: '/ip4/127.0.0.1/tcp/1', x0Id: anna.x0Id }] })
  const rotation = await node.rotate(soon())
  assert.equal(rotation.carriedOver, false)
  assert.match(rotation.detail, /127\.0\.0\.1.*nobody answers/)
  assert.notDeepEqual((await keys.load()).x0Id, identity.x0Id)
  const reopened = await NetworkShelf.open({ backend: NATIVE, store: home.store, onDamaged: () => undefined })
  assert.equal(Buffer.compare(reopened.kept?.credential ?? new Uint8Array(), bytes), 0)
})
