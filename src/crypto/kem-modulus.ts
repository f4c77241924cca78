import { CryptoError } from './backend.ts'
import { ENCAPSULATION_KEY_BYTES, expectLength } from './lengths.ts'

/** The modulus q of ML-KEM (FIPS 203, section 2.3). */
const Q = 3329
/** Three polynomials of 256 coefficients, 12 bits each; the last 32 bytes are the seed of the matrix. */
const POLYNOMIAL_BYTES = 3 * 384

/**
 * The encapsulation key check of FIPS 203 section 7.2: the length, and every coefficient below q. A key that fails could
 * be chosen so that the secret depends on how an implementation reduces it, so both backends ask this before anything else.
 * @throws CryptoError `bad-key`
 */
export function checkEncapsulationKey(encapsulationKey: Uint8Array): void {
  expectLength(encapsulationKey, ENCAPSULATION_KEY_BYTES, 'bad-key', 'ML-KEM-768 encapsulation key')
  for (let i = 0; i < POLYNOMIAL_BYTES; i += 3) {
    const low = encapsulationKey[i] ?? 0
    const middle = encapsulationKey[i + 1] ?? 0
    const high = encapsulationKey[i + 2] ?? 0
    if ((low | ((middle & 0x0f) << 8)) >= Q || ((middle >> 4) | (high << 4)) >= Q) {
      throw new CryptoError('bad-key', 'ML-KEM-768 encapsulation key has a coefficient that is not below 3329')
    }
  }
}
