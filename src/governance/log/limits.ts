import { COMPOSITE_SIGNATURE_BYTES } from '../../crypto/composite.ts'
import { MAX_OUTLINE_BYTES, MAX_PROPOSAL_BYTES } from '../limits.ts'

/** Every limit of the decision log, with its reason. Sizes in bytes, times in milliseconds. */

/**
 * Certificates, entries and proofs of lock hold a signature (3,373 bytes) for each attester, and every message goes to every
 * other: 21 keep a certificate at 71 kB and a round at some hundred messages.
 */
export const MAX_ATTESTERS = 21
/** What a proposal does cannot weigh more than the proposal. */
export const MAX_EFFECTS_BYTES = MAX_PROPOSAL_BYTES
/** Timelocks that one record ends; those left over make the next record due at once. */
export const MAX_EXECUTED = 16
/** Passed proposals that wait for their timelock. Members have few slots each, so that many are a fault of the rules. */
export const MAX_PENDING = 1_024
/** A record is what it closes with its effects, what it executes, and some hashes. */
export const MAX_RECORD_BYTES = MAX_EFFECTS_BYTES + 1_024
/** What comes beside a proposed record so that it can be judged: the list of a vote set by its ids. */
export const MAX_SUPPORT_BYTES = MAX_OUTLINE_BYTES

/** A certificate or proof of lock: round, count, and at most one signature an attester. */
export const MAX_PROOF_BYTES = 4 + 1 + MAX_ATTESTERS * (2 + COMPOSITE_SIGNATURE_BYTES)
/** Clock readings of all attesters, as a proposal carries them. */
export const MAX_ENTRIES_BYTES = 1 + MAX_ATTESTERS * (2 + 8 + COMPOSITE_SIGNATURE_BYTES)
/** A record with its certificate. */
export const MAX_DECISION_BYTES = 4 + MAX_RECORD_BYTES + MAX_PROOF_BYTES
/** The longest message is a proposal with all that it can carry. */
export const MAX_MESSAGE_BYTES =
  256 + COMPOSITE_SIGNATURE_BYTES + 8 + MAX_RECORD_BYTES + MAX_SUPPORT_BYTES + MAX_ENTRIES_BYTES + MAX_PROOF_BYTES
/** A sign-lock: a value with its support and its proof of lock. */
export const MAX_SIGN_LOCK_BYTES = 256 + 8 + MAX_RECORD_BYTES + MAX_SUPPORT_BYTES + MAX_PROOF_BYTES

/** Rounds behind and ahead of the own one whose messages are kept. Older ones are carried by proofs of lock, later ones asked for. */
export const ROUNDS_KEPT = 3
/** Different things that are kept of one attester for one slot: two are the evidence, a third proves nothing more. */
export const MAX_BODIES = 2
/** Proposals whose bringer is remembered: two or three for each round that is kept. */
export const MAX_BRINGERS = 32
/** A timeout does not grow beyond this: whoever waits longer for a message will ask again anyway. */
export const MAX_TIMEOUT_MS = 60_000
/** Records whose hash and attesters are remembered, to notice another certificate for the same height; older ones are on disk. */
export const MAX_REMEMBERED_RECORDS = 256
