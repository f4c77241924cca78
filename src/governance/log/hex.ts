import { nativeDigest } from '../../crypto/native-digest.ts'
import { hexOf } from '../form.ts'

/** SHA-256 over all parts, in hex: hashes are compared and looked up far more often than they are written. */
export function sha256Hex(...parts: readonly Uint8Array[]): string {
  return hexOf(nativeDigest('sha256', parts))
}

export function bytesOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}
