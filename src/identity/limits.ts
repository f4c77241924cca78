/** SHA-256: 256 bits, so that even Grover's search leaves 128 against a second key pair of the same name. */
export const X0_ID_BYTES = 32
/** 'x0' and 52 letters of base32, 5 bits each: the last one carries a single bit. */
export const X0_ID_TEXT_LENGTH = 54

/** A line that a person pastes: a multiaddr of several hops with DNS names has about 400 characters. */
export const MAX_BOOTSTRAP_LINE_LENGTH = 1024

/** A key file has about 600 bytes; more is not ours, and is not read into memory. */
export const MAX_KEY_FILE_BYTES = 4096
/** One KiB: a passphrase, not a file by mistake. */
export const MAX_PASSPHRASE_BYTES = 1024

/**
 * Bounds on the Argon2id parameters that a key file may ask for. Above them a planted file could take the machine's memory
 * or minutes of its time; below them a passphrase is not worth asking for.
 */
export const ARGON2_BOUNDS = {
  memoryKib: { least: 8 * 1024, most: 1024 * 1024 },
  passes: { least: 1, most: 16 },
  parallelism: { least: 1, most: 16 },
} as const

/** A rotation a month for 85 years; a longer chain is an attempt to keep us verifying. */
export const MAX_ROTATIONS = 1024
