import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { IdentityError } from '../../src/identity/identity-error.ts'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import {
  decodeSuccessor,
  encodeSuccessor,
  followSuccessors,
  STATEMENT_BYTES,
  type SuccessorStatement,
  signSuccessor,
  verifySuccessor,
} from '../../src/identity/rotation.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { NATIVE, PAIRS, PORTABLE } from '../crypto/backends.ts'

let a: NodeIdentity
let b: NodeIdentity
let c: NodeIdentity
let ab: SuccessorStatement

before(async () => {
  const make = (): Promise<NodeIdentity> => generateNodeIdentity(NATIVE, systemRandom)
  ;[a, b, c] = await Promise.all([make(), make(), make()])
  ab = await signSuccessor(a, b, 1)
})

const badStatement = (error: unknown): boolean => error instanceof IdentityError && error.code === 'bad-statement'

for (const [maker, checker] of PAIRS) {
  test(`${maker.name} -> ${checker.name}: a statement is encoded once, decoded alike and verified`, async () => {
    const [old, next] = await Promise.all([generateNodeIdentity(maker, systemRandom), generateNodeIdentity(maker, systemRandom)])
    const bytes = encodeSuccessor(await signSuccessor(old, next, 3))
    assert.equal(bytes.length, 10_737)
    assert.equal(bytes.length, STATEMENT_BYTES)
    const decoded = decodeSuccessor(checker, bytes)
    assert.deepEqual(Buffer.from(decoded.oldId), Buffer.from(old.x0Id))
    assert.deepEqual(Buffer.from(decoded.newId), Buffer.from(next.x0Id))
    assert.equal(decoded.sequence, 3)
    assert.deepEqual(encodeSuccessor(decoded), bytes)
    assert.equal(await verifySuccessor(checker, decoded), true)
  })
}

test('no single changed byte is believed', async () => {
  const bytes = encodeSuccessor(ab)
  // every 13th byte, so that all parts of both keys and both signatures are met, and each of the label and the sequence
  for (let at = 0; at < bytes.length; at += at < 15 || (at >= 3980 && at < 3995) ? 1 : 13) {
    const changed = bytes.slice()
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.equal(await believed(changed), false, `byte ${at}`)
  }
})

test('every other length is refused', () => {
  const bytes = encodeSuccessor(ab)
  for (const length of [0, 14, 15, 1999, STATEMENT_BYTES - 1]) {
    assert.throws(() => decodeSuccessor(NATIVE, bytes.subarray(0, length)), badStatement, `${length} bytes`)
  }
  assert.throws(() => decodeSuccessor(NATIVE, Buffer.concat([bytes, Uint8Array.of(0)])), badStatement)
})

test('a statement cannot be turned round, relabelled or renumbered', async () => {
  const turned = { ...ab, oldId: ab.newId, newId: ab.oldId, oldKey: ab.newKey, newKey: ab.oldKey }
  assert.equal(await verifySuccessor(NATIVE, turned), false)
  assert.equal(await verifySuccessor(NATIVE, { ...turned, oldSignature: ab.newSignature, newSignature: ab.oldSignature }), false)
  assert.equal(await verifySuccessor(NATIVE, { ...ab, oldSignature: ab.newSignature }), false)
  assert.equal(await verifySuccessor(NATIVE, { ...ab, sequence: 2 }), false)
  assert.equal(await verifySuccessor(NATIVE, { ...ab, newId: c.x0Id }), false)
  assert.equal(await verifySuccessor(NATIVE, ab), true)
})

test('ids that are not those of the keys are not believed, whoever signed them', async () => {
  const impostor = { ...b, x0Id: c.x0Id }
  assert.equal(await verifySuccessor(NATIVE, await signSuccessor(a, impostor, 1)), false)
})

test('a key that is no point makes it false, on both', async () => {
  const noPoint = ab.oldKey.slice().fill(0xff, 1952)
  for (const backend of [NATIVE, PORTABLE]) assert.equal(await verifySuccessor(backend, { ...ab, oldKey: noPoint }), false)
})

test('sequences outside the limits and a node that follows itself are refused', async () => {
  for (const sequence of [0, -1, 1.5, 1025, Number.NaN]) await assert.rejects(signSuccessor(a, b, sequence), badStatement)
  await assert.rejects(signSuccessor(a, a, 1), badStatement)
  const beyond = encodeSuccessor(ab)
  beyond.fill(0xff, 3983, 3991)
  assert.throws(() => decodeSuccessor(NATIVE, beyond), badStatement)
  const self = encodeSuccessor({ ...ab, newKey: ab.oldKey })
  assert.throws(() => decodeSuccessor(NATIVE, self), badStatement)
})

test('names lead to the newest, through every step', async () => {
  const bc = await signSuccessor(b, c, 2)
  assert.deepEqual(followSuccessors([bc, ab], a.x0Id), { kind: 'current', id: c.x0Id, rotations: 2 })
  assert.deepEqual(followSuccessors([bc, ab], b.x0Id), { kind: 'current', id: c.x0Id, rotations: 1 })
  assert.deepEqual(followSuccessors([bc, ab], c.x0Id), { kind: 'current', id: c.x0Id, rotations: 0 })
  assert.deepEqual(followSuccessors([], a.x0Id), { kind: 'current', id: a.x0Id, rotations: 0 })
})

test('two different successors are a conflict, the same one twice is none', async () => {
  const again = await signSuccessor(a, b, 2)
  assert.equal(followSuccessors([ab, ab, again], a.x0Id).kind, 'current')
  for (const sequence of [1, 2]) {
    const ac = await signSuccessor(a, c, sequence)
    assert.deepEqual(followSuccessors([ab, ac], a.x0Id), { kind: 'conflict', oldId: a.x0Id, newIds: [b.x0Id, c.x0Id] })
  }
})

test('a circle ends, and so does a chain that counts backwards', async () => {
  const [back, bc] = await Promise.all([signSuccessor(b, a, 2), signSuccessor(b, c, 1)])
  assert.deepEqual(followSuccessors([ab, back], a.x0Id), { kind: 'out-of-order', oldId: a.x0Id })
  assert.deepEqual(followSuccessors([ab, bc], a.x0Id), { kind: 'out-of-order', oldId: b.x0Id })
})

async function believed(bytes: Uint8Array): Promise<boolean> {
  try {
    return await verifySuccessor(NATIVE, decodeSuccessor(NATIVE, bytes))
  } catch (error) {
    assert.ok(badStatement(error), String(error))
    return false
  }
}
