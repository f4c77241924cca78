import type { CryptoBackend } from '../crypto/backend.ts'
import { CryptoError } from '../crypto/backend.ts'
import { ED25519_PUBLIC_KEY_BYTES, MLDSA65_PUBLIC_KEY_BYTES } from '../crypto/lengths.ts'
import { IdentityError } from './identity-error.ts'
import { X0_ID_BYTES, X0_ID_TEXT_LENGTH } from './limits.ts'

/*
 * x0 id = SHA-256("x0-node-id/1\0" || 0xed01 || ed25519_pub(32) || 0x9124 || mldsa65_pub(1952))
 * 0xed01 and 0x9124 are the multicodec varints of ed25519-pub and mldsa-65-pub: the name also says which algorithms.
 */

const DOMAIN = new TextEncoder().encode('x0-node-id/1\0')
const ED25519_CODE = Uint8Array.of(0xed, 0x01)
const MLDSA65_CODE = Uint8Array.of(0x91, 0x24)
const PREFIX = 'x0'
/** RFC 4648 section 6, in lower case. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * The name of a node that stays true against a quantum computer, 32 bytes.
 * @throws CryptoError `bad-key` for keys of another length
 */
export function x0IdOf(
  backend: Pick<CryptoBackend, 'sha256'>,
  keys: { readonly ed25519: Uint8Array; readonly mldsa65: Uint8Array },
): Uint8Array {
  if (keys.ed25519.length !== ED25519_PUBLIC_KEY_BYTES || keys.mldsa65.length !== MLDSA65_PUBLIC_KEY_BYTES) {
    throw new CryptoError('bad-key', 'an x0 id is made of a 32-byte Ed25519 and a 1,952-byte ML-DSA-65 public key')
  }
  return backend.sha256(DOMAIN, ED25519_CODE, keys.ed25519, MLDSA65_CODE, keys.mldsa65)
}

/**
 * The text form: 'x0' and the 32 bytes in lower-case base32 (RFC 4648) without padding, 54 characters.
 * @throws IdentityError `bad-x0-id` unless `id` is 32 bytes
 */
export function formatX0Id(id: Uint8Array): string {
  if (id.length !== X0_ID_BYTES) throw new IdentityError('bad-x0-id', `an x0 id has ${X0_ID_BYTES} bytes, not ${id.length}`)
  let text = PREFIX
  let bits = 0
  let pending = 0
  for (const byte of id) {
    pending = (pending << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET.charAt((pending >> bits) & 31)
    }
    pending &= 31
  }
  return text + ALPHABET.charAt((pending << (5 - bits)) & 31)
}

/**
 * The 32 bytes of a text form. Each id has exactly one text: capitals, padding, and a last letter with bits set that
 * belong to no byte are refused.
 * @throws IdentityError `bad-x0-id`
 */
export function parseX0Id(text: string): Uint8Array {
  if (text.length !== X0_ID_TEXT_LENGTH) {
    throw new IdentityError('bad-x0-id', `an x0 id has ${X0_ID_TEXT_LENGTH} characters, this has ${text.length}`)
  }
  if (!text.startsWith(PREFIX)) throw new IdentityError('bad-x0-id', "an x0 id starts with 'x0'")
  const id = new Uint8Array(X0_ID_BYTES)
  let at = 0
  let bits = 0
  let pending = 0
  for (const letter of text.slice(PREFIX.length)) {
    const value = ALPHABET.indexOf(letter)
    if (value < 0) throw new IdentityError('bad-x0-id', 'an x0 id has only the letters a-z and the digits 2-7 behind x0')
    pending = (pending << 5) | value
    bits += 5
    if (bits >= 8) {
      bits -= 8
      id[at++] = pending >> bits
      pending &= (1 << bits) - 1
    }
  }
  if (pending !== 0)
    throw new IdentityError('bad-x0-id', 'the last letter of this x0 id is not one that an id ends in: a typing error?')
  return id
}
