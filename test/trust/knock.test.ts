import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { askRequest, renewRequest } from '../../src/trust/applicant.ts'
import type { Genesis } from '../../src/trust/genesis.ts'
import { MAX_IGNORED } from '../../src/trust/limits.ts'
import { PendingList } from '../../src/trust/pending-list.ts'
import { NATIVE } from '../crypto/backends.ts'
import { granted, outcome, TestDoor } from './door.ts'
import { credentialFor, DAY, founderOf, MINUTE, NOW, networkOf, revocationFor, someone } from './people.ts'
import { trustCode } from './trust-code.ts'

let anna: NodeIdentity
let node: NodeIdentity
let other: NodeIdentity
let genesis: Genesis

before(async () => {
  ;[anna, node, other] = await Promise.all([someone(), someone(), someone()])
  genesis = networkOf([founderOf(anna, 'anna')])
})

const knock = (who: NodeIdentity, name = 'laptop'): Uint8Array =>
  askRequest(who, { networkId: genesis.id, name, note: `I am ${name}` })

test('who knocks waits for an operator, is accepted by name, and gets its credential when it asks again', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const first = await door.bring(knock(node), node, '192.0.2.7')
  assert.deepEqual(first, { kind: 'pending', retryAfterMs: 5_000 })
  door.clock.time += MINUTE
  assert.equal(outcome(await door.bring(knock(node, 'other-name'), node)), 'pending')
  assert.deepEqual(door.sponsor.pending(), [
    {
      x0Id: formatX0Id(node.x0Id),
      name: 'laptop',
      note: 'I am laptop',
      since: NOW,
      lastAsked: NOW + MINUTE,
      address: '192.0.2.7',
    },
  ])
  const accepted = await door.sponsor.accept('laptop', { groups: ['ops'], validityMs: DAY })
  assert.deepEqual([accepted.name, accepted.groups, accepted.notAfter], ['laptop', ['ops'], NOW + MINUTE + DAY])
  assert.deepEqual(door.sponsor.pending(), [])
  // a kill here loses nothing: it is on disk
  await door.restart()
  const credential = granted(await door.bring(knock(node), node))
  assert.equal(Buffer.from(credential.serial).toString('hex'), accepted.serial)
  assert.deepEqual(
    door.events.map(({ type }) => type),
    ['asked', 'admitted'],
  )
})

test('a name cannot look like an x0 id: nobody is accepted in the place of the node that the operator names', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const named = formatX0Id(node.x0Id)
  assert.equal(outcome(await door.bring(knock(node), node)), 'pending')
  assert.throws(() => knock(other, named), trustCode('bad-message'))
  const request = knock(other, 'z'.repeat(named.length))
  request.set(Buffer.from(named), Buffer.from(request).indexOf('zz'))
  assert.equal(outcome(await door.bring(request, other)), 'malformed')
  assert.equal(door.sponsor.pending().length, 1)
  assert.equal((await door.sponsor.accept(named)).subject, named)
})

test('a door that may not know who was revoked lets nobody in, by whatever way, until it has caught up', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const { line } = await door.invite()
  await door.bring(knock(other, 'guest'), other)
  door.isLevel = false
  assert.equal(outcome(await door.redeem(line, node, 'desk')), 'catching-up')
  assert.equal(outcome(await door.bring(knock(node), node)), 'catching-up')
  // its operator may decide, and what was decided waits
  await door.sponsor.accept(formatX0Id(other.x0Id))
  assert.equal(outcome(await door.bring(knock(other, 'guest'), other)), 'catching-up')
  const { bytes } = await credentialFor(anna, genesis, node.x0Id)
  assert.equal(outcome(await door.bring(renewRequest(node, genesis.id, bytes), node)), 'catching-up')
  door.isLevel = true
  assert.equal(outcome(await door.redeem(line, node, 'desk')), 'admitted')
  assert.equal(outcome(await door.bring(knock(other, 'guest'), other)), 'admitted')
})

test('nobody can knock for another, or show up in the list with keys it did not prove', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  assert.equal(outcome(await door.bring(knock(node), undefined)), 'not-forwarded')
  assert.equal(outcome(await door.bring(knock(node), other)), 'key-mismatch')
  assert.deepEqual(door.sponsor.pending(), [])
})

test('a name goes to one node: an ambiguous word, a taken name and a missing one are refused', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  await door.bring(knock(node), node)
  await door.bring(knock(other), other)
  await assert.rejects(door.sponsor.accept('laptop'), trustCode('ambiguous'))
  await assert.rejects(door.sponsor.accept(formatX0Id(node.x0Id), { name: 'anna' }), trustCode('name-taken'))
  await assert.rejects(door.sponsor.accept(formatX0Id(node.x0Id), { name: 'Not a name' }), trustCode('bad-name'))
  await assert.rejects(door.sponsor.accept(formatX0Id(node.x0Id), { validityMs: 1 }), trustCode('bad-credential'))
  assert.equal((await door.sponsor.accept(formatX0Id(node.x0Id))).name, 'laptop')
  await assert.rejects(door.sponsor.accept('laptop'), trustCode('name-taken'))
  assert.equal((await door.sponsor.accept('laptop', { name: 'tower' })).name, 'tower')
  await assert.rejects(door.sponsor.accept('laptop'), trustCode('unknown-asker'))
  const nameless = askRequest(await someone(), {})
  const third = await someone()
  assert.equal(outcome(await door.bring(nameless, third)), 'key-mismatch')
  await door.bring(askRequest(third, {}), third)
  await assert.rejects(door.sponsor.accept(formatX0Id(third.x0Id)), trustCode('name-required'))
})

test('who is ignored stays so after a restart, and can still be accepted by its x0 id', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  await door.bring(knock(node), node)
  await door.sponsor.ignore('laptop')
  assert.deepEqual(door.sponsor.pending(), [])
  await door.restart()
  assert.equal(outcome(await door.bring(knock(node), node)), 'ask-ignored')
  await assert.rejects(door.sponsor.accept('laptop'), trustCode('unknown-asker'))
  await assert.rejects(door.sponsor.accept(formatX0Id(node.x0Id)), trustCode('name-required'))
  await door.sponsor.accept(formatX0Id(node.x0Id), { name: 'laptop' })
  assert.equal(outcome(await door.bring(knock(node), node)), 'admitted')
  assert.deepEqual(door.damaged, [])
})

test('of more than 256 that are ignored the oldest is forgotten', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  // ignoring writes to the disk each time; fill the shelf as earlier runs would have left it
  const shelf = door.store.namespace('ignored')
  for (let index = 0; index < MAX_IGNORED; index += 1) {
    const id = new Uint8Array(32)
    new DataView(id.buffer).setUint32(0, index + 1)
    const since = Buffer.alloc(8)
    since.writeBigUInt64BE(BigInt(NOW - 1000 + index))
    await shelf.put(formatX0Id(id), Buffer.concat([id, since]))
  }
  await door.restart()
  await door.bring(knock(node), node)
  await door.sponsor.ignore('laptop')
  const kept: string[] = []
  for await (const key of shelf.keys()) kept.push(key)
  assert.equal(kept.length, MAX_IGNORED)
  assert.ok(kept.includes(formatX0Id(node.x0Id)))
  const oldest = new Uint8Array(32)
  oldest[3] = 1
  assert.ok(!kept.includes(formatX0Id(oldest)))
})

test('a revoked key cannot knock, nor be accepted when it was revoked meanwhile', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  await door.bring(knock(node), node)
  await door.membership.take((await revocationFor(anna, genesis, node.x0Id)).bytes)
  await assert.rejects(door.sponsor.accept('laptop'), trustCode('revoked'))
  assert.equal(outcome(await door.bring(knock(node), node)), 'revoked')
})

test('the list of who waits is bounded, also for one address, and forgets who asks no more', () => {
  const list = new PendingList()
  const ask = (index: number, address: string | undefined) => ({ x0Id: `x${index}`, name: undefined, note: '', address })
  const taken = Array.from({ length: 20 }, (_, index) => list.knock(ask(index, '192.0.2.1'), NOW))
  assert.equal(taken.filter(Boolean).length, 8)
  // one /64 is one address
  const wide = Array.from({ length: 20 }, (_, index) => list.knock(ask(100 + index, `2001:db8::${index.toString(16)}`), NOW))
  assert.equal(wide.filter(Boolean).length, 8)
  for (let index = 0; index < 100; index += 1) list.knock(ask(200 + index, undefined), NOW + MINUTE)
  assert.equal(list.list(NOW + MINUTE).length, 64)
  assert.equal(list.knock(ask(999, '198.51.100.1'), NOW + MINUTE), false)
  // who waits already is heard all the same
  assert.equal(list.knock(ask(0, '192.0.2.1'), NOW + 30 * MINUTE), true)
  assert.equal(list.list(NOW + 60 * MINUTE).length, 49)
  assert.equal(list.has('x0', NOW + 60 * MINUTE), true)
  assert.equal(list.has('x1', NOW + 60 * MINUTE), false)
  assert.equal(list.knock(ask(999, '198.51.100.1'), NOW + 60 * MINUTE), true)
  assert.deepEqual(list.list(NOW + 3 * 60 * MINUTE), [])
})

test('a full list answers too-many-asks', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const crowd = await Promise.all(Array.from({ length: 9 }, () => generateNodeIdentity(NATIVE, systemRandom)))
  const outcomes: string[] = []
  for (const one of crowd) outcomes.push(outcome(await door.bring(knock(one), one, '192.0.2.1')))
  assert.deepEqual(outcomes, [...Array(8).fill('pending'), 'too-many-asks'])
})
