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
/** Ten pages: the largest effect that is known, seven new attesters with their signatures, has 23,655. */
export const MAX_EFFECT_BYTES = 32_768
/** A proposal travels in one gossip message; two of them stay as evidence for each slot. */
export const MAX_PROPOSAL_BYTES = 65_536
/** A sentence. */
export const MAX_REASON_BYTES = 200
/** A paragraph that the log keeps for ever. */
export const MAX_RESOLUTION_BYTES = 1_024
/** As of every node. */
export const MAX_GROUPS = 16
/** A third of the 21 attesters that there may be: one record may not replace more of their weight anyway. */
export const MAX_ATTESTER_CHANGES = 7

/** Follows from the layout (docs/governance.md): 3,500. */
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

/** Follows from the layout: 140. */
export const MAX_TALLY_BYTES = 11 + ID_BYTES + 1 + 1 + 6 * 4 + 1 + MAX_OPTIONS * 4 + 3 * 2

/** Signatures that are being checked: a twentieth of a second's worth for one core. */
export const MAX_CHECKS = 256
/** Of these, of what claims to be one member's: whoever floods in a name holds up that name alone. */
export const MAX_CHECKS_PER_MEMBER = 16
/**
 * What a peer may have checked at once. A signature that holds gives its credit back; one that does not costs it, and it
 * comes back in a second: a peer that brings forged ones costs us one check a second, and who brings good ones is not slowed.
 */
export const CHECK_CREDIT = 64
export const CREDIT_BACK_MS = 1_000
/** Peers whose lost credit is remembered; a node has 64 of them at most. */
export const MAX_CREDITED_PEERS = 256

/** Ballots for proposals that are not here, each signed by a member: 3.6 MB. A proposal comes seconds after them, or never. */
export const MAX_ORPHANS = 1_024
/** Of one member: two proposals with every revision. */
export const MAX_ORPHANS_PER_MEMBER = 8
/** By then sync has brought the proposal, if any neighbour has it. */
export const ORPHAN_LIFE_MS = 10 * MINUTE_MS
/** A proposal that is not here is asked for once in this time. */
export const ASK_AGAIN_MS = 10 * SECOND_MS

/** Proposals that one round of sync looks into; the others have their turn in the next. 51 kB of details. */
export const MAX_SYNC_PROPOSALS = 64
/** Voters whose ballots one round asks for: 3.5 MB of answers as a rule, a second of checks. */
export const MAX_SYNC_VOTERS = 1_024
/** Of the objects in one message: far below the 4 MiB of a frame. */
export const MAX_SEND_BYTES = 1_048_576
/** A message of 1 MiB holds 310 votes; cancellations are a little shorter. */
export const MAX_SEND_OBJECTS = 512
/** What a full round can bring, every voter with four revisions and every place with two proposals of full size. */
export const MAX_SENDS_PER_WANT = 32
/** The objects and their lengths; every other message is shorter. */
export const MAX_SYNC_MESSAGE_BYTES = 1 + 1 + 2 + 4 * MAX_SEND_OBJECTS + MAX_SEND_BYTES

/** Follows from the layout: 134,200. */
export const MAX_OUTLINE_BYTES = 13 + 2 + 4 + 1 + ID_BYTES + 2 + 2 + MAX_VOTERS * (2 + 1 + REVISIONS * ID_BYTES)
