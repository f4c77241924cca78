import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CryptoBackend, SigningKey, VerifyingKey } from '../../src/crypto/backend.ts'
import { CryptoError } from '../../src/crypto/backend.ts'
import { cryptoBackend } from '../../src/crypto/select.ts'
import { selfTest } from '../../src/crypto/self-test.ts'
import { BACKENDS, NATIVE } from './backends.ts'

test('both backends are handed out after their self-test', async () => {
  for (const { name } of BACKENDS) assert.equal((await cryptoBackend(name)).name, name)
})

/** A runtime like Node 24.7.0: contexts are taken and forgotten. */
const ignoresContext: CryptoBackend = {
  ...NATIVE,
  importMlDsa65: (seed) => forgetfulSigner(NATIVE.importMlDsa65(seed)),
  importMlDsa65Public: (key) => forgetfulVerifier(NATIVE.importMlDsa65Public(key)),
}

/** The same, but only while checking: known signatures pass and so do all others of the same message. */
const acceptsAnyContext: CryptoBackend = {
  ...NATIVE,
  importMlDsa65Public(key) {
    const verifier = NATIVE.importMlDsa65Public(key)
    const contexts = [...CONTEXTS, ''].map((text) => new TextEncoder().encode(text))
    const verify: VerifyingKey['verify'] = async (message, signature) =>
      (await Promise.all(contexts.map((context) => verifier.verify(message, signature, context)))).includes(true)
    return { ...verifier, verify }
  },
}
const CONTEXTS = ['x0/self-test/1', 'context']

const broken: readonly (readonly [string, CryptoBackend, RegExp])[] = [
  ['forgets contexts', ignoresContext, /ML-DSA-65 accepts a known signature/],
  ['accepts any context', acceptsAnyContext, /ML-DSA-65 refuses another context/],
  [
    'signs without the context',
    { ...NATIVE, importMlDsa65: (seed) => forgetfulSigner(NATIVE.importMlDsa65(seed)) },
    /signs with its context/,
  ],
  ['has no ML-DSA', { ...NATIVE, importMlDsa65: () => absent() }, /ML-DSA-65 key from a seed/],
  ['hashes wrong', { ...NATIVE, sha256: () => new Uint8Array(32) }, /SHA-256/],
  ['hashes long wrong', { ...NATIVE, sha512: () => new Uint8Array(64) }, /SHA-512/],
  ['authenticates the first part alone', { ...NATIVE, hmacSha256: (key, first = key) => NATIVE.hmacSha256(key, first) }, /HMAC/],
  [
    'encrypts nothing',
    { ...NATIVE, aead: () => ({ seal: (_n, _a, p, out, at) => out.set(p, at), open: (_n, _a, s) => s }) },
    /ChaCha20/,
  ],
  [
    'opens anything',
    { ...NATIVE, aead: (key) => ({ ...NATIVE.aead(key), open: (_n, _a, s) => plaintextOf(key, s) }) },
    /changed byte/,
  ],
  ['takes the zero secret', { ...NATIVE, importAgreementKey: zeroTolerant }, /all-zero/],
  ['agrees wrong', { ...NATIVE, importAgreementKey: () => NATIVE.generateAgreementKey() }, /X25519/],
  [
    'takes any encapsulation key',
    { ...NATIVE, encapsulate: () => NATIVE.encapsulate(NATIVE.generateDecapsulationKey().encapsulationKey) },
    /ML-KEM-768/,
  ],
  ['makes other KEM keys', { ...NATIVE, importDecapsulationKey: () => NATIVE.generateDecapsulationKey() }, /ML-KEM-768 key/],
  ['signs Ed25519 with another key', { ...NATIVE, importEd25519: () => NATIVE.generateEd25519() }, /Ed25519/],
  [
    'verifies anything',
    { ...NATIVE, importEd25519Public: (publicKey) => ({ publicKey, verify: async () => true, verifyNow: () => true }) },
    /Ed25519/,
  ],
]

for (const [what, backend, message] of broken) {
  test(`the self-test refuses a runtime that ${what}`, async () => {
    await assert.rejects(
      selfTest(backend),
      (error) => error instanceof CryptoError && error.code === 'self-test' && message.test(error.message),
    )
  })
}

function forgetfulSigner(key: SigningKey): SigningKey {
  return { ...key, sign: (message) => key.sign(message) }
}

function forgetfulVerifier(key: VerifyingKey): VerifyingKey {
  return {
    ...key,
    verify: (message, signature) => key.verify(message, signature),
    verifyNow: (message, signature) => key.verifyNow(message, signature),
  }
}

function absent(): never {
  throw new TypeError('unsupported key type')
}

function zeroTolerant(secret: Uint8Array): ReturnType<CryptoBackend['importAgreementKey']> {
  const key = NATIVE.importAgreementKey(secret)
  return { ...key, agree: (remote) => (remote.every((byte) => byte === 0) ? new Uint8Array(32) : key.agree(remote)) }
}

/** What a cipher without a tag check gives: the keystream comes out of sealing zeros. */
function plaintextOf(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const nonce = sealed.length === 20 ? new Uint8Array(12) : Buffer.from('070000004041424344454647', 'hex')
  const zeros = new Uint8Array(sealed.length - 16)
  const stream = new Uint8Array(sealed.length)
  NATIVE.aead(key).seal(nonce, new Uint8Array(0), zeros, stream, 0)
  return zeros.map((_, index) => (sealed[index] ?? 0) ^ (stream[index] ?? 0))
}
