import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { importCompositePublic } from '../../src/crypto/composite.ts'
import { hkdfExpand, noiseHkdf2, noiseHkdf3 } from '../../src/crypto/hkdf.ts'
import { encapsulateWithCoins } from '../../src/crypto/portable-kem.ts'
import { onBoth } from './backends.ts'
import { hex, toHex } from './published-vectors.ts'

interface Case {
  aead: { key: string; nonce: string; ad: string; plaintext: string; sealed: string }
  hash: { message: string; sha256: string; sha512: string; hmacKey: string; hmacSha256: string }
  hkdf: { key: string; input: string; expanded: string; noise2: string[]; noise3: string[] }
  x25519: { secret: string; publicKey: string; remote: string; shared: string }
  mlkem768: {
    seed: string
    encapsulationKey: string
    coins: string
    ciphertext: string
    sharedSecret: string
    forged: string
    rejectionSecret: string
  }
  mldsa65: { seed: string; publicKey: string; message: string; context: string; signature: string }
  ed25519: { seed: string; publicKey: string; message: string; signature: string }
  composite: { mldsa65Seed: string; ed25519Seed: string; publicKey: string; message: string; context: string; signature: string }
}

const file: { schema: string; cases: Case[] } = JSON.parse(
  readFileSync(new URL('../vectors/crypto.json', import.meta.url), 'utf8'),
)

onBoth('own vectors: hashes, HKDF and records', (backend) => {
  assert.equal(file.schema, 'x0.vectors.crypto/v1')
  assert.equal(file.cases.length, 4)
  for (const { hash, hkdf, aead } of file.cases) {
    assert.equal(toHex(backend.sha256(hex(hash.message))), hash.sha256)
    assert.equal(toHex(backend.sha512(hex(hash.message))), hash.sha512)
    assert.equal(toHex(backend.hmacSha256(hex(hash.hmacKey), hex(hash.message))), hash.hmacSha256)
    assert.equal(toHex(hkdfExpand(backend, hex(hkdf.key), hex(hkdf.input), 70)), hkdf.expanded)
    assert.deepEqual(noiseHkdf2(backend, hex(hkdf.key), hex(hkdf.input)).map(toHex), hkdf.noise2)
    assert.deepEqual(noiseHkdf3(backend, hex(hkdf.key), hex(hkdf.input)).map(toHex), hkdf.noise3)
    const out = new Uint8Array(aead.sealed.length / 2)
    backend.aead(hex(aead.key)).seal(hex(aead.nonce), hex(aead.ad), hex(aead.plaintext), out, 0)
    assert.equal(toHex(out), aead.sealed)
    const opened = backend.aead(hex(aead.key)).open(hex(aead.nonce), hex(aead.ad), hex(aead.sealed))
    assert.deepEqual(opened, hex(aead.plaintext))
  }
})

onBoth('own vectors: X25519 and ML-KEM-768', (backend) => {
  for (const { x25519, mlkem768 } of file.cases) {
    const agreement = backend.importAgreementKey(hex(x25519.secret))
    assert.equal(toHex(agreement.publicKey), x25519.publicKey)
    assert.equal(toHex(agreement.agree(hex(x25519.remote))), x25519.shared)
    const kem = backend.importDecapsulationKey(hex(mlkem768.seed))
    assert.equal(toHex(kem.encapsulationKey), mlkem768.encapsulationKey)
    assert.equal(toHex(kem.decapsulate(hex(mlkem768.ciphertext))), mlkem768.sharedSecret)
    assert.equal(toHex(kem.decapsulate(hex(mlkem768.forged))), mlkem768.rejectionSecret)
    assert.equal(toHex(encapsulateWithCoins(kem.encapsulationKey, hex(mlkem768.coins)).ciphertext), mlkem768.ciphertext)
  }
})

onBoth('own vectors: signatures', async (backend) => {
  for (const { mldsa65, ed25519, composite } of file.cases) {
    assert.equal(toHex(backend.importMlDsa65(hex(mldsa65.seed)).publicKey), mldsa65.publicKey)
    const lattice = backend.importMlDsa65Public(hex(mldsa65.publicKey))
    assert.equal(await lattice.verify(hex(mldsa65.message), hex(mldsa65.signature), hex(mldsa65.context)), true)
    const curve = backend.importEd25519(hex(ed25519.seed))
    assert.equal(toHex(curve.publicKey), ed25519.publicKey)
    assert.equal(toHex(await curve.sign(hex(ed25519.message))), ed25519.signature)
    const both = importCompositePublic(backend, hex(composite.publicKey))
    assert.equal(await both.verify(hex(composite.message), hex(composite.signature), hex(composite.context)), true)
    assert.equal(await both.verify(hex(`${composite.message}00`), hex(composite.signature), hex(composite.context)), false)
    const halves = [backend.importMlDsa65(hex(composite.mldsa65Seed)), backend.importEd25519(hex(composite.ed25519Seed))]
    assert.equal(halves.map((key) => toHex(key.publicKey)).join(''), composite.publicKey)
  }
})
