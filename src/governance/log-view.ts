import type { ElectorateSnapshot } from './electorate.ts'
import { CLOCK_SKEW_MS } from './limits.ts'
import type { Proposal } from './proposal.ts'
import type { UsableSlots } from './proposal-slots.ts'
import { isCopyOf, type NetworkRules } from './rules.ts'

/** Rules and electorate that were in force together. */
export interface Terms {
  readonly rules: NetworkRules
  readonly electorate: ElectorateSnapshot
  /** The attesters' median time of the record that brought them, wall clock ms. */
  readonly since: number
  /** Of the record that ended them; undefined while they are in force. */
  readonly until: number | undefined
}

/** What ballots need to know of the decision log, as far as this node has followed it. */
export interface LogView {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /**
   * In force, and those that ended less than the longest voting period (90 days) before the last record: proposals under
   * them may still be open. By the time of the log, not by a clock, so that nodes that are level have the same.
   */
  readonly terms: readonly Terms[]
  /** The slots that this author may use, ascending. */
  usableSlots(author: number): UsableSlots
  /** Whether a record closed the proposal with this id. */
  isClosed(proposalId: Uint8Array): boolean
  /** Whether the voter with this index is a member no more. Its ballots are taken and left out at the tally. */
  isRevoked(index: number): boolean
  /**
   * The composite public keys that a signature of this voter may be of: its key, and those that it had under any of the
   * terms. Those of the revoked stay, or nodes that hear late would hold other sets. Empty for an index that nobody has.
   */
  keysOf(index: number): readonly Uint8Array[]
}

/** The terms that were in force when the proposal opened; undefined where this log has none such (yet). */
export function termsOf(view: LogView, proposal: Proposal): Terms | undefined {
  return view.terms.find(
    ({ rules, electorate, since, until }) =>
      isCopyOf(rules, electorate.root, proposal.rules) &&
      proposal.opensAt >= since - CLOCK_SKEW_MS &&
      (until === undefined || proposal.opensAt < until),
  )
}

/** The terms that a proposal made now gets. */
export function currentTerms(view: LogView): Terms | undefined {
  return view.terms.find(({ until }) => until === undefined)
}
