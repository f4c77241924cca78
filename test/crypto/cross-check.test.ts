import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import type { VerifyingKey } from '../../src/crypto/backend.ts'
import { CryptoError } from '../../src/crypto/backend.ts'
import { compositePublicKey, compositeSign, importCompositePublic } from '../../src/crypto/composite.ts'
import { equalBytes } from '../../src/crypto/constant-time.ts'
import { checkEd25519PublicKey } from '../../src/crypto/ed25519-point.ts'
import { BACKENDS, NATIVE, onBoth, PAIRS, PORTABLE, seeded, throwsCode } from './backends.ts'
import { hex, toHex } from './published-vectors.ts'

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const message = fc.uint8Array({ maxLength: 300 })
const context = fc.uint8Array({ maxLength: 255 })
const bit = fc.nat({ max: 1 << 30 })

test('both hash and authenticate alike, however the input is cut', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(message, { maxLength: 4 }), (key, parts) => {
      const joined = Buffer.concat(parts)
      assert.equal(toHex(NATIVE.sha256(...parts)), toHex(PORTABLE.sha256(joined)))
      assert.equal(toHex(NATIVE.sha512(joined)), toHex(PORTABLE.sha512(...parts)))
      assert.equal(toHex(NATIVE.hmacSha256(key, ...parts)), toHex(PORTABLE.hmacSha256(key, joined)))
    }),
    seeded(t, 200),
  )
})

for (const [maker, checker] of PAIRS) {
  const pair = `${maker.name} -> ${checker.name}`

  test(`${pair}: records open, and no changed byte does`, (t) => {
    const offset = fc.nat({ max: 9 })
    fc.assert(
      fc.property(bytes(32), bytes(12), message, message, offset, bit, (key, nonce, ad, plaintext, at, flip) => {
        const room = new Uint8Array(at + plaintext.length + 16 + 3).fill(0xaa)
        maker.aead(key).seal(nonce, ad, plaintext, room, at)
        assert.deepEqual([...room.subarray(0, at), ...room.subarray(-3)], new Array(at + 3).fill(0xaa), 'wrote outside its place')
        const sealed = room.subarray(at, -3)
        const opener = checker.aead(key)
        assert.deepEqual(opener.open(nonce, ad, sealed), plaintext)
        assert.equal(opener.open(nonce, flipped(ad, flip, Uint8Array.of(1)), sealed), undefined)
        assert.equal(opener.open(flipped(nonce, flip), ad, sealed), undefined)
        assert.equal(opener.open(nonce, ad, flipped(sealed, flip)), undefined)
        assert.equal(opener.open(nonce, ad, sealed.subarray(1)), undefined)
        assert.equal(checker.aead(flipped(key, flip)).open(nonce, ad, sealed), undefined)
      }),
      seeded(t, 100),
    )
  })

  test(`${pair}: X25519 secrets agree`, (t) => {
    fc.assert(
      fc.property(bytes(32), bytes(32), (one, two) => {
        const a = maker.importAgreementKey(one)
        const b = checker.importAgreementKey(two)
        assert.equal(toHex(a.agree(b.publicKey)), toHex(b.agree(a.publicKey)))
      }),
      seeded(t, 20),
    )
  })

  test(`${pair}: X25519 judges any 32 bytes alike`, (t) => {
    fc.assert(
      fc.property(bytes(32), fc.oneof(bytes(32), fc.constantFrom(...LOW_ORDER_U)), (secret, remote) => {
        assert.equal(
          outcome(() => toHex(maker.importAgreementKey(secret).agree(remote))),
          outcome(() => toHex(checker.importAgreementKey(secret).agree(remote))),
        )
      }),
      seeded(t, 40),
    )
  })

  test(`${pair}: encapsulated secrets come out, forged ciphertexts give the same rejection secret`, (t) => {
    fc.assert(
      fc.property(bytes(64), bit, (seed, flip) => {
        const key = checker.importDecapsulationKey(seed)
        const { ciphertext, sharedSecret } = maker.encapsulate(key.encapsulationKey)
        assert.equal(toHex(key.decapsulate(ciphertext)), toHex(sharedSecret))
        const forged = flipped(ciphertext, flip)
        assert.notEqual(toHex(key.decapsulate(forged)), toHex(sharedSecret))
        const same = maker.importDecapsulationKey(seed)
        assert.equal(toHex(same.encapsulationKey), toHex(key.encapsulationKey))
        assert.equal(toHex(same.decapsulate(forged)), toHex(key.decapsulate(forged)))
      }),
      seeded(t, 20),
    )
  })

  test(`${pair}: ML-DSA-65 signatures hold for their message and context alone`, async (t) => {
    await fc.assert(
      fc.asyncProperty(bytes(32), message, context, bit, async (seed, text, ctx, flip) => {
        const key = maker.importMlDsa65(seed)
        const signature = await key.sign(text, ctx)
        const verifier = checker.importMlDsa65Public(key.publicKey)
        assert.equal(await verifier.verify(text, signature, ctx), true)
        assert.equal(await verifier.verify(text, flipped(signature, flip), ctx), false)
        assert.equal(await verifier.verify(flipped(text, flip, Uint8Array.of(1)), signature, ctx), false)
        assert.equal(await verifier.verify(text, signature, flipped(ctx, flip, Uint8Array.of(1))), false)
        assert.notEqual(toHex(await key.sign(text, ctx)), toHex(signature), 'signing is hedged')
        assert.equal(toHex(key.exportSeed()), toHex(seed))
      }),
      seeded(t, 10),
    )
  })

  test(`${pair}: Ed25519 signatures hold for their message alone`, async (t) => {
    await fc.assert(
      fc.asyncProperty(bytes(32), message, bit, async (seed, text, flip) => {
        const key = maker.importEd25519(seed)
        const signature = await key.sign(text)
        const verifier = checker.importEd25519Public(key.publicKey)
        assert.equal(await verifier.verify(text, signature), true)
        assert.equal(await verifier.verify(text, flipped(signature, flip)), false)
        assert.equal(await verifier.verify(flipped(text, flip, Uint8Array.of(1)), signature), false)
        assert.equal(toHex(await checker.importEd25519(seed).sign(text)), toHex(signature))
        assert.equal(toHex(key.exportSeed()), toHex(seed))
      }),
      seeded(t, 15),
    )
  })

  test(`${pair}: a composite signature needs both halves`, async (t) => {
    await fc.assert(
      fc.asyncProperty(bytes(32), bytes(32), message, context, bit, async (one, two, text, ctx, flip) => {
        const keys = { mldsa: maker.importMlDsa65(one), ed25519: maker.importEd25519(two) }
        const verifier = importCompositePublic(
          checker,
          compositePublicKey({ mldsa65: keys.mldsa.publicKey, ed25519: keys.ed25519.publicKey }),
        )
        const signature = await compositeSign(maker, keys, text, ctx)
        assert.equal(await verifier.verify(text, signature, ctx), true)
        const lattice = flipped(signature.subarray(0, 3309), flip)
        const curve = flipped(signature.subarray(3309), flip)
        assert.equal(await verifier.verify(text, Buffer.concat([lattice, signature.subarray(3309)]), ctx), false)
        assert.equal(await verifier.verify(text, Buffer.concat([signature.subarray(0, 3309), curve]), ctx), false)
        assert.equal(await verifier.verify(text, signature.subarray(1), ctx), false)
        assert.equal(await verifier.verify(text, signature, flipped(ctx, flip, Uint8Array.of(1))), false)
        assert.equal(await verifier.verify(text, signature, new Uint8Array(256)), false)
      }),
      seeded(t, 6),
    )
  })
}

test('generated keys are fresh and used alike', async () => {
  for (const backend of BACKENDS) {
    assert.notEqual(toHex(backend.generateAgreementKey().publicKey), toHex(backend.generateAgreementKey().publicKey))
    assert.notEqual(
      toHex(backend.generateDecapsulationKey().encapsulationKey),
      toHex(backend.generateDecapsulationKey().encapsulationKey),
    )
    const mldsa = backend.generateMlDsa65()
    assert.notEqual(toHex(mldsa.exportSeed()), toHex(backend.generateMlDsa65().exportSeed()))
    assert.equal(toHex(PORTABLE.importMlDsa65(mldsa.exportSeed()).publicKey), toHex(mldsa.publicKey))
    const curve = backend.generateEd25519()
    assert.notEqual(toHex(curve.exportSeed()), toHex(backend.generateEd25519().exportSeed()))
    assert.equal(toHex(PORTABLE.importEd25519(curve.exportSeed()).publicKey), toHex(curve.publicKey))
    assert.equal(await backend.importMlDsa65Public(mldsa.publicKey).verify(hex('00'), await mldsa.sign(hex('00'))), true)
  }
})

onBoth('every wrong length is a typed error', async (backend, t) => {
  const wrong = (right: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ maxLength: right * 2 }).filter((b) => b.length !== right)
  const key = backend.generateDecapsulationKey()
  const agreement = backend.generateAgreementKey()
  const cases: readonly (readonly [number, 'bad-key' | 'bad-ciphertext', (value: Uint8Array) => unknown])[] = [
    [32, 'bad-key', (value) => backend.aead(value)],
    [32, 'bad-key', (value) => backend.importAgreementKey(value)],
    [32, 'bad-key', (value) => agreement.agree(value)],
    [64, 'bad-key', (value) => backend.importDecapsulationKey(value)],
    [1184, 'bad-key', (value) => backend.encapsulate(value)],
    [1088, 'bad-ciphertext', (value) => key.decapsulate(value)],
    [32, 'bad-key', (value) => backend.importMlDsa65(value)],
    [1952, 'bad-key', (value) => backend.importMlDsa65Public(value)],
    [32, 'bad-key', (value) => backend.importEd25519(value)],
    [32, 'bad-key', (value) => backend.importEd25519Public(value)],
    [1984, 'bad-key', (value) => importCompositePublic(backend, value)],
  ]
  for (const [right, code, run] of cases) {
    fc.assert(
      fc.property(wrong(right), (value) => throwsCode(code, () => run(value))),
      seeded(t, 20),
    )
    throwsCode(code, () => run(new Uint8Array(right - 1)))
    throwsCode(code, () => run(new Uint8Array(right + 1)))
    throwsCode(code, () => run(new Uint8Array(0)))
  }
})

onBoth('our own slips are told at once', async (backend) => {
  const aead = backend.aead(new Uint8Array(32))
  const nonce = new Uint8Array(12)
  const none = new Uint8Array(0)
  assert.throws(() => aead.seal(nonce, none, new Uint8Array(8), new Uint8Array(23), 0), RangeError)
  assert.throws(() => aead.seal(nonce, none, new Uint8Array(8), new Uint8Array(24), 1), RangeError)
  assert.throws(() => aead.seal(nonce, none, new Uint8Array(8), new Uint8Array(24), -1), RangeError)
  const badContext = (error: unknown): boolean => error instanceof CryptoError && error.code === 'bad-context'
  await assert.rejects(backend.generateMlDsa65().sign(none, new Uint8Array(256)), badContext)
  await assert.rejects(backend.generateEd25519().sign(none, new Uint8Array(1)), badContext)
  const keys = { mldsa: backend.generateMlDsa65(), ed25519: backend.generateEd25519() }
  await assert.rejects(compositeSign(backend, keys, none, new Uint8Array(256)), badContext)
})

onBoth('a signature of any length and any bytes is judged, never thrown at', async (backend, t) => {
  const verifiers: VerifyingKey[] = [
    backend.importMlDsa65Public(new Uint8Array(1952)),
    backend.importMlDsa65Public(backend.generateMlDsa65().publicKey),
    backend.importEd25519Public(backend.generateEd25519().publicKey),
  ]
  const signature = fc.oneof(fc.uint8Array({ maxLength: 100 }), bytes(64), bytes(3309))
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...verifiers), signature, fc.uint8Array({ maxLength: 300 }), async (verifier, bad, ctx) => {
      assert.equal(await verifier.verify(new Uint8Array(3), bad, ctx), false)
    }),
    seeded(t, 60),
  )
})

test('the key that was handed in may be overwritten afterwards', async () => {
  for (const backend of BACKENDS) {
    const seed = new Uint8Array(32).fill(7)
    const key = backend.importEd25519(seed)
    const publicKey = key.publicKey.slice()
    const verifier = backend.importEd25519Public(publicKey)
    seed.fill(0)
    publicKey.fill(0)
    assert.equal(toHex(key.exportSeed()), '07'.repeat(32))
    assert.equal(await verifier.verify(seed, await key.sign(seed)), true)
    const secret = new Uint8Array(32).fill(9)
    const aead = backend.aead(secret)
    secret.fill(0)
    const sealed = new Uint8Array(20)
    aead.seal(new Uint8Array(12), seed, new Uint8Array(4), sealed, 0)
    assert.notEqual(backend.aead(new Uint8Array(32).fill(9)).open(new Uint8Array(12), seed, sealed), undefined)
  }
})

// The points of small order, and the encodings of their coordinates that are not reduced.
const { Point } = ed25519
const TORSION = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
const SMALL_ORDER = Array.from({ length: 8 }, (_, n) => (n === 0 ? Point.ZERO : TORSION.multiplyUnsafe(BigInt(n))))
const LOW_ORDER_U = [
  '00',
  '01',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
]
  .map((text) => hex(text.padEnd(64, '0')))
  .concat([hex(`ec${'ff'.repeat(30)}7f`), hex(`ed${'ff'.repeat(30)}7f`), hex(`ee${'ff'.repeat(30)}7f`)])

test('both refuse every X25519 point of small order', () => {
  for (const backend of BACKENDS) {
    for (const remote of LOW_ORDER_U)
      throwsCode('all-zero-secret', () => backend.generateAgreementKey().agree(remote), toHex(remote))
  }
})

test('all eight Ed25519 points of small order are refused as keys', () => {
  assert.equal(new Set(SMALL_ORDER.map((point) => point.toHex())).size, 8)
  for (const backend of BACKENDS) {
    for (const point of SMALL_ORDER) throwsCode('bad-key', () => backend.importEd25519Public(point.toBytes()), point.toHex())
  }
})

test('Ed25519 keys are judged as @noble/curves decodes them, small order apart', (t) => {
  const nearTheModulus = fc.nat({ max: 40 }).map((n) => hex(`${(0xd5 + n).toString(16).slice(-2)}${'ff'.repeat(30)}7f`))
  const small = fc.nat({ max: 255 }).map((n) => hex(n.toString(16).padStart(2, '0').padEnd(64, '0')))
  fc.assert(
    fc.property(fc.oneof(bytes(32), nearTheModulus, small), (key) => {
      const expected = outcome(() => String(!Point.fromBytes(key).isSmallOrder())) === 'true'
      assert.equal(
        outcome(() => {
          checkEd25519PublicKey(key)
          return 'fit'
        }) === 'fit',
        expected,
        toHex(key),
      )
    }),
    seeded(t, 400),
  )
})

test('both judge signatures alike where cofactors matter', async () => {
  // a key and a commitment with a part of small order: with the cofactor all 64 hold, without it one in eight
  const secret = 123456789123456789n
  const nonce = 987654321987654321n
  const text = hex('7830')
  let held = 0
  for (const keyTorsion of SMALL_ORDER) {
    const publicKey = Point.BASE.multiply(secret).add(keyTorsion).toBytes()
    for (const commitmentTorsion of SMALL_ORDER) {
      const commitment = Point.BASE.multiply(nonce).add(commitmentTorsion).toBytes()
      const challenge = little(sha512(Buffer.concat([commitment, publicKey, text]))) % Point.Fn.ORDER
      const scalar = (nonce + challenge * secret) % Point.Fn.ORDER
      const signature = Buffer.concat([commitment, Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse()])
      const [native, portable] = await Promise.all(BACKENDS.map((b) => b.importEd25519Public(publicKey).verify(text, signature)))
      assert.equal(portable, native)
      if (native) held++
    }
  }
  assert.ok(held > 0 && held < 64, `${held} of 64 held`)
})

test('both refuse an Ed25519 scalar that is not reduced', async () => {
  const key = NATIVE.generateEd25519()
  const text = hex('7830')
  const signature = Buffer.from(await key.sign(text))
  const scalar = little(signature.subarray(32)) + Point.Fn.ORDER
  const malleable = Buffer.concat([
    signature.subarray(0, 32),
    Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse(),
  ])
  for (const backend of BACKENDS) {
    const verifier = backend.importEd25519Public(key.publicKey)
    assert.equal(await verifier.verify(text, signature), true)
    assert.equal(await verifier.verify(text, malleable), false)
  }
})

test('equalBytes compares lengths and bytes', () => {
  assert.equal(equalBytes(hex('0102'), hex('0102')), true)
  assert.equal(equalBytes(hex('0102'), hex('0103')), false)
  assert.equal(equalBytes(hex('0102'), hex('01')), false)
  assert.equal(equalBytes(hex(''), hex('')), true)
})

/** The bytes with one bit changed; what `empty` says where there is none. */
function flipped(value: Uint8Array, at: number, empty: Uint8Array = value): Uint8Array {
  if (value.length === 0) return empty
  const copy = value.slice()
  const index = (at >> 3) % copy.length
  copy[index] = (copy[index] ?? 0) ^ (1 << (at & 7))
  return copy
}

function outcome(run: () => string): string {
  try {
    return run()
  } catch (error) {
    return error instanceof CryptoError ? error.code : 'refused'
  }
}

function little(value: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(value).reverse().toString('hex')}`)
}
