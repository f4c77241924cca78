import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CryptoError } from '../../src/crypto/backend.ts'
import { compositePublicKey, importCompositePublic } from '../../src/crypto/composite.ts'
import { formatBootstrapLine, parseBootstrapLine } from '../../src/identity/bootstrap-line.ts'
import { IdentityError, type IdentityErrorCode } from '../../src/identity/identity-error.ts'
import { generateNodeIdentity, nodeIdentityFromSeeds } from '../../src/identity/node-identity.ts'
import { formatX0Id, parseX0Id, x0IdOf } from '../../src/identity/x0-id.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { BACKENDS, NATIVE, onBoth, seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'

const PEER = '12D3KooWEMwDaLeBaHtu58zUkSHUErrBraSh3EvBvnascwLx9eFe'
const RELAY = '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
const NAME = 'x0lru3fan3hnbzsbcbbka4rb3dhb445tgods5m53lvjw65ist6l2va'

const refusedAs = (code: IdentityErrorCode, hint: RegExp) => (error: unknown) =>
  error instanceof IdentityError && error.code === code && hint.test(error.message)

test('an x0 id is written in 54 characters and read back', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (id) => {
      const text = formatX0Id(id)
      assert.match(text, /^x0[a-z2-7]{52}$/)
      assert.deepEqual(parseX0Id(text), id)
    }),
    seeded(t, 200),
  )
})

test('the text of an x0 id is RFC 4648 base32', () => {
  assert.equal(formatX0Id(new Uint8Array(32)), `x0${'a'.repeat(52)}`)
  assert.equal(formatX0Id(new Uint8Array(32).fill(0xff)), `x0${'7'.repeat(51)}q`)
  // RFC 4648 section 10: "foobar" is MZXW6YTBOI
  const id = new Uint8Array(32)
  id.set(new TextEncoder().encode('foobar'))
  assert.ok(formatX0Id(id).startsWith('x0mzxw6ytboi'))
})

test('every other text is refused', () => {
  assert.equal(parseX0Id(NAME).length, 32)
  for (const [text, hint] of [
    ['', /54 characters/],
    [NAME.slice(0, -1), /54 characters/],
    [`${NAME}=`, /54 characters/],
    [`y0${NAME.slice(2)}`, /starts with/],
    [`X0${NAME.slice(2)}`, /starts with/],
    [NAME.toUpperCase().replace('X0', 'x0'), /a-z/],
    [NAME.replace('l', '1'), /a-z/],
    [NAME.replace('l', '\u0131'), /a-z/],
    [`${NAME.slice(0, -1)}b`, /last letter/],
  ] as const) {
    assert.throws(() => parseX0Id(text), refusedAs('bad-x0-id', hint), text)
  }
  assert.throws(() => formatX0Id(new Uint8Array(31)), refusedAs('bad-x0-id', /32 bytes/))
})

test('of the 32 last letters, the two that carry one bit are read', () => {
  const read = [...'abcdefghijklmnopqrstuvwxyz234567'].filter((letter) => {
    try {
      return parseX0Id(NAME.slice(0, -1) + letter).length === 32
    } catch {
      return false
    }
  })
  assert.deepEqual(read, ['a', 'q'])
})

onBoth('an identity is one name, one peer id and two keys that sign', async (backend) => {
  const seeds = { ed25519: new Uint8Array(32).fill(1), mldsa65: new Uint8Array(32).fill(2) }
  const identity = await nodeIdentityFromSeeds(backend, seeds)
  const other = await nodeIdentityFromSeeds(NATIVE, seeds)
  assert.equal(identity.peerId, other.peerId)
  assert.equal(toHex(identity.x0Id), toHex(other.x0Id))
  assert.equal(toHex(identity.libp2pKey.publicKey.raw), toHex(identity.ed25519))
  const message = new TextEncoder().encode('message')
  const context = new TextEncoder().encode('context')
  assert.equal(await identity.libp2pKey.publicKey.verify(message, await identity.signEd25519(message)), true)
  const verifier = importCompositePublic(NATIVE, compositePublicKey(identity))
  assert.equal(await verifier.verify(message, await identity.sign(message, context), context), true)
  await assert.rejects(nodeIdentityFromSeeds(backend, { ...seeds, mldsa65: new Uint8Array(31) }), CryptoError)
})

test('each half of the keys changes the name', async () => {
  for (const backend of BACKENDS) {
    const one = await generateNodeIdentity(backend, systemRandom)
    const two = await generateNodeIdentity(backend, systemRandom)
    const ids = [one, two, { ...one, ed25519: two.ed25519 }, { ...one, mldsa65: two.mldsa65 }].map((keys) =>
      toHex(x0IdOf(backend, keys)),
    )
    assert.equal(new Set(ids).size, 4)
    assert.equal(ids[0], toHex(one.x0Id))
    assert.throws(() => x0IdOf(backend, { ed25519: one.mldsa65, mldsa65: one.ed25519 }), CryptoError)
  }
})

test('bootstrap lines are read and written back', () => {
  for (const [line, peerId, named] of [
    ['/ip4/127.0.0.1/tcp/4001', undefined, false],
    [`/ip4/127.0.0.1/tcp/4001/p2p/${PEER}`, PEER, false],
    [`/ip4/127.0.0.1/tcp/4001/p2p/${PEER}#${NAME}`, PEER, true],
    [`/dns4/node.example/tcp/4001/p2p/${PEER}#${NAME}`, PEER, true],
    [`/ip6/::1/tcp/4001/p2p/${PEER}#${NAME}`, PEER, true],
    [`/ip4/127.0.0.1/tcp/1/p2p/${RELAY}/p2p-circuit/p2p/${PEER}#${NAME}`, PEER, true],
  ] as const) {
    const parsed = parseBootstrapLine(` ${line}\n`)
    assert.equal(parsed.peerId, peerId, line)
    assert.equal(parsed.x0Id === undefined ? undefined : formatX0Id(parsed.x0Id), named ? NAME : undefined, line)
    assert.equal(formatBootstrapLine(parsed), line)
  }
})

test('bad bootstrap lines are refused with what to write instead', () => {
  for (const [line, hint] of [
    ['', /address is missing: write/],
    [`#${NAME}`, /address is missing: write/],
    ['127.0.0.1:4001', /starts with a slash/],
    ['/', /is empty/],
    ['/ip4/1.2.3/tcp/1', /no multiaddr/],
    ['/ip4/1.2.3.4/tcp/99999', /no multiaddr/],
    ['/ip4/1.2.3.4/tcp/1/p2p/abc', /no peer id/],
    [`/p2p/${PEER}`, /no way to a peer/],
    [`/ip4/1.2.3.4/tcp/1#${NAME}`, /write MULTIADDR\/p2p\/PEERID#x0id/],
    [`/ip4/1.2.3.4/tcp/1/p2p/${RELAY}/p2p-circuit#${NAME}`, /needs a peer id/],
    [`/ip4/1.2.3.4/tcp/1/p2p/${PEER}#`, /no x0 id/],
    [`/ip4/1.2.3.4/tcp/1/p2p/${PEER}#${NAME}#${NAME}`, /no x0 id/],
    [`/ip4/1.2.3.4/tcp/1/p2p/${PEER}#${NAME.slice(0, -1)}b`, /copy the whole line/],
    ['/'.repeat(2000), /at most 1024/],
  ] as const) {
    assert.throws(() => parseBootstrapLine(line), refusedAs('bad-bootstrap-line', hint), line)
  }
})

test('whatever is pasted is a line or a typed refusal', (t) => {
  const piece = fc.constantFrom('/ip4/', '/tcp/', '1', '127.0.0.1', '/p2p/', PEER, '#', NAME, ' ', '/p2p-circuit', 'x0', '\u0000')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      ),
      (text) => {
        try {
          const line = formatBootstrapLine(parseBootstrapLine(text))
          assert.equal(formatBootstrapLine(parseBootstrapLine(line)), line)
        } catch (error) {
          assert.ok(error instanceof IdentityError && error.code === 'bad-bootstrap-line', String(error))
        }
      },
    ),
    seeded(t, 1000),
  )
})
