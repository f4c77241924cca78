/** Characters (Unicode code points, in normal form KC) of a password: NIST SP 800-63B asks for at least 8 and to admit 64. */
export const PASSWORD_LENGTH = { least: 8, most: 128 } as const

/** RFC 5321 section 4.5.3.1: 64 for the part before the @, 253 for a domain; RFC 3696 erratum 1690: 254 in all. */
export const MAX_EMAIL_LENGTH = 254
export const MAX_LOCAL_PART_LENGTH = 64

/** Characters of a full name, a company or the name of a token: what fits a line of a table. */
export const MAX_NAME_LENGTH = 128
export const MAX_TOKEN_NAME_LENGTH = 64

/** Accounts of a node: people who look after one machine, and then some. About 600 bytes each. */
export const MAX_ACCOUNTS = 1_024
/** Open registration stops here, so that strangers leave room for whom an admin registers. */
export const MAX_OPEN_ACCOUNTS = 960

/** API tokens of one account, and of the operator: one for each script and machine. The next is refused. */
export const MAX_API_TOKENS = 64
/** Logins of one account at a time: browsers and shells. The next one ends the oldest. */
export const MAX_LOGINS = 16

/** A login lasts a working day. */
export const LOGIN_LIFETIME_MS = 12 * 3_600_000
/** An API token: 30 days where nothing is said, a year at most, and long enough to be used. In seconds, as the API has it. */
export const API_TOKEN_SECONDS = { least: 60, most: 365 * 86_400, usual: 30 * 86_400 } as const

/** When a token was last used is kept to the minute, so that a token costs at most one write a minute. */
export const LAST_USED_STEP_MS = 60_000

/** Random bytes of a token: 256 bits cannot be guessed, so that a plain hash of it may be kept. Of an id: no secret, only unique. */
export const TOKEN_BYTES = 32
export const ID_BYTES = 12

export const SALT_BYTES = 16
export const HASH_BYTES = 32

/**
 * Argon2id for passwords: the second recommendation of RFC 9106 section 4 (64 MiB, 3 passes) with one lane, because a
 * password is hashed by one thread. OWASP's least is 19 MiB and 2 passes, a fifth of this work.
 */
export const PASSWORD_COST = { memoryKib: 64 * 1024, passes: 3, parallelism: 1 } as const

/** Bounds on what a stored password may ask for, so that a planted one cannot take the memory or the time of the machine. */
export const COST_BOUNDS = {
  memoryKib: { least: 8, most: 256 * 1024 },
  passes: { least: 1, most: 16 },
  parallelism: { least: 1, most: 16 },
} as const

/** One of libuv's four threads hashes passwords; two are for signatures, and LevelDB needs one too. */
export const HASHES_AT_ONCE = 1
/** Passwords that wait for it: two seconds at a quarter of a second each. Whoever comes then is told to come again. */
export const HASHES_WAITING = 8
