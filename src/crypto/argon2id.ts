import { type Argon2Parameters, argon2 } from 'node:crypto'

/** What Argon2id is asked for. `memoryKib` in KiB. */
export interface Argon2Cost {
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
}

/** Argon2id of RFC 9106, version 0x13, in libuv's pool: one of its threads for the whole time, whatever `parallelism` is. */
export function argon2id(message: Uint8Array, salt: Uint8Array, cost: Argon2Cost, tagLength: number): Promise<Uint8Array> {
  const parameters: Argon2Parameters = {
    message,
    nonce: salt,
    parallelism: cost.parallelism,
    memory: cost.memoryKib,
    passes: cost.passes,
    tagLength,
  }
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}
