/** Protocol Buffers as bytes, good and bad, written without the code under test. */

export function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
}

/** A length-delimited field. */
export function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes])
}

export function textField(number: number, text: string): Uint8Array {
  return bytesField(number, Buffer.from(text))
}

export function numberField(number: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(number * 8), ...varint(value)])
}
