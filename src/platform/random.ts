import { randomBytes, randomInt } from 'node:crypto'

/** The only door to randomness. Keys and nonces come from `bytes`; jitter and shuffles from `fraction`. */
export interface Random {
  /** `length` bytes from the operating system's generator. */
  bytes(length: number): Uint8Array
  /** A number in [0, 1), for jitter; 32 bits of it are random. */
  fraction(): number
}

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  fraction: () => randomInt(2 ** 32) / 2 ** 32,
}
