/** Every limit of the channel with its reason. Sizes in bytes, times in milliseconds. */

/** Noise messages carry a 16-bit length (Noise rev. 34, section 3). */
export const MAX_FRAME_BYTES = 65_535

/** Poly1305 tag. */
export const TAG_BYTES = 16

/** The most plaintext one record holds: larger frames mean fewer AEAD calls for bulk data. */
export const MAX_RECORD_PLAINTEXT_BYTES = MAX_FRAME_BYTES - TAG_BYTES

/** Handshake payloads carry 5.5 kB of keys and signatures; the rest is room for a credential. Anything above is hostile. */
export const MAX_HANDSHAKE_PAYLOAD_BYTES = 16 * 1024

/** A node offers a handful of encrypters and muxers; more only costs the other side memory. */
export const MAX_LISTED_PROTOCOLS = 16

/** libp2p's own protocol ids are below 100 bytes. */
export const MAX_PROTOCOL_ID_BYTES = 256

/** A credential is about 5.6 kB (two keys' names, groups, a composite signature); it rides encrypted in messages B and C. */
export const MAX_CREDENTIAL_BYTES = 8 * 1024

/** Records sealed under one key before Rekey(): far below the 2^64 - 1 of Noise, so that a stolen key opens little. */
export const REKEY_AFTER_RECORDS = 2 ** 16

/** Plaintext under one key before Rekey(). */
export const REKEY_AFTER_BYTES = 2 ** 30

/** Plaintext that an initiator may queue before its own message C is on the wire; beyond it `send` asks to wait for drain. */
export const MAX_EARLY_BYTES = 256 * 1024

/** Plaintext that the sends of one turn of the event loop may join before it is sealed: four whole records. */
export const MAX_JOINED_BYTES = 4 * MAX_RECORD_PLAINTEXT_BYTES

/** A session older than this is replaced by a fresh handshake (fresh secrets against a later theft of these). */
export const RENEW_AFTER_MS = 24 * 60 * 60 * 1000

/** Renewal is spread over a tenth of the period, so that a fleet started together does not handshake together. */
export const RENEW_JITTER = 0.1

/** First-use pins are learned from peers that we dialled; a wandering node meets many. The oldest unused goes first. */
export const MAX_FIRST_USE_PINS = 1_024

/** Pins from genesis, credentials, invites and bootstrap lines: operators write these, so many are a mistake. */
export const MAX_STATED_PINS = 16_384

/** Addresses whose handshake budget is remembered. An attacker with more addresses than this meets the global caps. */
export const MAX_TRACKED_ADDRESSES = 4_096

/** Refusals kept for the dialler who asks why, one a peer. */
export const MAX_RECENT_REFUSALS = 512

/** An address stays "recently good" for as long as a laptop sleeps over lunch. */
export const GOOD_ADDRESS_MS = 60 * 60 * 1000

/** Peers whose imported keys are kept (about 20 kB each): those that a node talks to; its peers.max is 64. */
export const MAX_KNOWN_KEYS = 64

/** How long the event loop stays awake after an arrival: longer than a round trip on loopback, short enough to cost nothing at rest. */
export const ATTENTION_MS = 0.15

/** A responder makes the ephemeral keys of its next handshake this long after the last one began: most are over by then. */
export const REFILL_AFTER_MS = 20

// ---- the join door (join-door.ts)

/** A request holds an invite's proof (5.3 kB), a name and what an operator may want to read; sponsors keep some of them. */
export const MAX_JOIN_REQUEST_BYTES = 32 * 1024

/** An answer holds a genesis (2 kB a founder), a credential, revocations and addresses; a joiner holds all of it in memory. */
export const MAX_JOIN_ANSWER_BYTES = 256 * 1024

/**
 * A whole visit, handshake included, and below libp2p's own bound on an upgrade (8 s), so that this one decides: a full
 * answer at 40 kB/s. Places are few, and a slow visitor holds one.
 */
export const JOIN_VISIT_MS = 7_000

/** Visits at once, and of one address: joining is rare, and 8 full answers are 2 MiB of memory. */
export const MAX_JOIN_VISITS = 8
export const MAX_JOIN_VISITS_PER_ADDRESS = 2
