import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_HANDSHAKE_PAYLOAD_BYTES } from '../../src/channel/limits.ts'
import { decodePayload, encodePayload, type HandshakePayload } from '../../src/channel/payload.ts'
import { readFields, writeFields } from '../../src/channel/protobuf.ts'
import { ChannelRefusal, type RefusalCode } from '../../src/channel/refusal.ts'
import { seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { bytesField, numberField, textField, varint } from './protobuf-by-hand.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const id = fc.string({ maxLength: 60 }).filter((text) => !/[\ud800-\udfff]/.test(text))
const auth = fc.record({
  mldsa65: bytes(1_952),
  signature: bytes(3_373),
  securityProtocols: fc.array(id, { maxLength: 16 }),
  networkId: bytes(32),
  credential: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
})
const payloads: fc.Arbitrary<HandshakePayload> = fc.record({
  ed25519: bytes(32),
  identitySignature: bytes(64),
  streamMuxers: fc.array(id, { maxLength: 16 }),
  pqAuth: fc.option(auth, { nil: undefined }),
})

test('a payload that was encoded decodes to itself', (t) => {
  fc.assert(
    fc.property(payloads, (payload) => {
      const decoded = decodePayload(encodePayload(payload))
      assert.deepEqual(decoded.streamMuxers, payload.streamMuxers)
      assert.deepEqual(decoded.pqAuth?.securityProtocols, payload.pqAuth?.securityProtocols)
      for (const field of ['ed25519', 'identitySignature'] as const) assert.equal(toHex(decoded[field]), toHex(payload[field]))
      for (const field of ['mldsa65', 'signature', 'networkId', 'credential'] as const) {
        const [read, written] = [decoded.pqAuth?.[field], payload.pqAuth?.[field]]
        assert.equal(read && toHex(read), written && toHex(written))
      }
    }),
    seeded(t, 60),
  )
})

test('no bytes at all make the decoder fail in another way than a typed refusal', (t) => {
  const start = Buffer.concat([bytesField(1, new Uint8Array(36)), bytesField(2, new Uint8Array(64))])
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.uint8Array({ maxLength: 200 }).map((tail) => Buffer.concat([start, tail])),
    fc.uint8Array({ maxLength: 200 }).map((inner) => Buffer.concat([start, bytesField(4, bytesField(1776, inner))])),
  )
  fc.assert(
    fc.property(hostile, (message) => {
      try {
        decodePayload(message)
      } catch (error) {
        if (!(error instanceof ChannelRefusal)) throw error
        assert.match(error.code, /^(malformed-message|payload-too-large)$/)
      }
    }),
    seeded(t, 2_000),
  )
})

test('fields are written as protobuf writes them', (t) => {
  const field = fc.record({
    number: fc.integer({ min: 1, max: 2 ** 29 - 1 }),
    value: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 2 ** 40 })),
  })
  fc.assert(
    fc.property(fc.array(field, { maxLength: 6 }), (fields) => {
      const written = writeFields(fields)
      const byHand = fields.map(({ number, value }) =>
        typeof value === 'number' ? numberField(number, value) : bytesField(number, value),
      )
      assert.equal(toHex(written), toHex(Buffer.concat(byHand)))
      const read = readFields(written).map(({ number, value }) => [number, typeof value === 'number' ? value : toHex(value)])
      assert.deepEqual(
        read,
        fields.map(({ number, value }) => [number, typeof value === 'number' ? value : toHex(value)]),
      )
    }),
    seeded(t, 200),
  )
})

const KEY = Buffer.concat([Uint8Array.of(8, 1, 0x12, 0x20), new Uint8Array(32).fill(9)])
const HEAD = [bytesField(1, KEY), bytesField(2, new Uint8Array(64))]
const AUTH = {
  version: numberField(1, 1),
  mldsa65: bytesField(2, new Uint8Array(1_952)),
  signature: bytesField(3, new Uint8Array(3_373)),
  protocols: textField(4, '/x0'),
  network: bytesField(5, new Uint8Array(32)),
}
const GOOD = Object.values(AUTH)

function withExtension(fields: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([...HEAD, bytesField(4, bytesField(1776, Buffer.concat(fields)))])
}

function without(name: keyof typeof AUTH, ...instead: Uint8Array[]): Uint8Array {
  return withExtension([...GOOD.filter((field) => field !== AUTH[name]), ...instead])
}

test('the payload by hand is a good one, with or without what libp2p may add', () => {
  assert.deepEqual(decodePayload(withExtension(GOOD)).pqAuth?.securityProtocols, ['/x0'])
  assert.equal(decodePayload(Buffer.concat(HEAD)).pqAuth, undefined)
  const grown = Buffer.concat([
    ...HEAD,
    numberField(99, 7),
    bytesField(4, Buffer.concat([textField(2, '/m'), textField(88, 'x')])),
  ])
  assert.deepEqual(decodePayload(grown).streamMuxers, ['/m'])
  // in whatever order a peer writes them
  assert.equal(decodePayload(withExtension(GOOD.toReversed())).pqAuth?.mldsa65.length, 1_952)
})

const REFUSED: readonly (readonly [string, Uint8Array, RefusalCode])[] = [
  ['no identity key', bytesField(2, new Uint8Array(64)), 'malformed-message'],
  ['no identity signature', bytesField(1, KEY), 'malformed-message'],
  [
    'a secp256k1 identity',
    Buffer.concat([bytesField(1, Uint8Array.of(8, 2, ...KEY.subarray(2))), HEAD[1] ?? KEY]),
    'malformed-message',
  ],
  ['an identity key of 31 bytes', Buffer.concat([bytesField(1, KEY.subarray(0, 35)), HEAD[1] ?? KEY]), 'malformed-message'],
  ['an identity given twice', Buffer.concat([...HEAD, ...HEAD]), 'malformed-message'],
  ['extensions given twice', Buffer.concat([withExtension(GOOD), bytesField(4, new Uint8Array(0))]), 'malformed-message'],
  ['an unknown field of ours', withExtension([...GOOD, numberField(7, 1)]), 'malformed-message'],
  ['an unknown field of ours, far up', withExtension([...GOOD, textField(1_000, 'x')]), 'malformed-message'],
  ['a version given twice', withExtension([...GOOD, AUTH.version]), 'malformed-message'],
  ['an ML-DSA key given twice', withExtension([...GOOD, AUTH.mldsa65]), 'malformed-message'],
  ['a signature given twice', withExtension([...GOOD, AUTH.signature]), 'malformed-message'],
  ['a network given twice', withExtension([...GOOD, AUTH.network]), 'malformed-message'],
  ['a credential given twice', withExtension([...GOOD, textField(6, 'a'), textField(6, 'b')]), 'malformed-message'],
  ['another version', without('version', numberField(1, 2)), 'malformed-message'],
  ['a version as bytes', without('version', textField(1, '1')), 'malformed-message'],
  ['a network as a number', without('network', numberField(5, 1)), 'malformed-message'],
  ['no version', without('version'), 'malformed-message'],
  ['no ML-DSA key', without('mldsa65'), 'malformed-message'],
  ['no signature', without('signature'), 'malformed-message'],
  ['no network', without('network'), 'malformed-message'],
  ['a short ML-DSA key', without('mldsa65', bytesField(2, new Uint8Array(1_951))), 'malformed-message'],
  ['a long signature', without('signature', bytesField(3, new Uint8Array(3_374))), 'malformed-message'],
  ['seventeen protocols', withExtension([...GOOD, ...Array<Uint8Array>(16).fill(AUTH.protocols)]), 'malformed-message'],
  ['a protocol of 257 bytes', without('protocols', textField(4, 'p'.repeat(257))), 'malformed-message'],
  ['a protocol that is no UTF-8', without('protocols', bytesField(4, Uint8Array.of(0xff))), 'malformed-message'],
  ['a protocol as a number', without('protocols', numberField(4, 1)), 'malformed-message'],
  ['a credential of 8,193 bytes', withExtension([...GOOD, bytesField(6, new Uint8Array(8_193))]), 'payload-too-large'],
  ['the extension as a number', Buffer.concat([...HEAD, bytesField(4, numberField(1776, 1))]), 'malformed-message'],
  ['field number 0', Buffer.concat([...HEAD, Uint8Array.of(2, 0)]), 'malformed-message'],
  ['a fixed32 field', Buffer.concat([...HEAD, Uint8Array.of(5 * 8 + 5, 0, 0, 0, 0)]), 'malformed-message'],
  ['a group', Buffer.concat([...HEAD, Uint8Array.of(5 * 8 + 3)]), 'malformed-message'],
  ['a length that is not minimal', Buffer.concat([...HEAD, Uint8Array.of(5 * 8 + 2, 0x80, 0)]), 'malformed-message'],
  ['a key that is not minimal', Buffer.concat([...HEAD, Uint8Array.of(0xa8, 0x80, 0, 1)]), 'malformed-message'],
  ['a varint without end', Buffer.concat([...HEAD, new Uint8Array(9).fill(0xff)]), 'malformed-message'],
  ['a length past the end', Buffer.concat([...HEAD, Uint8Array.from([5 * 8 + 2, ...varint(200)])]), 'malformed-message'],
  ['a field cut off', withExtension(GOOD).subarray(0, -1), 'malformed-message'],
  ['a payload above 16 KiB', new Uint8Array(MAX_HANDSHAKE_PAYLOAD_BYTES + 1), 'payload-too-large'],
]

for (const [what, message, code] of REFUSED) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => decodePayload(message),
      (error) => error instanceof ChannelRefusal && error.code === code,
    )
  })
}
