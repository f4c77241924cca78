import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import fc from 'fast-check'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { encodeSuccessor, signSuccessor } from '../../src/identity/rotation.ts'
import { askRequest, checkAdmission, redeemRequest, renewRequest, succeedRequest } from '../../src/trust/applicant.ts'
import type { Credential } from '../../src/trust/credential.ts'
import type { Genesis } from '../../src/trust/genesis.ts'
import { type AdmittedAnswer, decodeJoinAnswer, encodeJoinAnswer, type JoinAnswer, refused } from '../../src/trust/join-answer.ts'
import { JOIN_REFUSALS, refusalText } from '../../src/trust/join-refusal.ts'
import { decodeJoinRequest, encodeJoinRequest, type ReceivedRequest } from '../../src/trust/join-request.ts'
import { MAX_JOIN_ANSWER_BYTES, MAX_JOIN_REQUEST_BYTES } from '../../src/trust/limits.ts'
import { verifyRedemption } from '../../src/trust/token.ts'
import { TrustError } from '../../src/trust/trust-error.ts'
import { NATIVE, PORTABLE, seeded } from '../crypto/backends.ts'
import { credentialFor, DAY, flipped, founderOf, keyOf, NOW, networkOf, someone } from './people.ts'
import { trustCode } from './trust-code.ts'

const SECRET = new Uint8Array(32).fill(9)

let anna: NodeIdentity
let node: NodeIdentity
let heir: NodeIdentity
let genesis: Genesis
let credential: Credential
let requests: Record<ReceivedRequest['kind'], Uint8Array>
let answers: Record<JoinAnswer['kind'], Uint8Array>

before(async () => {
  ;[anna, node, heir] = await Promise.all([someone(), someone(), someone()])
  genesis = networkOf([founderOf(anna, 'anna')])
  credential = await credentialFor(anna, genesis, node.x0Id)
  const invite = { networkId: genesis.id, issuer: anna.x0Id, secret: SECRET }
  requests = {
    redeem: await redeemRequest(NATIVE, node, invite, 'laptop'),
    ask: askRequest(node, { networkId: genesis.id, name: 'laptop', note: 'Grüße aus der Küche' }),
    renew: renewRequest(node, genesis.id, credential.bytes),
    succeed: succeedRequest(heir, genesis.id, await signSuccessor(node, heir, 1), credential.bytes),
  }
  answers = {
    admitted: encodeJoinAnswer({ kind: 'admitted', issuer: anna.x0Id, genesis: genesis.bytes, credential: credential.bytes }),
    pending: encodeJoinAnswer({ kind: 'pending', retryAfterMs: 15_000 }),
    refused: encodeJoinAnswer(refused('not-a-sponsor', [anna.x0Id, node.x0Id])),
  }
})

const KINDS = ['redeem', 'ask', 'renew', 'succeed'] as const
const ANSWERS = ['admitted', 'pending', 'refused'] as const
const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('hex')

test('each request is read back as it was made, with the name of the key that it is for', () => {
  for (const backend of [NATIVE, PORTABLE]) {
    for (const kind of KINDS) {
      const read = decodeJoinRequest(backend, requests[kind])
      assert.equal(read.kind, kind)
      assert.equal(hex(read.networkId), hex(genesis.id))
      const applicant = kind === 'succeed' ? heir : node
      assert.equal(hex(read.applicantKey), hex(keyOf(applicant)))
      assert.equal(hex(read.applicantId), hex(applicant.x0Id))
      assert.equal(hex(encodeJoinRequest(read)), hex(requests[kind]))
    }
  }
  const ask = decodeJoinRequest(NATIVE, requests.ask)
  assert.ok(ask.kind === 'ask')
  assert.deepEqual([ask.name, ask.note], ['laptop', 'Grüße aus der Küche'])
  const bare = decodeJoinRequest(NATIVE, askRequest(node, {}))
  assert.ok(bare.kind === 'ask')
  assert.deepEqual([bare.networkId, bare.name, bare.note], [undefined, undefined, ''])
  const succeed = decodeJoinRequest(NATIVE, requests.succeed)
  assert.ok(succeed.kind === 'succeed')
  assert.equal(hex(succeed.credential), hex(credential.bytes))
  const renew = decodeJoinRequest(NATIVE, requests.renew)
  assert.ok(renew.kind === 'renew')
  assert.equal(hex(renew.credential), hex(credential.bytes))
})

test('a redemption is signed for one network, issuer, node and name; for any other it does not hold', async () => {
  const read = decodeJoinRequest(NATIVE, requests.redeem)
  assert.ok(read.kind === 'redeem')
  for (const backend of [NATIVE, PORTABLE]) assert.equal(await verifyRedemption(backend, read), true)
  const other = new Uint8Array(32).fill(5)
  for (const changed of [
    { networkId: other },
    { issuer: other },
    { applicantId: heir.x0Id },
    { name: 'tower' },
    { name: undefined },
  ]) {
    assert.equal(await verifyRedemption(NATIVE, { ...read, ...changed }), false, Object.keys(changed).join())
  }
  const another = NATIVE.importMlDsa65(other).publicKey
  assert.equal(await verifyRedemption(NATIVE, { ...read, tokenKey: another }), false)
})

test('the secret of an invite is in no request', () => {
  for (const kind of KINDS) assert.equal(Buffer.from(requests[kind]).includes(Buffer.from(SECRET)), false)
})

test('each answer is read back as it was made', () => {
  const admitted = decodeJoinAnswer(answers.admitted)
  assert.ok(admitted.kind === 'admitted')
  assert.deepEqual(
    [hex(admitted.issuer), hex(admitted.genesis), hex(admitted.credential)],
    [hex(anna.x0Id), hex(genesis.bytes), hex(credential.bytes)],
  )
  assert.deepEqual(decodeJoinAnswer(answers.pending), { kind: 'pending', retryAfterMs: 15_000 })
  for (const code of JOIN_REFUSALS) {
    const bytes = encodeJoinAnswer(refused(code))
    assert.deepEqual(decodeJoinAnswer(bytes), { kind: 'refused', code, message: refusalText(code), members: [] })
    // never give a number to another reason
    assert.equal(bytes[2], JOIN_REFUSALS.indexOf(code) + 1)
  }
  assert.deepEqual(JOIN_REFUSALS.slice(0, 8), [
    'malformed',
    'busy',
    'wrong-network',
    'key-mismatch',
    'revoked',
    'invite-unknown',
    'invite-used',
    'invite-expired',
  ])
  const open = encodeJoinAnswer({ kind: 'admitted', issuer: anna.x0Id, genesis: genesis.bytes, credential: undefined })
  assert.equal('credential' in decodeJoinAnswer(open) && open.length, answers.admitted.length - credential.bytes.length)
})

test('the largest request and answer fit their limits', async () => {
  const groups = Array.from({ length: 16 }, (_, index) => `${'g'.repeat(61)}${10 + index}`)
  const large = await credentialFor(anna, genesis, node.x0Id, { name: 'n'.repeat(63), groups })
  const statement = await signSuccessor(node, heir, 1)
  const request = succeedRequest(heir, genesis.id, statement, large.bytes)
  assert.equal(request.length, MAX_JOIN_REQUEST_BYTES)
  assert.ok(encodeSuccessor(statement).length < request.length)
  assert.throws(() => decodeJoinRequest(NATIVE, Buffer.concat([request, new Uint8Array(1)])), trustCode('bad-message'))
  assert.throws(() => decodeJoinAnswer(new Uint8Array(MAX_JOIN_ANSWER_BYTES + 1)), trustCode('bad-message'))
})

test('unknown kinds and versions, cut messages, and any trailing byte are refused', () => {
  const bad = trustCode('bad-message')
  for (const bytes of Object.values(requests)) {
    assert.throws(() => decodeJoinRequest(NATIVE, Buffer.concat([bytes, Uint8Array.of(0)])), bad)
    for (const length of [0, 1, 2, 3, 35, 2000, bytes.length - 1]) {
      if (length < bytes.length) assert.throws(() => decodeJoinRequest(NATIVE, bytes.subarray(0, length)), bad)
    }
    for (const version of [0, 2])
      assert.throws(() => decodeJoinRequest(NATIVE, Uint8Array.of(version, ...bytes.subarray(1))), bad)
    for (const kind of [0, 5, 255])
      assert.throws(() => decodeJoinRequest(NATIVE, Uint8Array.of(1, kind, ...bytes.subarray(2))), bad)
    assert.throws(() => decodeJoinRequest(NATIVE, Uint8Array.of(1, bytes[1] ?? 0, 2, ...bytes.subarray(3))), bad)
  }
  for (const bytes of Object.values(answers)) {
    assert.throws(() => decodeJoinAnswer(Buffer.concat([bytes, Uint8Array.of(0)])), bad)
    for (let length = 0; length < Math.min(bytes.length, 100); length += 1) {
      assert.throws(() => decodeJoinAnswer(bytes.subarray(0, length)), bad)
    }
    for (const version of [0, 2]) assert.throws(() => decodeJoinAnswer(Uint8Array.of(version, ...bytes.subarray(1))), bad)
    for (const kind of [0, 4]) assert.throws(() => decodeJoinAnswer(Uint8Array.of(1, kind, ...bytes.subarray(2))), bad)
  }
  for (const code of [0, JOIN_REFUSALS.length + 1]) {
    assert.throws(() => decodeJoinAnswer(Uint8Array.of(1, 3, code, 0, 0)), bad)
  }
  assert.throws(() => decodeJoinAnswer(Uint8Array.of(1, 2, 0xff, 0xff, 0xff, 0xff)), bad)
  // only who asks may leave the network open
  assert.throws(() => decodeJoinRequest(NATIVE, Uint8Array.of(1, 3, 0, ...keyOf(node), 0, 0)), bad)
})

test('a name that no node has and a note that cannot be shown are refused on both ends', async () => {
  const bad = trustCode('bad-message')
  for (const name of ['A', 'a b', '-', 'a'.repeat(64)]) {
    assert.throws(() => askRequest(node, { name }), bad, name)
    await assert.rejects(redeemRequest(NATIVE, node, { networkId: genesis.id, issuer: anna.x0Id, secret: SECRET }, name), bad)
  }
  for (const note of ['\u001b[31m', 'a\nb', 'x'.repeat(201)]) assert.throws(() => askRequest(node, { note }), bad)
  const plain = askRequest(node, { name: 'abc', note: 'def' })
  for (const [at, byte] of [
    [-7, 0x41],
    [-1, 0x1b],
    [-1, 0xff],
  ] as const) {
    const changed = Uint8Array.from(plain)
    changed[changed.length + at] = byte
    assert.throws(() => decodeJoinRequest(NATIVE, changed), bad)
  }
})

test('arbitrary bytes and changed messages: what can be read has that one encoding, all else is a TrustError', (t) => {
  const changed = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> =>
    fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }).map((changes) => {
      const copy = Uint8Array.from(bytes)
      for (const [at, value] of changes) copy[at] = value
      return copy
    })
  const near = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> =>
    changed(bytes.subarray(0, 60)).map((head) => Buffer.concat([head, bytes.subarray(60)]))
  const inputs = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    ...KINDS.flatMap((kind) => [changed(requests[kind]), near(requests[kind])]),
    ...ANSWERS.flatMap((kind) => [changed(answers[kind]), near(answers[kind])]),
  )
  const codecs = [
    (bytes: Uint8Array) => encodeJoinRequest(decodeJoinRequest(NATIVE, bytes)),
    (bytes: Uint8Array) => encodeJoinAnswer(decodeJoinAnswer(bytes)),
  ]
  fc.assert(
    fc.property(inputs, (bytes) => {
      for (const again of codecs) {
        try {
          assert.deepEqual(Buffer.from(again(bytes)), Buffer.from(bytes))
        } catch (error) {
          assert.ok(error instanceof TrustError, String(error))
        }
      }
    }),
    seeded(t, 2000),
  )
})

test('an applicant believes an admission only for its own keys, in the network of its invite, now', async () => {
  const admission = async (x0Id: Uint8Array, content: Parameters<typeof credentialFor>[3] = {}): Promise<AdmittedAnswer> => {
    const issued = await credentialFor(anna, genesis, x0Id, content)
    return { kind: 'admitted', issuer: anna.x0Id, genesis: genesis.bytes, credential: issued.bytes }
  }
  const good = await admission(node.x0Id)
  const expected = { networkId: genesis.id, x0Id: node.x0Id }
  const admitted = checkAdmission(NATIVE, good, expected, NOW)
  assert.deepEqual([admitted.standing.name, hex(admitted.genesis.id)], ['laptop', hex(genesis.id)])
  assert.equal(hex(admitted.credential), hex(good.credential))
  assert.equal(checkAdmission(NATIVE, good, { ...expected, networkId: undefined }, NOW).standing.name, 'laptop')

  const elsewhere = networkOf([founderOf(anna, 'anna')], { name: 'elsewhere' })
  const check =
    (answer: AdmittedAnswer, now = NOW) =>
    () =>
      checkAdmission(NATIVE, answer, expected, now)
  assert.throws(check({ ...good, genesis: elsewhere.bytes }), trustCode('bad-genesis', /another network/))
  assert.throws(check({ ...good, genesis: new Uint8Array(3) }), trustCode('bad-genesis'))
  assert.throws(check({ ...good, credential: undefined }), trustCode('bad-credential', /not-admitted/))
  assert.throws(check(await admission(heir.x0Id)), trustCode('bad-credential', /mismatch/))
  assert.throws(check(good, NOW + 31 * DAY), trustCode('bad-credential', /expired.*clocks/))
  assert.throws(check(good, NOW - DAY), trustCode('bad-credential', /early.*clocks/))
  const { credential: bytes = new Uint8Array() } = good
  assert.throws(check({ ...good, credential: flipped(bytes, bytes.length - 1) }), trustCode('bad-credential', /forged/))
  const open = networkOf([founderOf(anna, 'anna')], { admission: 'open' })
  const openly = checkAdmission(
    NATIVE,
    { ...good, genesis: open.bytes, credential: undefined },
    { ...expected, networkId: open.id },
    NOW,
  )
  assert.deepEqual([openly.standing.kind, openly.credential], ['open', undefined])
})
