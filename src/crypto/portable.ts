import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import type { Random } from '../platform/random.ts'
import { systemRandom } from '../platform/random.ts'
import type { CryptoBackend } from './backend.ts'
import { KEM_SEED_BYTES, SIGNING_SEED_BYTES, X25519_BYTES } from './lengths.ts'
import { portableAead } from './portable-aead.ts'
import { importPortableAgreementKey } from './portable-agreement.ts'
import { importPortableEd25519, importPortableEd25519Public } from './portable-ed25519.ts'
import { encapsulateWithCoins, importPortableDecapsulationKey, KEM_COINS_BYTES } from './portable-kem.ts'
import { importPortableMlDsa65, importPortableMlDsa65Public } from './portable-mldsa.ts'

/**
 * Cryptography of the @noble packages, in JavaScript alone: slower (docs: `npm run bench`), and its secrets stay in
 * ordinary memory, but it needs nothing of the runtime. A daemon gets it through `cryptoBackend` of select.ts.
 */
export function portableBackend(random: Random = systemRandom): CryptoBackend {
  return {
    name: 'portable',
    sha256: (...parts) => digest(sha256.create(), parts),
    sha512: (...parts) => digest(sha512.create(), parts),
    hmacSha256: (key, ...parts) => digest(hmac.create(sha256, key), parts),
    aead: portableAead,
    generateAgreementKey: () => importPortableAgreementKey(random.bytes(X25519_BYTES)),
    importAgreementKey: importPortableAgreementKey,
    generateDecapsulationKey: () => importPortableDecapsulationKey(random.bytes(KEM_SEED_BYTES)),
    importDecapsulationKey: importPortableDecapsulationKey,
    encapsulate: (encapsulationKey) => encapsulateWithCoins(encapsulationKey, random.bytes(KEM_COINS_BYTES)),
    generateMlDsa65: () => importPortableMlDsa65(random.bytes(SIGNING_SEED_BYTES), random),
    importMlDsa65: (seed) => importPortableMlDsa65(seed, random),
    importMlDsa65Public: importPortableMlDsa65Public,
    generateEd25519: () => importPortableEd25519(random.bytes(SIGNING_SEED_BYTES)),
    importEd25519: importPortableEd25519,
    importEd25519Public: importPortableEd25519Public,
  }
}

interface RunningDigest {
  update(part: Uint8Array): unknown
  digest(): Uint8Array
}

function digest(running: RunningDigest, parts: readonly Uint8Array[]): Uint8Array {
  for (const part of parts) running.update(part)
  return running.digest()
}
