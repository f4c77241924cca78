/** The same bytes without Buffer's own methods: a Buffer's `slice` shares memory where Uint8Array's copies. */
export function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}
