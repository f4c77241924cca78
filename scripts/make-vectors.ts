/*
 * Writes our own vectors: node bin/node scripts/make-vectors.ts [FOLDER]. See test/vectors/README.md.
 * Everything is made by the native backend from counting seeds; the tests check it on both. Hedged signatures differ from
 * run to run, so running this anew changes the files; the old ones stay valid.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CryptoBackend } from '../src/crypto/backend.ts'
import { compositePublicKey, compositeSign } from '../src/crypto/composite.ts'
import { hkdfExpand, noiseHkdf2, noiseHkdf3 } from '../src/crypto/hkdf.ts'
import { nativeBackend } from '../src/crypto/native.ts'
import { encapsulateWithCoins } from '../src/crypto/portable-kem.ts'
import { nodeIdentityFromSeeds } from '../src/identity/node-identity.ts'
import { encodeSuccessor, signSuccessor } from '../src/identity/rotation.ts'
import { formatX0Id } from '../src/identity/x0-id.ts'

const CASES = 4

/** `length` bytes that count up from `start`. */
function counting(length: number, start: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (start + index) & 0xff)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

async function cryptoVectors(backend: CryptoBackend, n: number): Promise<Record<string, unknown>> {
  const seed32 = counting(32, 16 * n)
  const message = counting(n * 50, n)
  const context = counting(n, 100)

  const sealed = new Uint8Array(message.length + 16)
  backend.aead(seed32).seal(counting(12, n), context, message, sealed, 0)
  const local = backend.importAgreementKey(seed32)
  const remote = backend.importAgreementKey(counting(32, 16 * n + 1))
  const kem = backend.importDecapsulationKey(counting(64, n))
  const coins = counting(32, n + 7)
  const encapsulated = encapsulateWithCoins(kem.encapsulationKey, coins)
  const mldsa = backend.importMlDsa65(seed32)
  const ed25519 = backend.importEd25519(counting(32, 16 * n + 2))
  return {
    aead: { key: hex(seed32), nonce: hex(counting(12, n)), ad: hex(context), plaintext: hex(message), sealed: hex(sealed) },
    hash: {
      message: hex(message),
      sha256: hex(backend.sha256(message)),
      sha512: hex(backend.sha512(message)),
      hmacKey: hex(context),
      hmacSha256: hex(backend.hmacSha256(context, message)),
    },
    hkdf: {
      key: hex(seed32),
      input: hex(message),
      expanded: hex(hkdfExpand(backend, seed32, message, 70)),
      noise2: noiseHkdf2(backend, seed32, message).map(hex),
      noise3: noiseHkdf3(backend, seed32, message).map(hex),
    },
    x25519: {
      secret: hex(seed32),
      publicKey: hex(local.publicKey),
      remote: hex(remote.publicKey),
      shared: hex(local.agree(remote.publicKey)),
    },
    mlkem768: {
      seed: hex(counting(64, n)),
      encapsulationKey: hex(kem.encapsulationKey),
      coins: hex(coins),
      ciphertext: hex(encapsulated.ciphertext),
      sharedSecret: hex(kem.decapsulate(encapsulated.ciphertext)),
      forged: hex(counting(1088, n)),
      rejectionSecret: hex(kem.decapsulate(counting(1088, n))),
    },
    mldsa65: {
      seed: hex(mldsa.exportSeed()),
      publicKey: hex(mldsa.publicKey),
      message: hex(message),
      context: hex(context),
      signature: hex(await mldsa.sign(message, context)),
    },
    ed25519: {
      seed: hex(ed25519.exportSeed()),
      publicKey: hex(ed25519.publicKey),
      message: hex(message),
      signature: hex(await ed25519.sign(message)),
    },
    composite: {
      mldsa65Seed: hex(mldsa.exportSeed()),
      ed25519Seed: hex(ed25519.exportSeed()),
      publicKey: hex(compositePublicKey({ mldsa65: mldsa.publicKey, ed25519: ed25519.publicKey })),
      message: hex(message),
      context: hex(context),
      signature: hex(await compositeSign(backend, { mldsa, ed25519 }, message, context)),
    },
  }
}

async function identityVectors(backend: CryptoBackend, n: number): Promise<Record<string, unknown>> {
  const seeds = { ed25519: counting(32, 32 * n), mldsa65: counting(32, 32 * n + 1) }
  const successorSeeds = { ed25519: counting(32, 32 * n + 2), mldsa65: counting(32, 32 * n + 3) }
  const identity = await nodeIdentityFromSeeds(backend, seeds)
  const successor = await nodeIdentityFromSeeds(backend, successorSeeds)
  return {
    seeds: { ed25519: hex(seeds.ed25519), mldsa65: hex(seeds.mldsa65) },
    ed25519: hex(identity.ed25519),
    mldsa65: hex(identity.mldsa65),
    x0Id: hex(identity.x0Id),
    x0IdText: formatX0Id(identity.x0Id),
    peerId: identity.peerId,
    successor: {
      seeds: { ed25519: hex(successorSeeds.ed25519), mldsa65: hex(successorSeeds.mldsa65) },
      x0IdText: formatX0Id(successor.x0Id),
      sequence: n + 1,
      statement: hex(encodeSuccessor(await signSuccessor(identity, successor, n + 1))),
    },
  }
}

async function write(folder: string, name: string, schema: string, cases: readonly Record<string, unknown>[]): Promise<void> {
  await writeFile(join(folder, name), `${JSON.stringify({ schema, cases }, null, 2)}\n`)
}

const folder = process.argv[2] ?? fileURLToPath(new URL('../test/vectors', import.meta.url))
const backend = nativeBackend()
const numbers = Array.from({ length: CASES }, (_, n) => n)
await mkdir(folder, { recursive: true })
await write(folder, 'crypto.json', 'x0.vectors.crypto/v1', await Promise.all(numbers.map((n) => cryptoVectors(backend, n))))
await write(folder, 'identity.json', 'x0.vectors.identity/v1', await Promise.all(numbers.map((n) => identityVectors(backend, n))))
