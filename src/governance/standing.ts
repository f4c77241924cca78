import { type BallotState, type OpenProposal, openProposal, placeKey } from './ballot-state.ts'
import type { Choice } from './choice.ts'
import { positionOf } from './electorate.ts'
import { REVISIONS } from './limits.ts'
import { currentTerms, type LogView, type Terms } from './log-view.ts'
import type { Proposal } from './proposal.ts'
import { allEffects, type Question } from './question.ts'
import { votesFor } from './tally.ts'
import { countedBallot } from './voter-ballots.ts'

/** Why somebody may not vote. */
export type NoVote =
  /** Not here, or closed. */
  | 'unknown-proposal'
  /** Its author signed two proposals for this slot: nothing that is said of them counts. */
  | 'void-proposal'
  | 'cancelled'
  /** May vote in general, or not, but was not in the electorate when this opened. */
  | 'not-in-electorate'
  | 'revoked'
  /** Signed two ballots for one revision: none of its ballots counts. */
  | 'void-voter'
  | 'not-open-yet'
  | 'over'
  /** All four revisions are used. */
  | 'no-revision-left'

/** What a voter is told before it signs. */
export interface VotingStanding {
  /** Undefined: may vote. */
  readonly whyNot: NoVote | undefined
  /** Of the vote; 0 for who has none. */
  readonly weight: number
  /** Wall clock ms: from here ... */
  readonly opensAt: number | undefined
  /** ... to before here. */
  readonly until: number | undefined
  /** Wall clock ms of the earliest moment that it can be carried out. */
  readonly executableAt: number | undefined
  /** That the next ballot has; undefined for who may not vote. */
  readonly revision: number | undefined
  /** What counts of this voter now. */
  readonly said: Choice | undefined
  /** It has effects that this version does not know: where it passes, this node cannot follow. */
  readonly upgradeNeeded: boolean
}

/** Whether the voter with `index` (undefined: somebody who has none) may vote now (wall clock ms), and what with. */
export function votingStanding(
  state: BallotState,
  view: LogView,
  proposalId: Uint8Array,
  index: number | undefined,
  now: number,
): VotingStanding {
  const open = openProposal(state, proposalId)
  if (open?.slot.kind !== 'one') return nobodys(open === undefined ? 'unknown-proposal' : 'void-proposal')
  const proposal = open.slot.body
  const position = index === undefined ? undefined : positionOf(open.electorate, index)
  const voter = position === undefined ? undefined : open.ballots.voter(position)
  const said = voter && countedBallot(voter)
  const next = said === undefined ? 0 : said.revision + 1
  const whyNot =
    index === undefined || voter === undefined
      ? 'not-in-electorate'
      : (obstacle(open, proposal, now) ??
        (view.isRevoked(index)
          ? 'revoked'
          : voter.kind === 'void'
            ? 'void-voter'
            : next >= REVISIONS
              ? 'no-revision-left'
              : undefined))
  return {
    whyNot,
    weight: position === undefined ? 0 : (open.electorate.voters[position]?.weight ?? 0),
    opensAt: proposal.opensAt,
    until: proposal.deadline,
    executableAt: proposal.executableAt,
    revision: whyNot === undefined ? next : undefined,
    said: said?.choice,
    upgradeNeeded: allEffects(proposal.question).some(({ kind }) => kind === 'unknown'),
  }
}

/** The weight that a choice brings in all; for `quadratic` weight times votes. An abstention brings its weight to the quorum. */
export function powerOf(choice: Choice, weight: number): number {
  if (choice.form !== 'spend') return weight
  return votesFor(choice).reduce((sum, [, votes]) => sum + weight * votes, 0)
}

/** The credits that a choice leaves unspent; undefined where the question gives none. */
export function creditsLeft(question: Question, choice: Choice): number | undefined {
  if (question.kind !== 'quadratic') return undefined
  return choice.form === 'spend'
    ? choice.spending.reduce((left, { credits }) => left - credits, question.credits)
    : question.credits
}

/** Why somebody may not propose. */
export type NoProposal = 'not-a-member' | 'revoked' | 'no-slot-left'

export type ProposingStanding =
  | { readonly whyNot: NoProposal }
  /** `slot`: the number of the next proposal; `terms`: what its rules are a copy of. */
  | { readonly whyNot: undefined; readonly slot: number; readonly terms: Terms }

/** Whether the voter with `index` may propose, and with which slot: the lowest that is free here. */
export function proposingStanding(state: BallotState, view: LogView, index: number | undefined): ProposingStanding {
  const terms = currentTerms(view)
  if (terms === undefined || index === undefined || positionOf(terms.electorate, index) === undefined) {
    return { whyNot: 'not-a-member' }
  }
  if (view.isRevoked(index)) return { whyNot: 'revoked' }
  const slot = view.usableSlots(index).find((number) => !state.open.has(placeKey(index, number)))
  return slot === undefined ? { whyNot: 'no-slot-left' } : { whyNot: undefined, slot, terms }
}

/** Why somebody may not take a proposal back. */
export type NoCancel = 'unknown-proposal' | 'void-proposal' | 'cancelled' | 'not-the-author' | 'over'

/** Undefined: the voter with `index` may take it back now. It may do so before it opens. */
export function whyNotCancel(
  state: BallotState,
  proposalId: Uint8Array,
  index: number | undefined,
  now: number,
): NoCancel | undefined {
  const open = openProposal(state, proposalId)
  if (open?.slot.kind !== 'one') return open === undefined ? 'unknown-proposal' : 'void-proposal'
  if (open.slot.body.author !== index) return 'not-the-author'
  const found = obstacle(open, open.slot.body, now)
  return found === 'not-open-yet' ? undefined : found
}

function obstacle(open: OpenProposal, proposal: Proposal, now: number): 'cancelled' | 'not-open-yet' | 'over' | undefined {
  if (open.ballots.isCancelled) return 'cancelled'
  if (now >= proposal.deadline) return 'over'
  return now < proposal.opensAt ? 'not-open-yet' : undefined
}

function nobodys(whyNot: NoVote): VotingStanding {
  const times = { opensAt: undefined, until: undefined, executableAt: undefined }
  return { whyNot, weight: 0, ...times, revision: undefined, said: undefined, upgradeNeeded: false }
}
