/**
 * The largest whole number whose square is at most `value`, for whole values below 2^31. Bit by bit from the highest on,
 * with nothing but whole numbers: a floating root may round up to the next whole number on one machine and not on another.
 */
export function integerRoot(value: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) throw new RangeError(`${value} is no whole number below 2^31`)
  let root = 0
  // 46,340 is the root of 2^31 - 1, a number of 16 bits
  for (let bit = 1 << 15; bit > 0; bit >>= 1) {
    const next = root | bit
    if (next * next <= value) root = next
  }
  return root
}
