import { CryptoError } from './backend.ts'
import { ED25519_PUBLIC_KEY_BYTES, expectLength } from './lengths.ts'

/** The field and the curve constant of edwards25519 (RFC 8032 section 5.1). */
const P = 2n ** 255n - 19n
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
const SIGN_BIT = 2n ** 255n

/** One of the two y of the four points of order 8; the other is its negative. */
const Y_OF_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n
/** The y coordinates of the eight points whose order divides 8: 1, -1, 0 and those of order 8. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([0n, 1n, P - 1n, Y_OF_ORDER_8, P - Y_OF_ORDER_8])

/**
 * Checks that 32 bytes name a point of edwards25519 in its one canonical form, and not one of the eight of small order,
 * under which a signature for every message can be made up. OpenSSL checks none of this at import, other libraries some;
 * one check in front of both backends keeps two honest nodes from judging one signature differently.
 *
 * Only public bytes pass through here, so big integers and branches are no leak.
 * @throws CryptoError `bad-key`
 */
export function checkEd25519PublicKey(publicKey: Uint8Array): void {
  expectLength(publicKey, ED25519_PUBLIC_KEY_BYTES, 'bad-key', 'Ed25519 public key')
  const y = littleEndian(publicKey) % SIGN_BIT
  if (y >= P) throw new CryptoError('bad-key', 'Ed25519 public key is not in canonical form')
  if (SMALL_ORDER_Y.has(y)) throw new CryptoError('bad-key', 'Ed25519 public key has a small order')
  // x^2 = (y^2 - 1) / (d y^2 + 1) has a root exactly where numerator times denominator is a square.
  const square = (y * y) % P
  if (!isSquare(((square - 1n + P) * ((D * square + 1n) % P)) % P)) {
    throw new CryptoError('bad-key', 'Ed25519 public key names no point of the curve')
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let value = 0n
  for (let at = bytes.length - 8; at >= 0; at -= 8) value = (value << 64n) | view.getBigUint64(at, true)
  return value
}

/** The Jacobi symbol (value / P) by the binary reciprocity algorithm; several times quicker than an exponentiation. */
function isSquare(value: bigint): boolean {
  let upper = value
  let lower = P
  let sign = 1
  while (upper !== 0n) {
    const lowerMod8 = lower & 7n
    const twoIsNoSquare = lowerMod8 === 3n || lowerMod8 === 5n
    while ((upper & 1n) === 0n) {
      upper >>= 1n
      if (twoIsNoSquare) sign = -sign
    }
    if ((upper & 3n) === 3n && (lower & 3n) === 3n) sign = -sign
    const rest = lower % upper
    lower = upper
    upper = rest
  }
  return lower === 1n && sign === 1
}
