import { COMPOSITE_SIGNATURE_BYTES } from '../crypto/composite.ts'

/** Every limit of networks and belonging, with its reason. Sizes in bytes, times in milliseconds. */

const DAY_MS = 24 * 60 * 60 * 1000

/** The last millisecond of the year 9999: a later time prints as no date. */
export const MAX_TIME_MS = 253_402_300_799_999

/** A trust domain of SPIFFE (SPIFFE-ID, section 2.1). */
export const MAX_NETWORK_NAME_BYTES = 255
/** A label of DNS (RFC 1035, section 2.3.4): names of nodes may stand in host names. */
export const MAX_LABEL_BYTES = 63
/** Each group is compared with each rule of a policy, at each decision. */
export const MAX_GROUPS = 16

/** A genesis is read whole by every node that joins and travels in one answer; who starts a network together sits at one table. */
export const MAX_FOUNDERS = 32
/** Far apart enough for every share that people agree on; small enough that a sum of them is exact. */
export const MAX_WEIGHT = 1_000
export const NONCE_BYTES = 32

const MAX_GROUP_LIST_BYTES = 1 + MAX_GROUPS * (1 + MAX_LABEL_BYTES)
const MAX_FOUNDER_BYTES = 1 + MAX_LABEL_BYTES + 32 + 1952 + 2 + MAX_GROUP_LIST_BYTES
/** Follows from the layout (docs/networks.md): 98,711. */
export const MAX_GENESIS_BYTES = 13 + 1 + MAX_NETWORK_NAME_BYTES + 8 + NONCE_BYTES + 1 + 1 + MAX_FOUNDERS * MAX_FOUNDER_BYTES

/** 128 random bits: two members never give the same one. */
export const SERIAL_BYTES = 16
/** Whom nobody renews for a quarter of a year does not belong any more. */
export const MAX_VALIDITY_MS = 90 * DAY_MS
/** Clocks of honest machines without NTP; it is also how long a credential lives past its end. */
export const CLOCK_SKEW_MS = 2 * 60 * 1000
/** Follows from the layout: 4,606. */
export const MAX_CREDENTIAL_BYTES =
  16 + 32 + SERIAL_BYTES + 32 + 32 + 8 + 8 + 1 + MAX_LABEL_BYTES + MAX_GROUP_LIST_BYTES + COMPOSITE_SIGNATURE_BYTES

/** A sentence. */
export const MAX_REASON_BYTES = 200
/** Follows from the layout: 3,694. */
export const MAX_REVOCATION_BYTES = 16 + 32 + 32 + 32 + 8 + 1 + MAX_REASON_BYTES + COMPOSITE_SIGNATURE_BYTES
/**
 * Revocations are for ever, and 3.7 kB each. The limit is one for each member, so that a member which revokes names that
 * nobody has fills its own share and nobody else's.
 */
export const MAX_REVOCATIONS_PER_MEMBER = 1_024

/** Credentials whose signature was checked; 32 bytes each. A node has 64 peers at most, which may come and go. */
export const MAX_CHECKED_CREDENTIALS = 1_024
/** Peers whose standing is remembered; a node has 64 of them at most, and serves traffic of some more. */
export const MAX_STANDINGS = 4_096

/** Ways in that an invite names: more would make a line that nobody can paste. */
export const MAX_DOORS = 8
/** A multiaddr with a long DNS name; one byte holds its length. */
export const MAX_DOOR_ADDRESS_BYTES = 200
/** The longest invite, with the longest names everywhere, has 3,000 characters; more is not read. */
export const MAX_INVITE_LINE_LENGTH = 4_096

/** What an applicant may say of itself: a sentence in a list. */
export const MAX_NOTE_BYTES = 200
/** An explanation of a refusal: two sentences. */
export const MAX_REFUSAL_BYTES = 255
/** Follows from the layout of `succeed`, the largest request: a successor statement and a credential. */
export const MAX_JOIN_REQUEST_BYTES = 2 + 33 + 1984 + 10_737 + 2 + MAX_CREDENTIAL_BYTES
/** Follows from the layout of `admitted`, the largest answer: a genesis and a credential. */
export const MAX_JOIN_ANSWER_BYTES = 2 + 32 + 4 + MAX_GENESIS_BYTES + 2 + MAX_CREDENTIAL_BYTES
/** An applicant that is told to come back later than in an hour would be forgotten by then. */
export const MAX_RETRY_MS = 60 * 60 * 1000

/** Invites that a member keeps in mind, dead ones included; each is a promise that somebody has to oversee. */
export const MAX_INVITES = 1_024
/** x0 ids that one token may admit: 8 kB written anew at each use. */
export const MAX_TOKEN_USES = 256
/** A secret in somebody's chat history should not open a network for longer than this. */
export const MAX_INVITE_TTL_MS = 30 * DAY_MS
export const DEFAULT_INVITE_TTL_MS = 60 * 60 * 1000
/** A dead invite is remembered this long, so that a late use is told why it fails. */
export const DEAD_INVITE_MS = 7 * DAY_MS
/** Shorter ones end before a node has used them. */
export const MIN_VALIDITY_MS = 1_000
export const DEFAULT_VALIDITY_MS = 30 * DAY_MS

/** Credentials that one member has issued and that still hold: 4.6 kB each, in memory and on disk. */
export const MAX_ISSUED = 4_096
/**
 * A renewal is given again, not made anew, while this much of its life is left: whoever asks over and over, and everybody
 * who has seen a credential can, gets no more than a handful of them.
 */
export const FRESH_SHARE = 3 / 4

/** More knocks than this nobody reads. */
export const MAX_PENDING = 64
/** Of one address (an IPv6 network of 64 bits): a household has some machines, a flood has one address. */
export const MAX_PENDING_PER_ADDRESS = 8
/** Who has not asked again for this long has given up. */
export const PENDING_MS = 60 * 60 * 1000
/** How often an applicant that waits may ask: an operator's decision takes minutes. */
export const RETRY_AFTER_MS = 5_000
/** x0 ids whose knocks are ignored; the oldest makes room. */
export const MAX_IGNORED = 256

/** Requests that wait for the one in hand (some ms each: two signatures and an fsync). */
export const MAX_WAITING_REQUESTS = 32
/** Requests under way to other members at once. */
export const MAX_FORWARDS = 8
/** Members that a renewal is brought to, one after another. */
export const MAX_FORWARD_TRIES = 3
/** Every bound of the trust layer, with its reason. Times in milliseconds. */

// ---- blocks (blocks.ts)

/** Blocks that hold at once: each was typed by an operator. About 400 bytes each, in memory and on disk. */
export const MAX_BLOCKS = 1024
/** The longest a block with an end may last; whoever means longer leaves the end out. */
export const MAX_BLOCK_MS = 10 * 365 * 24 * 3_600_000
/** Characters of the reason: one sentence for the operator who finds the block a year later. */
export const MAX_BLOCK_REASON_LENGTH = 200
