import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import type { SigningKey, VerifyingKey } from './backend.ts'
import { equalBytes } from './constant-time.ts'
import { checkEd25519PublicKey } from './ed25519-point.ts'
import { ED25519_SIGNATURE_BYTES, expectLength, expectNoContext, SIGNING_SEED_BYTES } from './lengths.ts'

const NO_CONTEXT = new Uint8Array(0)
const { Point } = ed25519
const ORDER = Point.Fn.ORDER

/** @throws CryptoError `bad-key` unless `seed` is 32 bytes */
export function importPortableEd25519(seed: Uint8Array): SigningKey {
  expectLength(seed, SIGNING_SEED_BYTES, 'bad-key', 'ed25519 seed')
  const own = Uint8Array.from(seed)
  const signNow = (message: Uint8Array, context: Uint8Array = NO_CONTEXT): Uint8Array => {
    expectNoContext(context)
    return ed25519.sign(message, own)
  }
  return {
    publicKey: ed25519.getPublicKey(own),
    exportSeed: () => own.slice(),
    sign: async (...args) => signNow(...args),
    signNow,
  }
}

/** @throws CryptoError `bad-key` unless `publicKey` is 32 bytes that name a point of full order */
export function importPortableEd25519Public(publicKey: Uint8Array): VerifyingKey {
  checkEd25519PublicKey(publicKey)
  const own = Uint8Array.from(publicKey)
  const negative = Point.fromBytes(own).negate()
  const verifyNow: VerifyingKey['verifyNow'] = (message, signature, context = NO_CONTEXT) => {
    if (signature.length !== ED25519_SIGNATURE_BYTES || context.length !== 0) return false
    const commitment = signature.subarray(0, 32)
    const scalar = littleEndian(signature.subarray(32))
    if (scalar >= ORDER) return false
    // The equation without cofactor of RFC 8032 section 5.1.7, R compared as bytes, because OpenSSL does it so. The
    // library's own verify multiplies by 8: keys and commitments with a torsion part would then be judged otherwise
    // than on the native backend, and two honest nodes could count one vote differently.
    const challenge = littleEndian(sha512.create().update(commitment).update(own).update(message).digest()) % ORDER
    const expected = Point.BASE.multiplyUnsafe(scalar).add(negative.multiplyUnsafe(challenge))
    return equalBytes(expected.toBytes(), commitment)
  }
  return { publicKey: own, verify: async (...args) => verifyNow(...args), verifyNow }
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}
