import assert from 'node:assert/strict'
import { createPrivateKey, decapsulate } from 'node:crypto'
import { test } from 'node:test'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { CryptoError } from '../../src/crypto/backend.ts'
import { encapsulateWithCoins } from '../../src/crypto/portable-kem.ts'
import { NATIVE, onBoth, throwsCode } from './backends.ts'
import { hex, publishedFields, publishedGroups, publishedText, toHex, withoutPublishedVectors } from './published-vectors.ts'

interface AcvpGroup {
  tests: { tcId: number; d: string; z: string; ek: string }[]
}

interface WycheproofGroup {
  tests: { tcId: number; comment?: string; seed: string; ek?: string; c: string; K: string; result: 'valid' | 'invalid' }[]
}

onBoth(
  'ML-KEM-768 key generation, ACVP',
  (backend) => {
    const tests = publishedGroups<AcvpGroup>('acvp/ML-KEM-keyGen-FIPS203.mlkem768.json').flatMap((group) => group.tests)
    assert.equal(tests.length, 25)
    for (const { tcId, d, z, ek } of tests) {
      const key = backend.importDecapsulationKey(hex(d + z))
      assert.equal(toHex(key.encapsulationKey), ek.toLowerCase(), `tcId ${tcId}`)
    }
  },
  withoutPublishedVectors,
)

onBoth(
  'ML-KEM-768 decapsulation, Wycheproof',
  (backend) => {
    const tests = publishedGroups<WycheproofGroup>('wycheproof/mlkem_768_test.json').flatMap((group) => group.tests)
    assert.equal(tests.length, 193)
    for (const { tcId, comment, seed, ek, c, K, result } of tests) {
      const where = `tcId ${tcId} ${comment ?? ''}`
      const run = (): Uint8Array => {
        const key = backend.importDecapsulationKey(hex(seed))
        if (ek !== undefined) assert.equal(toHex(key.encapsulationKey), ek, where)
        return key.decapsulate(hex(c))
      }
      if (result === 'valid') assert.equal(toHex(run()), K, where)
      else
        assert.throws(run, (error) => error instanceof CryptoError && ['bad-key', 'bad-ciphertext'].includes(error.code), where)
    }
  },
  withoutPublishedVectors,
)

onBoth(
  'ML-KEM-768 refuses every unreduced coefficient, CCTV modulus',
  (backend) => {
    const keys = publishedText('cctv/ML-KEM_modulus_ML-KEM-768.txt.gz').trim().split('\n')
    assert.equal(keys.length, 780)
    for (const [index, key] of keys.entries()) throwsCode('bad-key', () => backend.encapsulate(hex(key)), `line ${index + 1}`)
  },
  withoutPublishedVectors,
)

onBoth(
  'ML-KEM-768 samples an unlucky matrix, CCTV unluckysample',
  (backend) => {
    const v = publishedFields('cctv/ML-KEM_unluckysample_ML-KEM-768.txt')
    const field = (name: string): Uint8Array => v.get(name) ?? assert.fail(`no ${name} in the file`)
    // The file's key comes out of the draft of FIPS 203, whose G(d) lacks the byte k, so its seed makes another key today.
    // The key itself is a valid one, and its matrix is what the vector is about.
    const repeated = encapsulateWithCoins(field('ek'), field('m'))
    assert.equal(toHex(repeated.ciphertext), toHex(field('c')))
    assert.equal(toHex(repeated.sharedSecret), toHex(field('K')))
    for (const open of [ml_kem768.decapsulate, nativeDecapsulate])
      assert.equal(toHex(open(field('c'), field('dk'))), toHex(field('K')))
    const fresh = backend.encapsulate(field('ek'))
    for (const open of [ml_kem768.decapsulate, nativeDecapsulate]) {
      assert.equal(toHex(open(fresh.ciphertext, field('dk'))), toHex(fresh.sharedSecret))
    }
  },
  withoutPublishedVectors,
)

test('ML-KEM-768 compares ciphertexts whole, CCTV strcmp', { skip: withoutPublishedVectors }, () => {
  // The file has an expanded key, which our interface does not take (it takes seeds): ask what stands beneath both backends.
  // The same weakness from a seed is in Wycheproof's file above, on both.
  const v = publishedFields('cctv/ML-KEM_strcmp_ML-KEM-768.txt')
  const field = (name: string): Uint8Array => v.get(name) ?? assert.fail(`no ${name} in the file`)
  assert.equal(toHex(ml_kem768.decapsulate(field('c'), field('dk'))), toHex(field('K')))
  assert.equal(toHex(nativeDecapsulate(field('c'), field('dk'))), toHex(field('K')))
})

test('the native backend refuses what only the modulus check can tell', { skip: withoutPublishedVectors }, () => {
  const [first = ''] = publishedText('cctv/ML-KEM_modulus_ML-KEM-768.txt.gz').split('\n')
  assert.throws(() => NATIVE.encapsulate(hex(first)), /not below 3329/)
})

function nativeDecapsulate(ciphertext: Uint8Array, expandedKey: Uint8Array): Uint8Array {
  return decapsulate(createPrivateKey({ key: pkcs8OfExpandedKey(expandedKey), format: 'der', type: 'pkcs8' }), ciphertext)
}

/** RFC 9935: the expandedKey choice of ML-KEM-768-PrivateKey. */
function pkcs8OfExpandedKey(dk: Uint8Array): Buffer {
  const expanded = Buffer.concat([hex('04820960'), dk])
  const body = Buffer.concat([hex('020100300b0609608648016503040402'), hex('04820964'), expanded])
  return Buffer.concat([hex(`3082${body.length.toString(16).padStart(4, '0')}`), body])
}
