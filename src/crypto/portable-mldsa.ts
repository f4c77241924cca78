import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js'
import type { Random } from '../platform/random.ts'
import type { SigningKey, VerifyingKey } from './backend.ts'
import {
  expectContext,
  expectLength,
  MAX_CONTEXT_BYTES,
  MLDSA65_PUBLIC_KEY_BYTES,
  MLDSA65_SIGNATURE_BYTES,
  SIGNING_SEED_BYTES,
} from './lengths.ts'

const NO_CONTEXT = new Uint8Array(0)
/** rnd of FIPS 204 algorithm 2: what makes a signature hedged. */
const HEDGE_BYTES = 32

/** @throws CryptoError `bad-key` unless `seed` is 32 bytes */
export function importPortableMlDsa65(seed: Uint8Array, random: Random): SigningKey {
  expectLength(seed, SIGNING_SEED_BYTES, 'bad-key', 'ml-dsa-65 seed')
  const own = Uint8Array.from(seed)
  const { publicKey, secretKey } = ml_dsa65.keygen(own)
  const signNow = (message: Uint8Array, context: Uint8Array = NO_CONTEXT): Uint8Array => {
    expectContext(context)
    return ml_dsa65.sign(message, secretKey, { context, extraEntropy: random.bytes(HEDGE_BYTES) })
  }
  return { publicKey, exportSeed: () => own.slice(), sign: async (...args) => signNow(...args), signNow }
}

/** @throws CryptoError `bad-key` unless `publicKey` is 1,952 bytes */
export function importPortableMlDsa65Public(publicKey: Uint8Array): VerifyingKey {
  expectLength(publicKey, MLDSA65_PUBLIC_KEY_BYTES, 'bad-key', 'ML-DSA-65 public key')
  const own = Uint8Array.from(publicKey)
  const verifyNow: VerifyingKey['verifyNow'] = (message, signature, context = NO_CONTEXT) =>
    signature.length === MLDSA65_SIGNATURE_BYTES &&
    context.length <= MAX_CONTEXT_BYTES &&
    ml_dsa65.verify(signature, message, own, { context })
  return { publicKey: own, verify: async (...args) => verifyNow(...args), verifyNow }
}
