import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressFromBytes } from '../../src/platform/address-bytes.ts'
import { ByteReader, ByteWriter } from '../../src/platform/byte-codec.ts'
import { seeded } from '../crypto/backends.ts'

class Refused extends Error {}
const reader = (bytes: Uint8Array): ByteReader => new ByteReader(bytes, (why) => new Refused(why))

test('what is written is read back, big endian, and not one byte further', (t) => {
  const numbers = fc.record({
    byte: fc.nat(0xff),
    short: fc.nat(0xffff),
    word: fc.nat(0xffff_ffff),
    long: fc.bigInt(0n, 2n ** 64n - 1n),
    rest: fc.uint8Array({ maxLength: 40 }),
  })
  fc.assert(
    fc.property(numbers, ({ byte, short, word, long, rest }) => {
      const bytes = new ByteWriter().u8(byte).u16(short).u32(word).u64(long).u8(rest.length).bytes(rest).finish()
      assert.equal(bytes.length, 16 + rest.length)
      const read = reader(bytes)
      assert.deepEqual([read.u8(), read.u16(), read.u32(), read.u64()], [byte, short, word, long])
      assert.deepEqual(Uint8Array.from(read.bytes(read.u8())), rest)
      assert.equal(read.offset, bytes.length)
      read.end()
      assert.throws(() => read.u8(), Refused)
    }),
    seeded(t, 200),
  )
})

test('every read past the end or above its limit makes the error of its user', () => {
  for (const read of [
    (from: ByteReader) => from.u16(),
    (from: ByteReader) => from.u32(),
    (from: ByteReader) => from.u64(),
    (from: ByteReader) => from.bytes(2),
    (from: ByteReader) => from.list(1, () => from.u8()),
    (from: ByteReader) => from.end(),
    (from: ByteReader) => from.text(1, /^a$/),
  ]) {
    assert.throws(() => read(reader(Uint8Array.of(9))), Refused)
  }
  assert.throws(() => reader(Uint8Array.of(1, 1)).u16(256), Refused)
  assert.throws(() => reader(Uint8Array.of(0, 0, 1, 1)).u32(256), Refused)
  assert.equal(reader(Uint8Array.of(0, 0, 1, 0)).u32(256), 256)
  assert.equal(reader(Uint8Array.of(97)).text(1, /^a$/), 'a')
})

test('an address is read from its one binary form, and never names a peer', () => {
  const tcp = Uint8Array.of(4, 192, 0, 2, 1, 6, 0x0f, 0xa1)
  assert.equal(addressFromBytes(tcp), '/ip4/192.0.2.1/tcp/4001')
  assert.equal(addressFromBytes(new Uint8Array()), undefined)
  assert.equal(addressFromBytes(tcp.subarray(0, 7)), undefined)
  assert.equal(addressFromBytes(Uint8Array.of(...tcp, 0xff)), undefined)
  // the protocol code 4 written as a varint of two bytes
  assert.equal(addressFromBytes(Uint8Array.of(0x84, 0, 192, 0, 2, 1)), undefined)
  const peer = Uint8Array.of(0xa5, 0x03, 0x22, 0x12, 0x20, ...new Uint8Array(32))
  assert.equal(addressFromBytes(Uint8Array.of(...tcp, ...peer)), undefined)
})
