import { createHash, createHmac, createSecretKey, hash } from 'node:crypto'
import { plainBytes } from './native-bytes.ts'

/** A digest over all parts. Short ones are joined: the one-shot call costs half of a Hash object. */
export function nativeDigest(algorithm: 'sha256' | 'sha512', parts: readonly Uint8Array[]): Uint8Array {
  const joined = joinedIfShort(parts)
  if (joined !== undefined) return plainBytes(hash(algorithm, joined, 'buffer'))
  const running = createHash(algorithm)
  for (const part of parts) running.update(part)
  return plainBytes(running.digest())
}

/** Copying this much costs less than a second call into OpenSSL. */
const SHORT_BYTES = 8 * 1024

function joinedIfShort(parts: readonly Uint8Array[]): Uint8Array | undefined {
  const [first] = parts
  if (parts.length === 1) return first
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return length <= SHORT_BYTES ? Buffer.concat(parts, length) : undefined
}

const BLOCK_BYTES = 64

/**
 * HMAC-SHA-256 (RFC 2104). For a key within one block and a short message it is written out as its two hashes: that takes
 * a third of what an Hmac object does, and a handshake makes 16 of them while the other side waits.
 */
export function nativeHmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  if (key.length <= BLOCK_BYTES && length <= SHORT_BYTES) return shortHmac(key, parts, length)
  const running = createHmac('sha256', createSecretKey(key))
  for (const part of parts) running.update(part)
  return plainBytes(running.digest())
}

function shortHmac(key: Uint8Array, parts: readonly Uint8Array[], length: number): Uint8Array {
  const inner = Buffer.alloc(BLOCK_BYTES + length, 0x36)
  const outer = Buffer.alloc(BLOCK_BYTES + 32, 0x5c)
  key.forEach((byte, at) => {
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  })
  let at = BLOCK_BYTES
  for (const part of parts) {
    inner.set(part, at)
    at += part.length
  }
  outer.set(hash('sha256', inner, 'buffer'), BLOCK_BYTES)
  const mac = plainBytes(hash('sha256', outer, 'buffer'))
  inner.fill(0)
  outer.fill(0)
  return mac
}
