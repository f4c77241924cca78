import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { CipherState } from '../../src/channel/cipher-state.ts'
import { RecordOpener, RecordSealer, type RekeyLimits } from '../../src/channel/records.ts'
import { ChannelRefusal } from '../../src/channel/refusal.ts'
import type { CryptoBackend } from '../../src/crypto/backend.ts'
import { NATIVE, onBoth, PORTABLE, seeded } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'
import { PlainFrames } from './middle.ts'

const NONE = new Uint8Array(0)

/** One direction as docs/secure-channel.md tells it, straight from the AEAD: what a second implementation would write. */
class Told {
  readonly #crypto: CryptoBackend
  readonly #limits: RekeyLimits
  #key: Uint8Array
  #n = 0n
  #records = 0
  #bytes = 0
  rekeys = 0

  constructor(crypto: CryptoBackend, key: Uint8Array, limits: RekeyLimits) {
    this.#crypto = crypto
    this.#key = key
    this.#limits = limits
  }

  record(plaintext: Uint8Array): Uint8Array {
    const out = new Uint8Array(plaintext.length + 18)
    new DataView(out.buffer).setUint16(0, plaintext.length + 16)
    this.#crypto.aead(this.#key).seal(this.#nonce(this.#n), NONE, plaintext, out, 2)
    this.#n += 1n
    this.#records += 1
    this.#bytes += plaintext.length
    if (this.#records >= this.#limits.records || this.#bytes >= this.#limits.bytes) {
      const next = new Uint8Array(48)
      this.#crypto.aead(this.#key).seal(this.#nonce(2n ** 64n - 1n), NONE, new Uint8Array(32), next, 0)
      this.#key = next.slice(0, 32)
      this.#records = 0
      this.#bytes = 0
      this.rekeys += 1
    }
    return out
  }

  #nonce(n: bigint): Uint8Array {
    const nonce = new Uint8Array(12)
    new DataView(nonce.buffer).setBigUint64(4, n, true)
    return nonce
  }
}

function key(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte)
}

for (const [maker, checker] of [
  [NATIVE, PORTABLE],
  [PORTABLE, NATIVE],
] as const) {
  test(`${maker.name} -> ${checker.name}: records and rekeys are those that the specification tells`, (t) => {
    const limits = fc.record({ records: fc.integer({ min: 1, max: 6 }), bytes: fc.integer({ min: 1, max: 400 }) })
    const writes = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 25 })
    fc.assert(
      fc.property(limits, writes, (rekey, plaintexts) => {
        const told = new Told(checker, key(1), rekey)
        const sealer = new RecordSealer(new CipherState(maker, key(1)), rekey)
        const opener = new RecordOpener(new CipherState(checker, key(1)), rekey)
        const rekeys = { sealed: 0, opened: 0 }
        sealer.onRekey = () => {
          rekeys.sealed += 1
        }
        opener.onRekey = () => {
          rekeys.opened += 1
        }
        for (const plaintext of plaintexts) {
          const sealed = sealer.seal(plaintext)
          assert.equal(toHex(sealed), toHex(told.record(plaintext)))
          assert.equal(toHex(opener.open(sealed.subarray(2))), toHex(plaintext))
        }
        assert.deepEqual(rekeys, { sealed: told.rekeys, opened: told.rekeys })
      }),
      seeded(t, 40),
    )
  })
}

onBoth('plaintexts around the largest record: how many records, how many bytes, and back again', (crypto) => {
  for (const [length, sizes] of [
    [0, [0]],
    [1, [1]],
    [65_518, [65_518]],
    [65_519, [65_519]],
    [65_520, [65_519, 1]],
    [65_521, [65_519, 2]],
    [131_039, [65_519, 65_519, 1]],
  ] as const) {
    const sealer = new RecordSealer(new CipherState(crypto, key(2)), undefined)
    const opener = new RecordOpener(new CipherState(crypto, key(2)), undefined)
    const plaintext = new Uint8Array(length).map((_, index) => index)
    const sealed = sealer.seal(plaintext)
    assert.equal(sealed.length, RecordSealer.wireBytes(length))
    const frames = new PlainFrames().add(sealed)
    assert.deepEqual(
      frames.map((frame) => frame.length - 18),
      sizes,
    )
    assert.equal(toHex(Buffer.concat(frames.map((frame) => opener.open(frame.subarray(2))))), toHex(plaintext))
  }
})

test('a list of chunks is sealed as its bytes in one piece are, wherever it is cut', (t) => {
  const scratch = new Uint8Array(65_535).fill(0xee)
  const cuts = fc.array(fc.oneof(fc.nat({ max: 30 }), fc.integer({ min: 65_400, max: 65_600 })), { maxLength: 6 })
  fc.assert(
    fc.property(cuts, fc.integer({ min: 1, max: 5 }), (sizes, records) => {
      const chunks = sizes.map((size, index) => new Uint8Array(size).fill(index + 1))
      const sealer = () => new RecordSealer(new CipherState(NATIVE, key(5)), { records, bytes: 100_000 })
      const [list, whole] = [new Uint8ArrayList(...chunks), Buffer.concat(chunks)]
      assert(Buffer.from(sealer().sealList(list, scratch)).equals(sealer().seal(whole)))
      assert(Buffer.from(list.subarray()).equals(whole), 'sealing changed what it was given')
    }),
    seeded(t, 60),
  )
})

onBoth('a record altered, cut, repeated, left out or sealed under an old key does not open', (crypto) => {
  const limits = { records: 3, bytes: 1_000 }
  const pair = () => ({
    sealer: new RecordSealer(new CipherState(crypto, key(3)), limits),
    opener: new RecordOpener(new CipherState(crypto, key(3)), limits),
  })
  const refused = (opener: RecordOpener, record: Uint8Array | undefined): void => {
    assert(record !== undefined)
    assert.throws(
      () => opener.open(record),
      (error) => error instanceof ChannelRefusal && error.code === 'record-damaged',
    )
  }
  const four = ({ sealer }: ReturnType<typeof pair>) =>
    [1, 2, 3, 4].map((byte) => Uint8Array.from(sealer.seal(Uint8Array.of(byte, byte)).subarray(2)))

  for (const change of [0, 1, 2, 10, 17]) {
    const ends = pair()
    const [first] = four(ends)
    assert(first !== undefined)
    refused(
      ends.opener,
      first.map((byte, index) => (index === change ? byte ^ 0x80 : byte)),
    )
    // the counter stays (Noise 5.1), though the channel ends the session at once
    assert.deepEqual([...ends.opener.open(first)], [1, 1])
  }
  for (const length of [0, 1, 15, 16, 17]) {
    const ends = pair()
    refused(ends.opener, four(ends)[0]?.subarray(0, length))
  }
  const repeated = pair()
  const [first, second, third, fourth] = four(repeated)
  assert(first !== undefined && second !== undefined && third !== undefined)
  refused(repeated.opener, second)
  repeated.opener.open(first)
  refused(repeated.opener, first)
  repeated.opener.open(second)
  repeated.opener.open(third)
  // the third record reached the limit: the next stands under the next key
  const stale = new RecordOpener(new CipherState(crypto, key(3)), undefined)
  for (const record of [first, second, third]) stale.open(record)
  refused(stale, fourth)
  assert.deepEqual(fourth && [...repeated.opener.open(fourth)], [4, 4])
})

test('the nonce counts in its last eight bytes, little-endian, and Rekey() takes the one that is reserved', () => {
  const seen: string[] = []
  const watching: CryptoBackend = {
    ...NATIVE,
    aead: () => ({
      seal: (nonce) => void seen.push(toHex(nonce)),
      open: () => undefined,
    }),
  }
  const cipher = new CipherState(watching, key(4))
  cipher.seal(NONE, NONE, new Uint8Array(16), 0)
  cipher.seal(NONE, NONE, new Uint8Array(16), 0)
  cipher.rekey()
  cipher.seal(NONE, NONE, new Uint8Array(16), 0)
  assert.deepEqual(seen, [
    '000000000000000000000000',
    '000000000100000000000000',
    '00000000ffffffffffffffff',
    '000000000200000000000000',
  ])
  assert.equal(cipher.n, 3)
})
