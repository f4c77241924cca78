import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import fc from 'fast-check'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { type Credential, decodeCredential, issueCredential, spiffeId } from '../../src/trust/credential.ts'
import type { Genesis } from '../../src/trust/genesis.ts'
import { MAX_CREDENTIAL_BYTES, MAX_REVOCATION_BYTES } from '../../src/trust/limits.ts'
import { Membership } from '../../src/trust/membership.ts'
import { decodeRevocation, type Revocation, signRevocation } from '../../src/trust/revocation.ts'
import { TrustError } from '../../src/trust/trust-error.ts'
import { NATIVE, PORTABLE, seeded } from '../crypto/backends.ts'
import { credentialFor, DAY, flipped, founderOf, NOW, networkOf, revocationFor, someone } from './people.ts'
import { trustCode } from './trust-code.ts'

let member: NodeIdentity
let node: NodeIdentity
let genesis: Genesis
let credential: Credential
let revocation: Revocation

before(async () => {
  ;[member, node] = await Promise.all([someone(), someone()])
  genesis = networkOf([founderOf(member, 'anna')])
  credential = await credentialFor(member, genesis, node.x0Id)
  revocation = await revocationFor(member, genesis, node.x0Id)
})

const membership = (): Membership => new Membership({ backend: NATIVE, genesis })

test('a credential is read back as it was issued', () => {
  const read = decodeCredential(credential.bytes)
  assert.deepEqual(read, credential)
  assert.deepEqual([read.name, read.groups, read.notBefore, read.notAfter], ['laptop', ['edge', 'lab'], NOW, NOW + 30 * DAY])
  assert.deepEqual(Buffer.from(read.issuer), Buffer.from(member.x0Id))
  assert.deepEqual(Buffer.from(read.subject), Buffer.from(node.x0Id))
  assert.equal(spiffeId('fleet.example', 'laptop'), 'spiffe://fleet.example/node/laptop')
})

test('no single changed byte of a credential is believed', () => {
  for (let at = 0; at < credential.bytes.length; at += at < credential.body.length ? 1 : 17) {
    const judgement = membership().judge({ x0Id: node.x0Id, credential: flipped(credential.bytes, at) }, NOW)
    assert.ok('refusal' in judgement, `byte ${at}`)
  }
  assert.ok('standing' in membership().judge({ x0Id: node.x0Id, credential: credential.bytes }, NOW))
})

test('no single changed byte of a revocation is taken', async () => {
  for (let at = 0; at < revocation.bytes.length; at += at < revocation.body.length ? 1 : 17) {
    const members = membership()
    const { verdict } = await members.take(flipped(revocation.bytes, at))
    assert.ok(['malformed', 'foreign', 'forged', 'not-a-member'].includes(verdict), `byte ${at}: ${verdict}`)
    assert.deepEqual(members.revocations(), [])
  }
  assert.equal((await membership().take(revocation.bytes)).verdict, 'new')
})

test('a signature of one kind of document means nothing under another', async () => {
  const asRevocation = Buffer.concat([revocation.body, await member.sign(revocation.body, Buffer.from('x0/credential/1'))])
  assert.equal((await membership().take(asRevocation)).verdict, 'forged')
  const asCredential = Buffer.concat([credential.body, await member.sign(credential.body, Buffer.from('x0/revocation/1'))])
  const judgement = membership().judge({ x0Id: node.x0Id, credential: asCredential }, NOW)
  assert.deepEqual(judgement, { refusal: 'credential-forged' })
})

test('every other length is refused', () => {
  const lengths = (whole: Uint8Array): number[] => [0, 10, 16, 48, 160, 200, whole.length - 1]
  for (const length of lengths(credential.bytes)) {
    assert.throws(() => decodeCredential(credential.bytes.subarray(0, length)), trustCode('bad-credential'), `${length}`)
  }
  for (const length of lengths(revocation.bytes)) {
    assert.throws(() => decodeRevocation(NATIVE, revocation.bytes.subarray(0, length)), trustCode('bad-revocation'), `${length}`)
  }
  for (const more of [1, MAX_CREDENTIAL_BYTES]) {
    const tail = new Uint8Array(more)
    assert.throws(() => decodeCredential(Buffer.concat([credential.bytes, tail])), trustCode('bad-credential'))
    assert.throws(() => decodeRevocation(NATIVE, Buffer.concat([revocation.bytes, tail])), trustCode('bad-revocation'))
  }
})

test('the longest credential and the longest revocation just fit', async () => {
  const groups = Array.from({ length: 16 }, (_, index) => `${'g'.repeat(61)}${10 + index}`)
  const longest = await credentialFor(member, genesis, node.x0Id, { name: 'n'.repeat(63), groups })
  assert.equal(longest.bytes.length, MAX_CREDENTIAL_BYTES)
  assert.equal(MAX_CREDENTIAL_BYTES, 4606)
  const reason = 'ä'.repeat(100)
  const wordy = await revocationFor(member, genesis, node.x0Id, reason)
  assert.equal(wordy.bytes.length, MAX_REVOCATION_BYTES)
  assert.equal(decodeRevocation(PORTABLE, wordy.bytes).reason, reason)
  await assert.rejects(revocationFor(member, genesis, node.x0Id, `${reason}x`), trustCode('bad-revocation'))
})

test('a validity of no time, backwards, above 90 days, or outside of time is never issued nor read', async () => {
  const issue = (notBefore: number, notAfter: number): Promise<Credential> =>
    credentialFor(member, genesis, node.x0Id, { notBefore, notAfter })
  for (const [from, to] of [
    [NOW, NOW],
    [NOW, NOW - 1],
    [NOW, NOW + 90 * DAY + 1],
    [-1, 1],
    [NOW, 253_402_300_800_000],
    [0.5, 1],
  ] as const) {
    await assert.rejects(issue(from, to), trustCode('bad-credential'), `${from} ${to}`)
  }
  assert.equal((await issue(NOW, NOW + 90 * DAY)).notAfter, NOW + 90 * DAY)
})

test('a name or groups in another form are not issued; groups are put in order', async () => {
  await assert.rejects(credentialFor(member, genesis, node.x0Id, { name: 'Laptop' }), trustCode('bad-name'))
  await assert.rejects(credentialFor(member, genesis, node.x0Id, { groups: ['Ops'] }), trustCode('bad-name'))
  const ordered = await credentialFor(member, genesis, node.x0Id, { groups: ['z', 'a', 'z'] })
  assert.deepEqual(ordered.groups, ['a', 'z'])
})

test('groups out of order or doubled are refused when read: one value, one encoding', async () => {
  const ordered = await credentialFor(member, genesis, node.x0Id, { name: 'n', groups: ['a', 'b'] })
  const [a, b] = [ordered.body.length - 3, ordered.body.length - 1]
  assert.deepEqual([ordered.body[a], ordered.body[b]], [97, 98])
  for (const [first, second] of [
    [98, 97],
    [97, 97],
  ] as const) {
    const changed = Uint8Array.from(ordered.bytes)
    changed[a] = first
    changed[b] = second
    assert.throws(() => decodeCredential(changed), trustCode('bad-credential'))
  }
})

test('a reason that would drive a terminal or forge a line is refused when signed and when read', async () => {
  for (const reason of ['a\nb', '\u001b[2J', 'a\u0000', '\u202eevil', '\u2028', '\ufeff', '\ud800']) {
    await assert.rejects(revocationFor(member, genesis, node.x0Id, reason), trustCode('bad-revocation'), JSON.stringify(reason))
  }
  const plain = await revocationFor(member, genesis, node.x0Id, 'abc')
  for (const byte of [0x0a, 0x1b, 0xff, 0xc0]) {
    const changed = Uint8Array.from(plain.bytes)
    changed[plain.body.length - 1] = byte
    assert.throws(() => decodeRevocation(NATIVE, changed), trustCode('bad-revocation'), String(byte))
  }
  const body = { networkId: genesis.id, subject: node.x0Id, at: -1, reason: '' }
  await assert.rejects(signRevocation(member, body), trustCode('bad-revocation'))
})

test('whatever is signed is read back the same; whatever is read has this one encoding', async (t) => {
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/)
  const bodies = fc.record({
    serial: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    subject: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    notBefore: fc.nat(2 ** 40),
    life: fc.integer({ min: 1, max: 90 * DAY }),
    name: label,
    groups: fc.uniqueArray(label, { maxLength: 16 }),
  })
  await fc.assert(
    fc.asyncProperty(bodies, async ({ life, ...body }) => {
      const issued = await issueCredential(member, { ...body, networkId: genesis.id, notAfter: body.notBefore + life })
      const read = decodeCredential(issued.bytes)
      assert.deepEqual([read.name, read.groups, read.notBefore], [body.name, [...body.groups].sort(), body.notBefore])
      assert.deepEqual([Uint8Array.from(read.serial), Uint8Array.from(read.subject)], [body.serial, body.subject])
      assert.equal(read.notAfter - read.notBefore, life)
      assert.deepEqual(Buffer.concat([read.body, read.signature]), Buffer.from(issued.bytes))
    }),
    seeded(t, 40),
  )
})

test('arbitrary bytes, and valid documents with many changes, make nothing but a TrustError', (t) => {
  const damaged = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> =>
    fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }).map((changes) => {
      const copy = Uint8Array.from(bytes)
      for (const [at, value] of changes) copy[at] = value
      return copy
    })
  const inputs = fc.oneof(fc.uint8Array({ maxLength: 5000 }), damaged(credential.bytes), damaged(revocation.bytes))
  fc.assert(
    fc.property(inputs, (bytes) => {
      for (const decode of [decodeCredential, (input: Uint8Array) => decodeRevocation(NATIVE, input)]) {
        try {
          decode(bytes)
        } catch (error) {
          assert.ok(error instanceof TrustError, String(error))
        }
      }
    }),
    seeded(t, 2000),
  )
})
