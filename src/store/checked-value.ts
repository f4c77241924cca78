import { createHash } from 'node:crypto'
import { CHECK_BYTES } from './limits.ts'

/**
 * A stored value is `check(16) || value`, where check is the start of
 * SHA-256(u32be length of namespace || namespace || u32be length of key || key || value).
 * The lengths keep ("ab", "c") and ("a", "bc") apart; the key is in it so that a value found under another key fails.
 */
export function sealValue(namespace: string, key: string, value: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(CHECK_BYTES + value.length)
  sealed.set(checkOf(namespace, key, value))
  sealed.set(value, CHECK_BYTES)
  return sealed
}

/** The value, or undefined where the check does not match. */
export function openValue(namespace: string, key: string, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < CHECK_BYTES) return undefined
  const value = sealed.subarray(CHECK_BYTES)
  // Not a secret: an ordinary comparison will do.
  return Buffer.compare(checkOf(namespace, key, value), sealed.subarray(0, CHECK_BYTES)) === 0 ? value : undefined
}

function checkOf(namespace: string, key: string, value: Uint8Array): Uint8Array {
  const hash = createHash('sha256')
  for (const text of [namespace, key]) {
    const bytes = Buffer.from(text, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  return hash.update(value).digest().subarray(0, CHECK_BYTES)
}
