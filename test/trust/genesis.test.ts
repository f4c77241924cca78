import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, test } from 'node:test'
import type { NodeIdentity } from '../../src/identity/node-identity.ts'
import { decodeGenesis, type Founder, type Genesis, makeGenesis } from '../../src/trust/genesis.ts'
import { MAX_FOUNDERS, MAX_GENESIS_BYTES } from '../../src/trust/limits.ts'
import { TrustError } from '../../src/trust/trust-error.ts'
import { NATIVE, PORTABLE } from '../crypto/backends.ts'
import { flipped, founderOf, NOW, networkOf, someone } from './people.ts'
import { trustCode } from './trust-code.ts'

let anna: NodeIdentity
let bert: NodeIdentity
let founders: readonly Founder[]
let genesis: Genesis

before(async () => {
  ;[anna, bert] = await Promise.all([someone(), someone()])
  founders = [founderOf(bert, 'bert', { weight: 1000 }), founderOf(anna, 'anna', { weight: 2, groups: ['ops', 'admins', 'ops'] })]
  genesis = networkOf(founders)
})

test('a genesis is read back as it was made, in order, and its id is the hash of its bytes', () => {
  for (const backend of [NATIVE, PORTABLE]) {
    const read = decodeGenesis(backend, genesis.bytes)
    assert.deepEqual(
      read.founders.map(({ name, weight, groups }) => ({ name, weight, groups })),
      [
        { name: 'anna', weight: 2, groups: ['admins', 'ops'] },
        { name: 'bert', weight: 1000, groups: [] },
      ],
    )
    assert.deepEqual(Buffer.from(read.founders[0]?.mldsa65 ?? []), Buffer.from(anna.mldsa65))
    assert.deepEqual(Buffer.from(read.founders[1]?.ed25519 ?? []), Buffer.from(bert.ed25519))
    assert.deepEqual([read.name, read.createdAt, read.admission], ['fleet.example', NOW - 24 * 60 * 60_000, 'sponsor'])
    assert.deepEqual(Buffer.from(read.id), createHash('sha256').update(genesis.bytes).digest())
  }
})

test('the order in which founders and groups are given does not count, everything else does', () => {
  const idOf = (content: Parameters<typeof networkOf>[1], people = founders): string =>
    Buffer.from(networkOf(people, content).id).toString('hex')
  const id = idOf({})
  assert.equal(idOf({}, [...founders].reverse()), id)
  assert.notEqual(idOf({ name: 'fleet' }), id)
  assert.notEqual(idOf({ nonce: new Uint8Array(32) }), id)
  assert.notEqual(idOf({ admission: 'vote' }), id)
  assert.notEqual(idOf({}, founders.slice(1)), id)
})

test('each genesis has one encoding: what can be read after any changed byte is another network', () => {
  // every byte of the head and the first founder's frame, and some of each key
  for (let at = 0; at < genesis.bytes.length; at += at < 120 ? 1 : 29) {
    try {
      const read = decodeGenesis(NATIVE, flipped(genesis.bytes, at))
      assert.notDeepEqual(Buffer.from(read.id), Buffer.from(genesis.id), `byte ${at}`)
    } catch (error) {
      assert.ok(trustCode('bad-genesis')(error), `byte ${at}: ${String(error)}`)
    }
  }
})

test('a genesis that is cut, longer, over-long or of another label is refused', () => {
  for (const length of [0, 5, 13, 14, 60, 70, 2000, genesis.bytes.length - 1]) {
    assert.throws(() => decodeGenesis(NATIVE, genesis.bytes.subarray(0, length)), trustCode('bad-genesis'), `${length}`)
  }
  assert.throws(() => decodeGenesis(NATIVE, Buffer.concat([genesis.bytes, Uint8Array.of(0)])), trustCode('bad-genesis'))
  assert.throws(() => decodeGenesis(NATIVE, new Uint8Array(MAX_GENESIS_BYTES + 1)), trustCode('bad-genesis'))
})

test('names that are no names are refused, wherever they stand', () => {
  const make = (name: string): Genesis => networkOf([founderOf(anna, name)])
  for (const name of ['', 'A', 'a_b', '-a', 'a-', 'a.b', 'ä', 'a b', 'a'.repeat(64), 'a/b', 'a\n']) {
    assert.throws(() => make(name), trustCode('bad-name'), JSON.stringify(name))
    assert.throws(() => networkOf([founderOf(anna, 'anna', { groups: [name] })]), trustCode('bad-name'), JSON.stringify(name))
    if (name !== 'a.b') assert.throws(() => networkOf(founders, { name }), trustCode('bad-name'), JSON.stringify(name))
  }
  for (const name of ['a..b', '.a', 'a.', `${'a.'.repeat(127)}bb`]) {
    assert.throws(() => networkOf(founders, { name }), trustCode('bad-name'), name)
  }
  for (const name of ['a', '0', 'a-b', 'a'.repeat(63)]) assert.equal(make(name).founders[0]?.name, name)
  for (const name of ['a.b', `${'a.'.repeat(127)}b`]) assert.equal(networkOf(founders, { name }).name, name)
  const groups = Array.from({ length: 17 }, (_, index) => `g${index}`)
  assert.throws(() => networkOf([founderOf(anna, 'anna', { groups })]), trustCode('bad-name'))
})

test('a genesis without founders, with doubled ones, keys that are no keys, or weights out of range is refused', () => {
  const bad = trustCode('bad-genesis')
  assert.throws(() => networkOf([]), bad)
  assert.throws(() => networkOf([founderOf(anna, 'anna'), founderOf(bert, 'anna')]), bad)
  assert.throws(() => networkOf([founderOf(anna, 'anna'), founderOf(anna, 'bert')]), bad)
  assert.throws(() => networkOf([founderOf(anna, 'anna'), founderOf(bert, 'bert', { ed25519: anna.ed25519 })]), bad)
  assert.throws(() => networkOf([founderOf(anna, 'anna'), founderOf(bert, 'bert', { mldsa65: anna.mldsa65 })]), bad)
  assert.throws(() => networkOf([founderOf(anna, 'anna', { ed25519: new Uint8Array(31) })]), bad)
  assert.throws(() => networkOf([founderOf(anna, 'anna', { ed25519: new Uint8Array(32).fill(0xff) })]), bad)
  for (const weight of [0, 1001, 1.5, -1, Number.NaN]) {
    assert.throws(() => networkOf([founderOf(anna, 'anna', { weight })]), bad, String(weight))
  }
  const many = Array.from({ length: MAX_FOUNDERS + 1 }, (_, index) => founderOf(anna, `n${index}`))
  assert.throws(() => networkOf(many), bad)
  assert.throws(() => networkOf(founders, { nonce: new Uint8Array(31) }), bad)
  const content = { name: 'a', nonce: new Uint8Array(32), admission: 'open', founders } as const
  for (const createdAt of [-1, 1.5, Number.NaN, 253_402_300_800_000]) {
    assert.throws(() => makeGenesis(NATIVE, { ...content, createdAt }), bad, String(createdAt))
  }
})

test('arbitrary bytes behind the label never make anything but a TrustError', () => {
  const label = Buffer.from('x0-genesis/1\0')
  for (let length = 0; length < 400; length += 1) {
    const noise = createHash('shake256', { outputLength: Math.max(1, length) })
      .update(String(length))
      .digest()
    assert.throws(() => decodeGenesis(NATIVE, Buffer.concat([label, noise])), TrustError)
  }
})
