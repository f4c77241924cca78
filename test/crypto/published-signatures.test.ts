import assert from 'node:assert/strict'
import { CryptoError } from '../../src/crypto/backend.ts'
import { compositeSign, importCompositePublic } from '../../src/crypto/composite.ts'
import { NATIVE, onBoth, PORTABLE } from './backends.ts'
import { hex, publishedGroups, publishedText, toHex, withoutPublishedVectors } from './published-vectors.ts'

interface AcvpGroup {
  tests: { tcId: number; seed: string; pk: string }[]
}

interface WycheproofGroup {
  publicKey: string
  tests: { tcId: number; comment: string; msg: string; ctx?: string; sig: string; result: 'valid' | 'invalid' }[]
}

interface LampsFile {
  m: string
  ctx: string
  tests: { tcId: string; pk: string; sk: string; s: string; sWithContext: string }[]
}

onBoth(
  'ML-DSA-65 key generation, ACVP',
  (backend) => {
    const tests = publishedGroups<AcvpGroup>('acvp/ML-DSA-keyGen-FIPS204.mldsa65.json').flatMap((group) => group.tests)
    assert.equal(tests.length, 25)
    for (const { tcId, seed, pk } of tests) {
      assert.equal(toHex(backend.importMlDsa65(hex(seed)).publicKey), pk.toLowerCase(), `tcId ${tcId}`)
    }
  },
  withoutPublishedVectors,
)

onBoth(
  'ML-DSA-65 verification, Wycheproof',
  async (backend) => {
    let count = 0
    for (const { publicKey, tests } of publishedGroups<WycheproofGroup>('wycheproof/mldsa_65_verify_test.json')) {
      for (const { tcId, comment, msg, ctx, sig, result } of tests) {
        count++
        const context = ctx === undefined ? undefined : hex(ctx)
        const verdict = await verdictOf(async () =>
          backend.importMlDsa65Public(hex(publicKey)).verify(hex(msg), hex(sig), context),
        )
        assert.equal(verdict, result === 'valid', `tcId ${tcId} ${comment}`)
      }
    }
    assert.equal(count, 210)
  },
  withoutPublishedVectors,
)

onBoth(
  'composite signatures of the LAMPS draft',
  async (backend) => {
    const file: LampsFile = JSON.parse(publishedText('composite/lamps-composite-mldsa65-ed25519-sha512.json'))
    const message = base64(file.m)
    const context = base64(file.ctx)
    const none = new Uint8Array(0)
    const plain = file.tests.find((entry) => entry.tcId === 'id-ML-DSA-65') ?? assert.fail('no ML-DSA-65 entry')
    const lattice = backend.importMlDsa65Public(base64(plain.pk))
    assert.equal(await lattice.verify(message, base64(plain.s)), true)
    assert.equal(await lattice.verify(message, base64(plain.sWithContext), context), true)
    assert.equal(await lattice.verify(message, base64(plain.sWithContext)), false)
    assert.equal(toHex(backend.importMlDsa65(base64(plain.sk)).publicKey), toHex(base64(plain.pk)))

    const both = file.tests.find((entry) => entry.tcId === 'id-MLDSA65-Ed25519-SHA512') ?? assert.fail('no composite entry')
    const verifier = importCompositePublic(backend, base64(both.pk))
    assert.equal(await verifier.verify(message, base64(both.s), none), true)
    assert.equal(await verifier.verify(message, base64(both.sWithContext), context), true)
    assert.equal(await verifier.verify(message, base64(both.s), context), false)
    assert.equal(await verifier.verify(message, base64(both.sWithContext), none), false)

    const seeds = base64(both.sk)
    const keys = { mldsa: backend.importMlDsa65(seeds.subarray(0, 32)), ed25519: backend.importEd25519(seeds.subarray(32)) }
    const ours = await compositeSign(backend, keys, message, context)
    // Ed25519 repeats itself, so our half must be theirs byte for byte
    assert.equal(toHex(ours.subarray(3309)), toHex(base64(both.sWithContext).subarray(3309)))
    for (const other of [NATIVE, PORTABLE]) {
      assert.equal(await importCompositePublic(other, base64(both.pk)).verify(message, ours, context), true, other.name)
    }
  },
  withoutPublishedVectors,
)

/** A key that is refused at import counts as a signature that does not hold. */
async function verdictOf(run: () => Promise<boolean>): Promise<boolean> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'bad-key') return false
    throw error
  }
}

function base64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'))
}
