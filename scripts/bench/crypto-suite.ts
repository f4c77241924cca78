import type { CryptoBackend } from '../../src/crypto/backend.ts'
import { compositePublicKey, compositeSign, importCompositePublic } from '../../src/crypto/composite.ts'
import { cryptoBackend } from '../../src/crypto/select.ts'
import type { CryptoMeasure } from './document.ts'
import { median, pairedRatios, spread } from './statistics.ts'

interface Operation {
  readonly name: string
  /** Bytes that one operation works on, where MB/s say more than operations a second. */
  readonly bytes?: number
  run(): unknown
}

type BackendName = CryptoBackend['name']

/** An operation runs for at least this long a sample: thousands of the cheap ones, some of the dear ones. */
const SAMPLE_MS = 100
const QUICK_SAMPLE_MS = 10
const AEAD_SIZES = [64, 1024, 64 * 1024] as const
const TRANSCRIPT = new Uint8Array(128).fill(7)
const CONTEXT = new TextEncoder().encode('x0/bench/1')

/** Each operation on both backends, which take turns round by round; in one thread, one operation after another. */
export async function measureCrypto(rounds: number, quick: boolean, progress: (text: string) => void): Promise<CryptoMeasure[]> {
  const native = await operations(await cryptoBackend('native'))
  const portable = await operations(await cryptoBackend('portable'))
  const measures: CryptoMeasure[] = []
  for (const [index, operation] of native.entries()) {
    const other = portable[index]
    if (other === undefined) throw new Error(`the portable backend has no ${operation.name}`)
    const rates: Record<BackendName, number[]> = { native: [], portable: [] }
    const ms = quick ? QUICK_SAMPLE_MS : SAMPLE_MS
    // the first round warms up
    for (let round = 0; round <= rounds; round += 1) {
      progress(`crypto ${operation.name} round ${round}/${rounds}`)
      const pair = { native: await rate(operation, ms), portable: await rate(other, ms) }
      if (round === 0) continue
      rates.native.push(pair.native)
      rates.portable.push(pair.portable)
    }
    const perSecond = (name: BackendName): number | null =>
      operation.bytes === undefined ? null : (median(rates[name]) * operation.bytes) / 1e6
    measures.push({
      operation: operation.name,
      native: spread(rates.native),
      portable: spread(rates.portable),
      nativeMBs: perSecond('native'),
      portableMBs: perSecond('portable'),
      ratio: spread(pairedRatios(rates.native, rates.portable)),
    })
  }
  return measures
}

/** Operations a second. Results that are promises are awaited, so a pooled operation counts with its way there and back. */
async function rate(operation: Operation, forMs: number): Promise<number> {
  const startedAt = performance.now()
  let done = 0
  let elapsed = 0
  do {
    const result = operation.run()
    if (result instanceof Promise) await result
    done += 1
    elapsed = performance.now() - startedAt
  } while (elapsed < forMs)
  return (done * 1000) / elapsed
}

async function operations(backend: CryptoBackend): Promise<Operation[]> {
  const kem = backend.generateDecapsulationKey()
  const { ciphertext } = backend.encapsulate(kem.encapsulationKey)
  const mldsa = backend.generateMlDsa65()
  const mldsaPublic = backend.importMlDsa65Public(mldsa.publicKey)
  const mldsaSignature = await mldsa.sign(TRANSCRIPT)
  const ed25519 = backend.generateEd25519()
  const ed25519Public = backend.importEd25519Public(ed25519.publicKey)
  const ed25519Signature = await ed25519.sign(TRANSCRIPT)
  const agreement = backend.generateAgreementKey()
  const remote = backend.generateAgreementKey().publicKey
  const composite = { mldsa, ed25519 }
  const compositeSignature = await compositeSign(backend, composite, TRANSCRIPT, CONTEXT)
  const publicKey = compositePublicKey({ mldsa65: mldsa.publicKey, ed25519: ed25519.publicKey })
  const verifier = importCompositePublic(backend, publicKey)
  return [
    { name: 'ML-KEM-768 key generation', run: () => backend.generateDecapsulationKey() },
    { name: 'ML-KEM-768 encapsulation, key check and import included', run: () => backend.encapsulate(kem.encapsulationKey) },
    { name: 'ML-KEM-768 decapsulation', run: () => kem.decapsulate(ciphertext) },
    { name: 'ML-DSA-65 sign', run: () => mldsa.sign(TRANSCRIPT) },
    { name: 'ML-DSA-65 verify', run: () => mldsaPublic.verify(TRANSCRIPT, mldsaSignature) },
    { name: 'X25519 key generation', run: () => backend.generateAgreementKey() },
    { name: 'X25519 agreement, import of the other key included', run: () => agreement.agree(remote) },
    { name: 'Ed25519 sign', run: () => ed25519.sign(TRANSCRIPT) },
    { name: 'Ed25519 verify', run: () => ed25519Public.verify(TRANSCRIPT, ed25519Signature) },
    { name: 'composite sign', run: () => compositeSign(backend, composite, TRANSCRIPT, CONTEXT) },
    { name: 'composite verify', run: () => verifier.verify(TRANSCRIPT, compositeSignature, CONTEXT) },
    {
      name: 'composite verify, import of the key included',
      run: () => importCompositePublic(backend, publicKey).verify(TRANSCRIPT, compositeSignature, CONTEXT),
    },
    ...AEAD_SIZES.flatMap((bytes) => aeadOperations(backend, bytes)),
  ]
}

function aeadOperations(backend: CryptoBackend, bytes: number): Operation[] {
  const aead = backend.aead(new Uint8Array(32).fill(9))
  const nonce = new Uint8Array(12)
  const none = new Uint8Array(0)
  const plaintext = new Uint8Array(bytes)
  const sealed = new Uint8Array(bytes + 16)
  aead.seal(nonce, none, plaintext, sealed, 0)
  const out = new Uint8Array(bytes + 16)
  return [
    { name: `ChaCha20-Poly1305 seal ${bytes} B`, bytes, run: () => aead.seal(nonce, none, plaintext, out, 0) },
    { name: `ChaCha20-Poly1305 open ${bytes} B`, bytes, run: () => aead.open(nonce, none, sealed) },
  ]
}
