import { equalBytes } from '../crypto/constant-time.ts'
import { ACCEPTANCE_CONTEXT, acceptanceBody } from './acceptance.ts'
import {
  type BallotState,
  type IgnoreReason,
  type OpenProposal,
  openProposal,
  placeKey,
  type RejectReason,
  type SignatureCheck,
} from './ballot-state.ts'
import type { Cancel } from './cancel.ts'
import { fits } from './choice.ts'
import { positionOf } from './electorate.ts'
import { hexOf } from './form.ts'
import { MAX_AHEAD_MS } from './limits.ts'
import { type LogView, termsOf } from './log-view.ts'
import type { Proposal } from './proposal.ts'
import { allEffects } from './question.ts'
import { contextOf, type SignedObject, signerIndex } from './signed-object.ts'
import type { Vote } from './vote.ts'
import { holdsBallot } from './voter-ballots.ts'

export type Examination =
  | { readonly ignore: IgnoreReason }
  | { readonly reject: RejectReason }
  /** New, if all of these hold. */
  | { readonly checks: readonly SignatureCheck[] }

/** What can be said of an object without a look at its signature: the cheap questions, in an order that costs least. */
export function examine(state: BallotState, view: LogView, object: SignedObject, now: number): Examination {
  if (!equalBytes(object.networkId, view.networkId)) return { reject: 'foreign' }
  if (object.type === 'proposal') return examineProposal(state, view, object, now)
  const parent = openProposal(state, object.proposalId)
  const verdict = parent === undefined ? examineOrphan(state, view, object) : examineChild(parent, object)
  return verdict ?? withKeys(view, object, [])
}

function examineProposal(state: BallotState, view: LogView, proposal: Proposal, now: number): Examination {
  const { author, slot } = proposal
  const usable = view.usableSlots(author)
  if (!usable.includes(slot)) return { ignore: slot > Math.max(...usable) ? 'slot-ahead' : 'closed' }
  const present = state.open.get(placeKey(author, slot))?.slot
  if (present?.kind === 'equivocation') return { ignore: 'void' }
  if (present?.kind === 'one' && equalBytes(present.body.id, proposal.id)) return { ignore: 'known' }
  const electorate = termsOf(view, proposal)?.electorate
  if (electorate === undefined) return { ignore: 'unknown-terms' }
  if (positionOf(electorate, author) === undefined) return { reject: 'not-in-electorate' }
  if (proposal.opensAt > now + MAX_AHEAD_MS) return { ignore: 'early' }
  const attesters = allEffects(proposal.question).flatMap((effect) => (effect.kind === 'elect-attesters' ? effect.add : []))
  if (attesters.some(({ index }) => positionOf(electorate, index) === undefined)) return { reject: 'attesters' }
  const acceptances = attesters.map(({ index, weight, acceptance }) => ({
    keys: view.keysOf(index),
    message: acceptanceBody({ networkId: proposal.networkId, index, weight, author, slot }),
    signature: acceptance,
    context: ACCEPTANCE_CONTEXT,
  }))
  return withKeys(view, proposal, acceptances)
}

/** What is said of a proposal that is not here. */
function examineOrphan(state: BallotState, view: LogView, object: Vote | Cancel): Examination | undefined {
  if (view.isClosed(object.proposalId)) return { ignore: 'closed' }
  return state.orphans.orphans.has(hexOf(object.id)) ? { ignore: 'unknown-parent' } : undefined
}

function examineChild(parent: OpenProposal, object: Vote | Cancel): Examination | undefined {
  if (parent.slot.kind !== 'one') return { ignore: 'void' }
  const proposal = parent.slot.body
  if (object.type === 'cancel') {
    if (object.author !== proposal.author) return { reject: 'not-the-author' }
    return parent.ballots.isCancelled ? { ignore: 'known' } : undefined
  }
  const position = positionOf(parent.electorate, object.voter)
  if (position === undefined) return { reject: 'not-in-electorate' }
  if (!fits(object.choice, proposal.question)) return { reject: 'misfit' }
  return holdsBallot(parent.ballots.voter(position), object) ? { ignore: 'known' } : undefined
}

function withKeys(view: LogView, object: SignedObject, acceptances: readonly SignatureCheck[]): Examination {
  const keys = view.keysOf(signerIndex(object))
  if (keys.length === 0) return { ignore: 'unknown-member' }
  const { body: message, signature } = object
  return { checks: [{ keys, message, signature, context: contextOf(object) }, ...acceptances] }
}
