import type { CryptoBackend } from './backend.ts'
import { nativeAead } from './native-aead.ts'
import { generateNativeAgreementKey, importNativeAgreementKey } from './native-agreement.ts'
import { nativeDigest, nativeHmacSha256 } from './native-digest.ts'
import { generateNativeDecapsulationKey, importNativeDecapsulationKey, nativeEncapsulate } from './native-kem.ts'
import {
  generateNativeEd25519,
  generateNativeMlDsa65,
  importNativeEd25519,
  importNativeEd25519Public,
  importNativeMlDsa65,
  importNativeMlDsa65Public,
} from './native-signatures.ts'
import { aeadBySize, smallRecordCipher } from './native-small-records.ts'

/** Cryptography of node:crypto (OpenSSL 3.5). Not self-tested: a daemon gets it through `cryptoBackend` of select.ts. */
export function nativeBackend(): CryptoBackend {
  const small = smallRecordCipher()
  return {
    name: 'native',
    sha256: (...parts) => nativeDigest('sha256', parts),
    sha512: (...parts) => nativeDigest('sha512', parts),
    hmacSha256: (key, ...parts) => nativeHmacSha256(key, parts),
    aead: (key) => aeadBySize(small, key, nativeAead(key)),
    generateAgreementKey: generateNativeAgreementKey,
    importAgreementKey: importNativeAgreementKey,
    generateDecapsulationKey: generateNativeDecapsulationKey,
    importDecapsulationKey: importNativeDecapsulationKey,
    encapsulate: nativeEncapsulate,
    generateMlDsa65: generateNativeMlDsa65,
    importMlDsa65: importNativeMlDsa65,
    importMlDsa65Public: importNativeMlDsa65Public,
    generateEd25519: generateNativeEd25519,
    importEd25519: importNativeEd25519,
    importEd25519Public: importNativeEd25519Public,
  }
}
