import type { CryptoBackend } from '../crypto/backend.ts'
import { hkdfExpand } from '../crypto/hkdf.ts'

/** HKDF-Expand with SHA-256 yields at most 255 blocks (RFC 5869). */
export const MAX_EXPORT_BYTES = 255 * 32

/**
 * A secret both ends can derive for `label`: HKDF-Expand(exporter secret, label, length). It says nothing about the
 * traffic keys, which never leave the channel.
 * @throws RangeError for a length outside 1 to 8,160 bytes
 */
export function exportSecret(crypto: CryptoBackend, exporterSecret: Uint8Array, label: string, length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 1 || length > MAX_EXPORT_BYTES) {
    throw new RangeError(`an exported secret has 1 to ${MAX_EXPORT_BYTES} bytes, not ${length}`)
  }
  return hkdfExpand(crypto, exporterSecret, new TextEncoder().encode(label), length)
}
