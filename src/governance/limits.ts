import { COMPOSITE_PUBLIC_KEY_BYTES, COMPOSITE_SIGNATURE_BYTES } from '../crypto/composite.ts'

/** Every limit of ballots, with its reason. Sizes in bytes, times in milliseconds, shares in ten-thousandths. */

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const DAY_MS = 24 * 60 * MINUTE_MS

/** The last millisecond of the year 9999: a later time prints as no date. */
export const MAX_TIME_MS = 253_402_300_799_999

/** SHA-256. */
export const ID_BYTES = 32

/** A vote of each is kept for each open proposal, and a snapshot of all keys travels in one message: 2 MB. */
export const MAX_VOTERS = 1_024
/** Indices are never used again: a new member a day for 179 years. */
export const MAX_VOTER_INDEX = 0xffff
/** As in a genesis. The weight of all, a share of it and its square root stay exact integers (see tally.ts). */
export const MAX_WEIGHT = 1_000

/** The whole of a share. */
export const WHOLE = 10_000
/** More than half must say yes, at least: with less, a proposal and its opposite could both pass. */
export const MIN_THRESHOLD = 5_000
/** "More than" is asked for, and more than all is impossible. */
export const MAX_THRESHOLD = 9_999
/** A lab's; people need days. */
export const MIN_VOTING_PERIOD_MS = SECOND_MS
/** Ballots are kept for as long, and an author's slot is taken. */
export const MAX_VOTING_PERIOD_MS = 90 * DAY_MS
/** A decision that is carried out later than that is better taken again. */
export const MAX_TIMELOCK_MS = 90 * DAY_MS

/** Proposals of one author that can be open at once. */
export const SLOTS_PER_AUTHOR = 3
/** Every author's slots taken. */
export const MAX_OPEN_PROPOSALS = SLOTS_PER_AUTHOR * MAX_VOTERS
/** How often a voter may think again, and one: each is kept, so that a second body for one revision shows. */
export const REVISIONS = 4

/** A line. */
export const MAX_TITLE_BYTES = 200
/** Four pages; longer documents are named by their hash. */
export const MAX_TEXT_BYTES = 8_192
/** What a person compares before voting. */
export const MAX_OPTIONS = 16
/** Half a line. */
export const MAX_OPTION_BYTES = 100
/** Room for 100 votes on one option; their cost, its square, then still prints in six digits. */
export const MAX_CREDITS = 10_000
/** Of one answer. Each is carried out and shown to whoever votes. */
export const MAX_EFFECTS = 8
/** Ten pages: the largest effect that is known, seven new attesters with their signatures, has 23,660. */
export const MAX_EFFECT_BYTES = 32_768
/** A proposal travels in one gossip message; two of them stay as evidence for each slot. */
export const MAX_PROPOSAL_BYTES = 65_536
/** A sentence. */
export const MAX_REASON_BYTES = 200
/** A paragraph that the log keeps for ever. */
export const MAX_RESOLUTION_BYTES = 1_024
/** A label of DNS (RFC 1035, section 2.3.4): names of nodes may stand in host names. */
export const MAX_NAME_BYTES = 63
/** As of every node. */
export const MAX_GROUPS = 16
/** A third of the 21 attesters that there may be: one record may not replace more of their weight anyway. */
export const MAX_ATTESTER_CHANGES = 7

/** Follows from the layout (docs/governance.md): 3,508. */
export const MAX_VOTE_BYTES = 10 + ID_BYTES + ID_BYTES + 2 + 1 + 1 + 1 + MAX_OPTIONS * 3 + COMPOSITE_SIGNATURE_BYTES
/** Follows from the layout: 3,451. */
export const CANCEL_BYTES = 12 + ID_BYTES + ID_BYTES + 2 + COMPOSITE_SIGNATURE_BYTES
/** Follows from the layout: 2,068,498. */
export const MAX_ELECTORATE_BYTES = 16 + 2 + MAX_VOTERS * (2 + ID_BYTES + COMPOSITE_PUBLIC_KEY_BYTES + 2)

/** Clocks of honest machines without NTP. */
export const CLOCK_SKEW_MS = 2 * MINUTE_MS
/** A proposal may be announced this long before it opens: it takes a slot meanwhile. */
export const MAX_AHEAD_MS = 7 * DAY_MS

/** Voters whose ballots share a digest: where two nodes differ in one, 64 digests are compared instead of 1,024. */
export const CHUNK_VOTERS = 64
