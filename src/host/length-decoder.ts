import type { Uint8ArrayList } from 'uint8arraylist'
import { HostError } from './host-error.ts'

/**
 * Reads the unsigned varint (LEB128) in front of a frame of at most `maxBytes`, for libp2p's length-prefixed streams, which
 * call it with one more byte each time for as long as it throws a RangeError. A length that cannot end well is another
 * error: libp2p's own reader would go on with it for ever.
 *
 * @throws RangeError where more bytes are needed; HostError `frame-too-large`
 */
export function lengthDecoder(maxBytes: number): (bytes: Uint8ArrayList | Uint8Array) => number {
  const most = encodedBytes(maxBytes)
  return (bytes) => {
    let value = 0
    for (let index = 0; index < most; index += 1) {
      if (index >= bytes.byteLength) throw new RangeError('the length is not whole yet')
      const byte = bytes instanceof Uint8Array ? (bytes[index] ?? 0) : bytes.get(index)
      value += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) {
        if (value <= maxBytes) return value
        break
      }
    }
    throw new HostError('frame-too-large', `the peer announces more than the ${maxBytes} bytes that are allowed`)
  }
}

function encodedBytes(value: number): number {
  let bytes = 1
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes += 1
  return bytes
}
