import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hkdfExpand, hkdfExtract, noiseHkdf2, noiseHkdf3 } from '../../src/crypto/hkdf.ts'
import { BACKENDS, onBoth, throwsCode } from './backends.ts'
import { hex, publishedGroups, toHex, withoutPublishedVectors } from './published-vectors.ts'

interface XdhGroup {
  tests: { tcId: number; comment: string; flags: string[]; public: string; private: string; shared: string }[]
}

interface AeadGroup {
  tests: {
    tcId: number
    comment: string
    key: string
    iv: string
    aad: string
    msg: string
    ct: string
    tag: string
    result: string
  }[]
}

onBoth(
  'X25519, Wycheproof',
  (backend) => {
    const tests = publishedGroups<XdhGroup>('wycheproof/x25519_test.json').flatMap((group) => group.tests)
    assert.equal(tests.length, 518)
    let refused = 0
    for (const { tcId, comment, flags, public: remote, private: secret, shared } of tests) {
      const key = backend.importAgreementKey(hex(secret))
      const where = `tcId ${tcId} ${comment}`
      if (flags.includes('ZeroSharedSecret')) {
        refused++
        throwsCode('all-zero-secret', () => key.agree(hex(remote)), where)
      } else assert.equal(toHex(key.agree(hex(remote))), shared, where)
    }
    assert.ok(refused > 10, 'the file has public keys of small order')
  },
  withoutPublishedVectors,
)

onBoth(
  'ChaCha20-Poly1305, Wycheproof',
  (backend) => {
    const tests = publishedGroups<AeadGroup>('wycheproof/chacha20_poly1305_test.json').flatMap((group) => group.tests)
    assert.equal(tests.length, 325)
    for (const { tcId, comment, key, iv, aad, msg, ct, tag, result } of tests) {
      const where = `tcId ${tcId} ${comment}`
      const aead = backend.aead(hex(key))
      const out = new Uint8Array(msg.length / 2 + 16)
      if (iv.length !== 24) {
        throwsCode('unsupported', () => aead.seal(hex(iv), hex(aad), hex(msg), out, 0), where)
        throwsCode('unsupported', () => aead.open(hex(iv), hex(aad), hex(ct + tag)), where)
        continue
      }
      const opened = aead.open(hex(iv), hex(aad), hex(ct + tag))
      if (result === 'valid') {
        assert.equal(opened === undefined ? undefined : toHex(opened), msg, where)
        aead.seal(hex(iv), hex(aad), hex(msg), out, 0)
        assert.equal(toHex(out), ct + tag, where)
      } else assert.equal(opened, undefined, where)
    }
  },
  withoutPublishedVectors,
)

// RFC 5869, appendix A.1 to A.3
const RFC_5869 = [
  {
    ikm: '0b'.repeat(22),
    salt: '000102030405060708090a0b0c',
    info: 'f0f1f2f3f4f5f6f7f8f9',
    prk: '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
    okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    ikm: toHex(Uint8Array.from({ length: 80 }, (_, i) => i)),
    salt: toHex(Uint8Array.from({ length: 80 }, (_, i) => 0x60 + i)),
    info: toHex(Uint8Array.from({ length: 80 }, (_, i) => 0xb0 + i)),
    prk: '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244',
    okm: 'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
  {
    ikm: '0b'.repeat(22),
    salt: '',
    info: '',
    prk: '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
    okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
]

onBoth('HKDF-SHA-256, RFC 5869', (backend) => {
  for (const { ikm, salt, info, prk, okm } of RFC_5869) {
    const key = hkdfExtract(backend, hex(salt), hex(ikm))
    assert.equal(toHex(key), prk)
    assert.equal(toHex(hkdfExpand(backend, key, hex(info), okm.length / 2)), okm)
  }
})

onBoth('Noise HKDF is HKDF with an empty info, cut into 32 bytes', (backend) => {
  const chainingKey = hex('11'.repeat(32))
  const inputKey = hex('22'.repeat(32))
  const stream = toHex(hkdfExpand(backend, hkdfExtract(backend, chainingKey, inputKey), new Uint8Array(0), 96))
  assert.equal(noiseHkdf2(backend, chainingKey, inputKey).map(toHex).join(''), stream.slice(0, 128))
  assert.equal(noiseHkdf3(backend, chainingKey, inputKey).map(toHex).join(''), stream)
})

test('HKDF gives no more than 255 blocks', () => {
  for (const backend of BACKENDS) {
    assert.equal(hkdfExpand(backend, new Uint8Array(32), new Uint8Array(0), 8160).length, 8160)
    assert.throws(() => hkdfExpand(backend, new Uint8Array(32), new Uint8Array(0), 8161), RangeError)
  }
})
