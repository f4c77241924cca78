import { timingSafeEqual } from 'node:crypto'

/** Whether both hold the same bytes, in a time that tells nothing but their lengths. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
