import type { CryptoBackend } from './backend.ts'

const HASH_BYTES = 32

/** HKDF-Extract of RFC 5869 section 2.2 with SHA-256: 32 bytes. */
export function hkdfExtract(backend: CryptoBackend, salt: Uint8Array, inputKey: Uint8Array): Uint8Array {
  return backend.hmacSha256(salt, inputKey)
}

/**
 * HKDF-Expand of RFC 5869 section 2.3 with SHA-256. `length` is in bytes.
 * @throws RangeError for more than 255 * 32 bytes
 */
export function hkdfExpand(backend: CryptoBackend, key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (length > 255 * HASH_BYTES) throw new RangeError(`HKDF-SHA-256 gives ${255 * HASH_BYTES} bytes at most, not ${length}`)
  const output = new Uint8Array(length)
  let block: Uint8Array = new Uint8Array(0)
  for (let counter = 1, at = 0; at < length; counter++, at += HASH_BYTES) {
    block = backend.hmacSha256(key, block, info, Uint8Array.of(counter))
    output.set(block.subarray(0, length - at), at)
  }
  return output
}

/** HKDF with two outputs of Noise rev. 34 section 4.3: 32 bytes each. */
export function noiseHkdf2(backend: CryptoBackend, chainingKey: Uint8Array, inputKey: Uint8Array): [Uint8Array, Uint8Array] {
  const temporary = backend.hmacSha256(chainingKey, inputKey)
  const first = backend.hmacSha256(temporary, Uint8Array.of(1))
  return [first, backend.hmacSha256(temporary, first, Uint8Array.of(2))]
}

/** HKDF with three outputs of Noise rev. 34 section 4.3: 32 bytes each. */
export function noiseHkdf3(
  backend: CryptoBackend,
  chainingKey: Uint8Array,
  inputKey: Uint8Array,
): [Uint8Array, Uint8Array, Uint8Array] {
  const temporary = backend.hmacSha256(chainingKey, inputKey)
  const first = backend.hmacSha256(temporary, Uint8Array.of(1))
  const second = backend.hmacSha256(temporary, first, Uint8Array.of(2))
  return [first, second, backend.hmacSha256(temporary, second, Uint8Array.of(3))]
}
