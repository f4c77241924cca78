/** The largest request holds one multiaddr; ballots and proposals to come stay below 64 KiB too. */
export const BODY_LIMIT_BYTES = 64 * 1024

/** The longest name in a path, once decoded: a peer may be named by its line, which has 1,024 characters at most. */
export const PATH_NAME_LIMIT = 1_024

/** All headers of a request: a token, a Host and what a browser adds. */
export const HEADERS_LIMIT_BYTES = 16 * 1024

/** Where a client may take its time: to send headers, and to send a whole request. What is slower is a slow loris. */
export const HEADERS_TIMEOUT_MS = 5_000
export const REQUEST_TIMEOUT_MS = 10_000

/** How often connections are held against the two limits above (Node's own default of 30 s would triple them). */
export const TIMEOUT_CHECK_MS = 1_000

/** An idle connection is closed after this; Prometheus scrapes every 15 s and simply connects again. */
export const KEEP_ALIVE_MS = 5_000

/** Requests on one connection: long-lived clients reconnect now and then and so meet new certificates. */
export const REQUESTS_PER_CONNECTION = 10_000

/** Connections at a time on each listener. About 20 kB each: 5 MB at the cap. */
export const MAX_CONNECTIONS = 256

/** Clients whose request rate and failed tokens are remembered; the least recent is forgotten first. 100 bytes each. */
export const MAX_TRACKED_CLIENTS = 4_096

/** Wrong tokens a minute from one address; then its tokens are not looked at until the minute has passed. */
export const TOKEN_FAILURES_PER_MINUTE = 5

/**
 * Wrong passwords: 5 in a row from one address, then 5 a minute; 10 in a row for one account from wherever it has not been
 * logged in to lately, then 2 a minute: 2,900 guesses a day, whatever the number of addresses.
 */
export const LOGIN_FAILURES_PER_MINUTE = 5
export const ACCOUNT_FAILURES = { perMinute: 2, burst: 10 } as const

/** Addresses that an account was logged in from, which nobody else's guesses lock out; the least recent is forgotten. */
export const GOOD_ADDRESSES = 8

/** Accounts that strangers register from one address a minute, where the config lets them: each costs a quarter of a second. */
export const REGISTRATIONS_PER_MINUTE = 5

/** Longer ones are refused unread: ours have 47 characters. */
export const TOKEN_MAX_LENGTH = 512

/** Handshakes and pings that clients may have under way together: each costs signatures. */
export const MAX_OPERATIONS = 8

/** An operation that takes longer is given up and answered 504. */
export const OPERATION_TIMEOUT_MS = 60_000

/** Comment lines keep proxies and clients from taking a quiet event stream for a dead one. */
export const EVENT_HEARTBEAT_MS = 15_000

/** A reader of events that takes nothing for so long is cut off; it may resume by Last-Event-ID. */
export const SLOW_READER_MS = 10_000

/** Requests under way when the node stops get this long to end. */
export const DRAIN_MS = 2_000

/** How often the certificate and key files are looked at. A stat survives the symlink swaps of certbot and Kubernetes. */
export const TLS_POLL_MS = 5_000

/** `sun_path` of Linux less its final zero byte. */
export const SOCKET_PATH_BYTES = 107
