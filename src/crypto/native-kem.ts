import { createPrivateKey, createPublicKey, decapsulate, encapsulate, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { DecapsulationKey, Encapsulation } from './backend.ts'
import { CryptoError } from './backend.ts'
import { checkEncapsulationKey } from './kem-modulus.ts'
import { expectLength, KEM_CIPHERTEXT_BYTES, KEM_SEED_BYTES } from './lengths.ts'
import { plainBytes } from './native-bytes.ts'

const ALGORITHM = 'ml-kem-768'

export function generateNativeDecapsulationKey(): DecapsulationKey {
  return decapsulationKey(generateKeyPairSync(ALGORITHM).privateKey)
}

/** From d || z of FIPS 203. @throws CryptoError `bad-key` unless `seed` is 64 bytes */
export function importNativeDecapsulationKey(seed: Uint8Array): DecapsulationKey {
  expectLength(seed, KEM_SEED_BYTES, 'bad-key', 'ML-KEM-768 seed')
  return decapsulationKey(createPrivateKey({ key: Buffer.from(seed), format: 'raw-seed', asymmetricKeyType: ALGORITHM }))
}

/** @throws CryptoError `bad-key` */
export function nativeEncapsulate(encapsulationKey: Uint8Array): Encapsulation {
  checkEncapsulationKey(encapsulationKey)
  const { ciphertext, sharedKey } = encapsulate(importEncapsulationKey(encapsulationKey))
  return { ciphertext: plainBytes(ciphertext), sharedSecret: plainBytes(sharedKey) }
}

function importEncapsulationKey(encapsulationKey: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(encapsulationKey), format: 'raw-public', asymmetricKeyType: ALGORITHM })
  } catch (error) {
    throw new CryptoError('bad-key', 'OpenSSL refuses the ML-KEM-768 encapsulation key', { cause: error })
  }
}

function decapsulationKey(privateKey: KeyObject): DecapsulationKey {
  return {
    encapsulationKey: plainBytes(createPublicKey(privateKey).export({ format: 'raw-public' })),
    decapsulate(ciphertext) {
      expectLength(ciphertext, KEM_CIPHERTEXT_BYTES, 'bad-ciphertext', 'ML-KEM-768 ciphertext')
      return plainBytes(decapsulate(privateKey, ciphertext))
    },
  }
}
