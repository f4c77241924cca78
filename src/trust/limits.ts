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
/** Follows from the layout (docs/networks.md): 98,720. */
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
