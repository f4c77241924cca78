import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { DecapsulationKey, Encapsulation } from './backend.ts'
import { checkEncapsulationKey } from './kem-modulus.ts'
import { expectLength, KEM_CIPHERTEXT_BYTES, KEM_SEED_BYTES } from './lengths.ts'

/** The message m of FIPS 203 algorithm 20, from which ciphertext and secret follow. */
export const KEM_COINS_BYTES = 32

/** From d || z of FIPS 203. @throws CryptoError `bad-key` unless `seed` is 64 bytes */
export function importPortableDecapsulationKey(seed: Uint8Array): DecapsulationKey {
  expectLength(seed, KEM_SEED_BYTES, 'bad-key', 'ML-KEM-768 seed')
  const { publicKey, secretKey } = ml_kem768.keygen(Uint8Array.from(seed))
  return {
    encapsulationKey: publicKey,
    decapsulate(ciphertext) {
      expectLength(ciphertext, KEM_CIPHERTEXT_BYTES, 'bad-ciphertext', 'ML-KEM-768 ciphertext')
      return ml_kem768.decapsulate(ciphertext, secretKey)
    },
  }
}

/**
 * Encapsulation that repeats itself (FIPS 203 algorithm 17), for vectors and tests. `coins` are 32 bytes; whoever knows
 * them knows the secret, so a live handshake must draw them fresh and tell nobody.
 * @throws CryptoError `bad-key`
 */
export function encapsulateWithCoins(encapsulationKey: Uint8Array, coins: Uint8Array): Encapsulation {
  checkEncapsulationKey(encapsulationKey)
  expectLength(coins, KEM_COINS_BYTES, 'bad-key', 'encapsulation coins')
  const { cipherText, sharedSecret } = ml_kem768.encapsulate(encapsulationKey, coins)
  return { ciphertext: cipherText, sharedSecret }
}
