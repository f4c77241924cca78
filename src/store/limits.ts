/** Bytes of one key. Ours are ids in hex and short names (at most 160); LevelDB compares keys on every step of a search. */
export const MAX_KEY_BYTES = 512
/** Bytes of one value: the largest thing kept is a batch of governance records (1 MiB); beyond that belongs into a file. */
export const MAX_VALUE_BYTES = 4 * 1024 * 1024
/** Operations of one batch: LevelDB holds a batch in memory twice before it writes it. */
export const MAX_BATCH_OPERATIONS = 10_000
/**
 * Bytes of SHA-256 kept with each value. It guards against rotten bits, torn writes and values under a wrong key, not
 * against somebody who can write to the home (who could compute it anew and has the keys anyway), so what counts is the
 * chance of an accident, 2^-128, and not the 2^64 work of a collision. 16 bytes more for each value would buy nothing.
 */
export const CHECK_BYTES = 16
/** Bytes of api.json read: its lists are bounded by the config (16 addresses, 64 lines of 1 kB). */
export const MAX_API_FILE_BYTES = 256 * 1024
/** Bytes of a unix socket's path (sun_path, unix(7), without its final zero): 107 on Linux, 103 on macOS and the BSDs. */
export const MAX_SOCKET_PATH_BYTES = 103
