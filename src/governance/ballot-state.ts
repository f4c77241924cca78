import type { BallotSet } from './ballot-set.ts'
import type { Cancel } from './cancel.ts'
import { type CheckCredit, type CheckRefusal, NO_CHECKS } from './check-credit.ts'
import type { ElectorateSnapshot } from './electorate.ts'
import { hexOf } from './form.ts'
import { NO_ORPHANS, type OrphanPool } from './orphan-pool.ts'
import type { Proposal } from './proposal.ts'
import type { SignedObject } from './signed-object.ts'
import type { Slot } from './slot.ts'
import type { Vote } from './vote.ts'

/** A slot of an author with what stands in it, until a record of the log closes it. */
export interface OpenProposal {
  /** Never empty. */
  readonly slot: Slot<Proposal>
  /** Who may vote on it. */
  readonly electorate: ElectorateSnapshot
  readonly ballots: BallotSet<Vote>
  readonly cancel: Cancel | undefined
}

/** All that a node knows of open votes. Bounded by members, slots and revisions, and by the limits of pool and checks. */
export interface BallotState {
  /** By `placeKey`. */
  readonly open: ReadonlyMap<string, OpenProposal>
  /** Keys of `open`, by the id of a proposal (hexadecimal): two ids lead to one place where its author cheated. */
  readonly places: ReadonlyMap<string, string>
  readonly orphans: OrphanPool
  readonly checks: CheckCredit
}

export const NO_BALLOTS: BallotState = { open: new Map(), places: new Map(), orphans: NO_ORPHANS, checks: NO_CHECKS }

export type BallotEvent =
  /** Came in, by gossip or sync. `from`: the peer; undefined for what this node itself signed. */
  | { readonly type: 'received'; readonly object: SignedObject; readonly from: string | undefined }
  /** The answer to a `check`. */
  | { readonly type: 'checked'; readonly object: SignedObject; readonly from: string | undefined; readonly holds: boolean }
  /** Read from our own disk, once the log is, proposals first: it was checked before it was written. */
  | { readonly type: 'restored'; readonly object: SignedObject }
  /** The log has moved on. */
  | { readonly type: 'log-moved' }
  | { readonly type: 'tick' }

/** A signature that has to hold under one of the keys (composite, 1,984 bytes). */
export interface SignatureCheck {
  readonly keys: readonly Uint8Array[]
  readonly message: Uint8Array
  readonly signature: Uint8Array
  readonly context: Uint8Array
}

/** What the bytes themselves prove, with what their hashes name: the same for every node. Whoever passes it on is at fault. */
export type RejectReason = 'foreign' | 'not-in-electorate' | 'not-the-author' | 'misfit' | 'attesters'

/** What depends on what this node knows so far, or on its clock: no fault of whoever passes it on. */
export type IgnoreReason =
  | 'known'
  /** The record that closes its proposal is in the log. */
  | 'closed'
  /** A slot that this log does not give its author yet. */
  | 'slot-ahead'
  /** Rules or electorate that were not in force when it opened, as far as this log goes. */
  | 'unknown-terms'
  /** It opens more than seven days from now. */
  | 'early'
  /** No key is known of its signer. */
  | 'unknown-member'
  /** Waits for its proposal. */
  | 'unknown-parent'
  /** Its author signed two proposals for one slot. */
  | 'void'
  /** No key that this log has for the member fits. It may be a newer one, so it is no proof; but it costs credit. */
  | 'forged'
  | CheckRefusal

/** In this order they are to be done. */
export type BallotEffect =
  /** All of `checks` have to hold; answer with `checked`. */
  | {
      readonly type: 'check'
      readonly object: SignedObject
      readonly from: string | undefined
      readonly checks: readonly SignatureCheck[]
    }
  /** Write it; our own durably, before anything else happens. */
  | { readonly type: 'keep'; readonly object: SignedObject }
  /** Delete what was kept: it counts no more. */
  | { readonly type: 'forget'; readonly objects: readonly SignedObject[] }
  /** Two bodies for one slot: keep both, and say it. `member`: index of who signed them. */
  | { readonly type: 'evidence'; readonly member: number; readonly evidence: readonly [SignedObject, SignedObject] }
  /** Publish it. */
  | { readonly type: 'relay'; readonly object: SignedObject }
  /** Ask this peer (undefined: any) for the proposal. */
  | { readonly type: 'ask'; readonly proposalId: Uint8Array; readonly from: string | undefined }
  /** A record closed the slot: nothing more is taken for it. */
  | { readonly type: 'closed'; readonly author: number; readonly slot: number; readonly last: OpenProposal }
  /** What becomes of what was received. */
  | ({ readonly type: 'settle'; readonly object: SignedObject; readonly from: string | undefined } & Verdict)

export type Verdict =
  | { readonly verdict: 'accept' }
  | { readonly verdict: 'ignore'; readonly reason: IgnoreReason }
  | { readonly verdict: 'reject'; readonly reason: RejectReason }

export interface BallotStep {
  readonly state: BallotState
  readonly effects: readonly BallotEffect[]
}

export function placeKey(author: number, slot: number): string {
  return `${author}:${slot}`
}

/** What stands open under this id; also where it is one of two in a slot. */
export function openProposal(state: BallotState, proposalId: Uint8Array): OpenProposal | undefined {
  const place = state.places.get(hexOf(proposalId))
  return place === undefined ? undefined : state.open.get(place)
}
