import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { type SuccessorStatement, signSuccessor } from '../../src/identity/rotation.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { renewRequest, succeedRequest } from '../../src/trust/applicant.ts'
import type { Credential } from '../../src/trust/credential.ts'
import type { Genesis } from '../../src/trust/genesis.ts'
import { IssuedBook } from '../../src/trust/issued-book.ts'
import { MAX_ISSUED, MAX_REVOCATIONS_PER_MEMBER } from '../../src/trust/limits.ts'
import { Membership } from '../../src/trust/membership.ts'
import type { Revocation } from '../../src/trust/revocation.ts'
import { NATIVE } from '../crypto/backends.ts'
import { granted, outcome, TestDoor } from './door.ts'
import { credentialFor, DAY, flipped, founderOf, MINUTE, NOW, networkOf, revocationFor, someone } from './people.ts'
import { trustCode } from './trust-code.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

let anna: NodeIdentity
let bert: NodeIdentity
let node: NodeIdentity
let heir: NodeIdentity
let thief: NodeIdentity
let genesis: Genesis
let credential: Credential
let statement: SuccessorStatement

before(async () => {
  ;[anna, bert, node, heir, thief] = await Promise.all([someone(), someone(), someone(), someone(), someone()])
  genesis = networkOf([founderOf(anna, 'anna'), founderOf(bert, 'bert')])
  credential = await credentialFor(bert, genesis, node.x0Id)
  statement = await signSuccessor(node, heir, 1)
})

test('any member renews what another issued: same name and groups, the same length from now on', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  door.clock.time += 20 * DAY
  const renewed = granted(await door.bring(renewRequest(node, genesis.id, credential.bytes), node))
  assert.deepEqual(
    [hex(renewed.issuer), hex(renewed.subject), renewed.name, renewed.groups, renewed.notBefore, renewed.notAfter],
    [hex(anna.x0Id), hex(node.x0Id), 'laptop', ['edge', 'lab'], NOW + 20 * DAY, NOW + 50 * DAY],
  )
  assert.notEqual(hex(renewed.serial), hex(credential.serial))
  assert.equal(door.sponsor.issued().length, 1)
})

test('asking over and over gets the same renewal while three quarters of its life are left, whoever asks', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const request = renewRequest(node, genesis.id, credential.bytes)
  const first = granted(await door.bring(request, node))
  for (let again = 0; again < 5; again += 1)
    assert.equal(hex(granted(await door.bring(request, undefined)).bytes), hex(first.bytes))
  door.clock.time += 7.5 * DAY - 1
  assert.equal(hex(granted(await door.bring(request, node)).bytes), hex(first.bytes))
  door.clock.time += 1
  assert.notEqual(hex(granted(await door.bring(request, node)).bytes), hex(first.bytes))
  assert.equal(door.sponsor.issued().length, 2)
  // what has ended goes, from the disk too
  door.clock.time += 31 * DAY
  const late = await credentialFor(bert, genesis, node.x0Id, { notBefore: door.clock.time, notAfter: door.clock.time + DAY })
  await door.bring(renewRequest(node, genesis.id, late.bytes), node)
  const kept: string[] = []
  for await (const key of door.store.namespace('issued').keys()) kept.push(key)
  assert.deepEqual(
    kept,
    door.sponsor.issued().map(({ serial }) => serial),
  )
})

test('what may not be renewed is refused for its reason', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const elsewhere = networkOf([founderOf(anna, 'anna')], { name: 'elsewhere' })
  const renewal = async (made: Promise<Credential>): Promise<string> =>
    outcome(await door.bring(renewRequest(node, genesis.id, (await made).bytes), node))
  assert.equal(outcome(await door.bring(renewRequest(node, genesis.id, new Uint8Array(9)), node)), 'credential-malformed')
  assert.equal(await renewal(credentialFor(anna, elsewhere, node.x0Id)), 'credential-foreign')
  assert.equal(await renewal(credentialFor(anna, genesis, heir.x0Id)), 'credential-mismatch')
  assert.equal(await renewal(credentialFor(thief, genesis, node.x0Id)), 'issuer-unknown')
  assert.equal(
    await renewal(credentialFor(anna, genesis, node.x0Id, { notBefore: NOW - DAY, notAfter: NOW - 2 * MINUTE })),
    'credential-expired',
  )
  assert.equal(
    await renewal(credentialFor(anna, genesis, node.x0Id, { notBefore: NOW + DAY, notAfter: NOW + 2 * DAY })),
    'credential-early',
  )
  const forged = flipped(credential.bytes, credential.bytes.length - 1)
  assert.equal(outcome(await door.bring(renewRequest(node, genesis.id, forged), node)), 'credential-forged')
  await door.membership.take((await revocationFor(bert, genesis, node.x0Id)).bytes)
  assert.equal(await renewal(credentialFor(anna, genesis, node.x0Id)), 'revoked')
  assert.deepEqual(door.sponsor.issued(), [])
})

test('new keys take over name and groups, and the old ones are revoked in the same write', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  door.clock.time += 5 * DAY
  const request = succeedRequest(heir, genesis.id, statement, credential.bytes)
  const taken = granted(await door.bring(request, heir))
  assert.deepEqual(
    [hex(taken.subject), taken.name, taken.groups, taken.notAfter],
    [hex(heir.x0Id), 'laptop', ['edge', 'lab'], NOW + 35 * DAY],
  )
  const revocation = door.membership.revocationOf(node.x0Id)
  assert.equal(revocation?.reason, `rotated to ${formatX0Id(heir.x0Id)}`)
  assert.ok('refusal' in door.membership.judge({ x0Id: node.x0Id, credential: credential.bytes }, door.clock.time))
  const onDisk = await door.store.namespace('revocations').get(hex(node.x0Id))
  assert.deepEqual(Buffer.from(onDisk ?? []), Buffer.from(revocation?.bytes ?? []))
  assert.deepEqual(
    door.events.map(({ type }) => type),
    ['revoked', 'admitted'],
  )
  // the answer was lost: the same again; and the old key, or a thief of it, comes too late
  assert.equal(hex(granted(await door.bring(request, undefined)).bytes), hex(taken.bytes))
  const stolen = succeedRequest(thief, genesis.id, await signSuccessor(node, thief, 2), credential.bytes)
  assert.equal(outcome(await door.bring(stolen, thief)), 'revoked')
  assert.equal(outcome(await door.bring(renewRequest(node, genesis.id, credential.bytes), node)), 'revoked')
})

test('another member ends a succession whose answer was lost with the first one', async (t) => {
  const [first, second] = await Promise.all([TestDoor.open(t, anna, genesis), TestDoor.open(t, bert, genesis)])
  const request = succeedRequest(heir, genesis.id, statement, credential.bytes)
  await first.bring(request, heir)
  const revocation = first.membership.revocationOf(node.x0Id)
  assert.equal((await second.membership.take(revocation?.bytes ?? new Uint8Array())).verdict, 'new')
  const credentialOfBert = granted(await second.bring(request, heir))
  assert.deepEqual([hex(credentialOfBert.subject), hex(credentialOfBert.issuer)], [hex(heir.x0Id), hex(bert.x0Id)])
  assert.deepEqual(
    second.events.map(({ type }) => type),
    ['admitted'],
  )
})

test('a succession that does not hold is refused for its reason, and revokes nobody', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const succession = async (made: SuccessorStatement, who = heir, old = credential.bytes): Promise<string> =>
    outcome(await door.bring(succeedRequest(who, genesis.id, made, old), who))
  assert.equal(await succession({ ...statement, newSignature: statement.oldSignature }), 'statement-bad')
  assert.equal(await succession({ ...statement, sequence: 2 }), 'statement-bad')
  assert.equal(await succession({ ...statement, sequence: 0 }), 'statement-bad')
  assert.equal(await succession(statement, thief), 'key-mismatch')
  assert.equal(await succession(await signSuccessor(bert, heir, 1)), 'founder-key')
  assert.equal(await succession(await signSuccessor(thief, heir, 1)), 'credential-mismatch')
  const ended = await credentialFor(bert, genesis, node.x0Id, { notBefore: NOW - DAY, notAfter: NOW - 2 * MINUTE })
  assert.equal(await succession(statement, heir, ended.bytes), 'credential-expired')
  assert.deepEqual(door.membership.revocations(), [])
  assert.deepEqual(door.sponsor.issued(), [])
})

test('a member that has used up its revocations carries no succession through, and grants nothing', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const template = await revocationFor(anna, genesis, thief.x0Id)
  const made = Array.from({ length: MAX_REVOCATIONS_PER_MEMBER }, (_, index): Revocation => {
    const subject = new Uint8Array(32)
    new DataView(subject.buffer).setUint32(0, index + 1)
    return { ...template, subject }
  })
  door.membership = new Membership({ backend: NATIVE, genesis, revocations: made })
  await door.restart()
  const request = succeedRequest(heir, genesis.id, statement, credential.bytes)
  assert.equal(outcome(await door.bring(request, heir)), 'issued-full')
  await assert.rejects(door.sponsor.revoke(node.x0Id, 'lost'), trustCode('too-many'))
  assert.deepEqual([door.sponsor.issued(), door.membership.revocationOf(node.x0Id)], [[], undefined])
})

test('a member revokes: signed, on disk, told; never a member, never twice', async (t) => {
  const door = await TestDoor.open(t, anna, genesis)
  const revocation = await door.sponsor.revoke(node.x0Id, 'left on a train')
  assert.equal(door.membership.revocationOf(node.x0Id)?.reason, 'left on a train')
  const onDisk = await door.store.namespace('revocations').get(hex(node.x0Id))
  assert.deepEqual(Buffer.from(onDisk ?? []), Buffer.from(revocation.bytes))
  assert.deepEqual(
    door.events.map((event) => event.type === 'revoked' && hex(event.revocation.id)),
    [hex(revocation.id)],
  )
  await assert.rejects(door.sponsor.revoke(node.x0Id, 'again'), trustCode('revoked'))
  await assert.rejects(door.sponsor.revoke(bert.x0Id, 'a coup'), trustCode('protected'))
  await assert.rejects(door.sponsor.revoke(heir.x0Id, 'a\nb'), trustCode('bad-revocation'))
  const outsider = await TestDoor.open(t, heir, genesis)
  await assert.rejects(outsider.sponsor.revoke(node.x0Id, 'no'), trustCode('not-a-sponsor'))
})

test('a member that keeps as many credentials as it may issues no more until some have ended', () => {
  const book = new IssuedBook(
    Array.from({ length: MAX_ISSUED }, (_, index): Credential => {
      const serial = new Uint8Array(16)
      new DataView(serial.buffer).setUint32(0, index)
      return { ...credential, serial }
    }),
  )
  assert.equal(book.isFullAt(NOW), true)
  assert.equal(book.isFullAt(NOW + 30 * DAY + 2 * MINUTE), false)
  assert.equal(book.expired(NOW + 30 * DAY + 2 * MINUTE).length, MAX_ISSUED)
})
