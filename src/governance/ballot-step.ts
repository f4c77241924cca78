import { BallotSet } from './ballot-set.ts'
import {
  type BallotEffect,
  type BallotEvent,
  type BallotState,
  type BallotStep,
  type OpenProposal,
  placeKey,
  type Verdict,
} from './ballot-state.ts'
import type { Cancel } from './cancel.ts'
import { checkKey, endCheck, forgetPaid, startCheck } from './check-credit.ts'
import { positionOf } from './electorate.ts'
import { type Examination, examine } from './examine.ts'
import { type Hashing, hexOf } from './form.ts'
import { type LogView, termsOf } from './log-view.ts'
import { askFor, expireOrphans, putOrphan, takeOrphans, waitedFor } from './orphan-pool.ts'
import type { Proposal } from './proposal.ts'
import { type SignedObject, signerIndex } from './signed-object.ts'
import { joinSlots, slotWith } from './slot.ts'
import type { Vote } from './vote.ts'

/** What a step works with. */
interface Work {
  readonly backend: Hashing
  readonly view: LogView
  readonly now: number
  state: BallotState
  readonly effects: BallotEffect[]
}

type From = string | undefined

/**
 * One step of the store of ballots (docs/governance.md): what happened goes in, the new state and what to do come out.
 * Pure: the log as far as it is known and the time (wall clock ms) are arguments. An object is examined without its
 * signature first; what survives comes back as a `check`, and its answer as an event, so that whoever runs this may
 * check on another thread. The world may have changed by then, so it is examined again.
 */
export function ballotStep(backend: Hashing, before: BallotState, event: BallotEvent, view: LogView, now: number): BallotStep {
  const work: Work = { backend, view, now, state: before, effects: [] }
  switch (event.type) {
    case 'received':
      received(work, event.object, event.from)
      break
    case 'checked':
      checked(work, event.object, event.from, event.holds)
      break
    case 'restored':
      restore(work, event.object)
      break
    case 'log-moved':
      logMoved(work)
      break
    case 'tick':
      tick(work)
  }
  return { state: work.state, effects: work.effects }
}

function received(work: Work, object: SignedObject, from: From): void {
  const examination = examine(work.state, work.view, object, work.now)
  if (!('checks' in examination)) {
    settle(work, object, from, verdictOf(examination))
    return
  }
  if (from !== undefined) {
    const key = checkKey(hexOf(object.id), from)
    const started = startCheck(work.state.checks, key, from, signerIndex(object), work.now)
    if ('refusal' in started) {
      settle(work, object, from, { verdict: 'ignore', reason: started.refusal })
      return
    }
    work.state = { ...work.state, checks: started.credit }
  }
  work.effects.push({ type: 'check', object, from, checks: examination.checks })
}

function checked(work: Work, object: SignedObject, from: From, holds: boolean): void {
  if (from !== undefined) {
    const checks = endCheck(work.state.checks, checkKey(hexOf(object.id), from), holds, work.now)
    work.state = { ...work.state, checks }
  }
  if (!holds) {
    settle(work, object, from, { verdict: 'ignore', reason: 'forged' })
    return
  }
  const examination = examine(work.state, work.view, object, work.now)
  if (!('checks' in examination)) {
    settle(work, object, from, verdictOf(examination))
    return
  }
  if (isOrphan(work, object)) {
    adopt(work, object, from)
    return
  }
  take(work, object)
  work.effects.push({ type: 'relay', object })
  settle(work, object, from, { verdict: 'accept' })
  if (object.type === 'proposal') takeWaiting(work, object)
}

/** From disk: it was kept, passed on and told of before. What the log has closed since then can go. */
function restore(work: Work, object: SignedObject): void {
  const examination = examine(work.state, work.view, object, work.now)
  if ('ignore' in examination && examination.ignore === 'closed') work.effects.push({ type: 'forget', objects: [object] })
  if (!('checks' in examination) || isOrphan(work, object)) return
  take(work, object)
  work.effects.length = 0
}

/** Puts a checked object where it belongs. */
function take(work: Work, object: SignedObject): void {
  if (object.type === 'proposal') takeProposal(work, object)
  else if (object.type === 'vote') takeVote(work, object)
  else takeCancel(work, object)
}

function takeProposal(work: Work, proposal: Proposal): void {
  const key = placeKey(proposal.author, proposal.slot)
  const present = work.state.open.get(key)
  const places = new Map(work.state.places).set(hexOf(proposal.id), key)
  if (present === undefined) {
    const electorate = termsOf(work.view, proposal)?.electorate
    if (electorate === undefined) return
    const ballots = BallotSet.empty<Vote>(work.backend, proposal, electorate.voters.length)
    work.state = { ...work.state, places }
    putOpen(work, key, { slot: slotWith(proposal), electorate, ballots, cancel: undefined })
    work.effects.push({ type: 'keep', object: proposal })
    return
  }
  const slot = joinSlots(present.slot, slotWith(proposal))
  if (slot.kind !== 'equivocation') return
  const ballots = present.ballots.voters().flatMap((voter) => (voter.kind === 'ballots' ? voter.ballots : []))
  work.effects.push({ type: 'evidence', member: proposal.author, evidence: slot.evidence })
  const moot = present.cancel === undefined ? ballots : [...ballots, present.cancel]
  if (moot.length > 0) work.effects.push({ type: 'forget', objects: moot })
  work.state = { ...work.state, places }
  putOpen(work, key, { ...present, slot, ballots: present.ballots.voided(), cancel: undefined })
}

function takeVote(work: Work, vote: Vote): void {
  const { key, present } = placeOf(work, vote)
  const position = present === undefined ? undefined : positionOf(present.electorate, vote.voter)
  if (present === undefined || position === undefined) return
  const before = present.ballots.voter(position)
  const ballots = present.ballots.with(position, vote)
  const after = ballots.voter(position)
  if (after.kind === 'void') {
    work.effects.push({ type: 'evidence', member: vote.voter, evidence: after.evidence })
    const moot = before.kind === 'ballots' ? before.ballots.filter((ballot) => !after.evidence.includes(ballot)) : []
    if (moot.length > 0) work.effects.push({ type: 'forget', objects: moot })
  } else {
    work.effects.push({ type: 'keep', object: vote })
  }
  putOpen(work, key, { ...present, ballots })
}

function takeCancel(work: Work, cancel: Cancel): void {
  const { key, present } = placeOf(work, cancel)
  if (present === undefined) return
  putOpen(work, key, { ...present, cancel, ballots: present.ballots.withCancel() })
  work.effects.push({ type: 'keep', object: cancel })
}

/** Its signature holds and its proposal is not here: it waits, and the proposal is asked for. */
function adopt(work: Work, object: Vote | Cancel, from: From): void {
  const orphans = putOrphan(work.state.orphans, { object, from, at: work.now })
  const { pool, ask } = askFor(orphans, object.proposalId, work.now)
  work.state = { ...work.state, orphans: pool }
  if (ask) work.effects.push({ type: 'ask', proposalId: object.proposalId, from })
  settle(work, object, from, { verdict: 'ignore', reason: 'unknown-parent' })
}

/** What waited for this proposal. It was settled when it came; what counts is kept and passed on now. */
function takeWaiting(work: Work, proposal: Proposal): void {
  const { pool, taken } = takeOrphans(work.state.orphans, proposal.id)
  work.state = { ...work.state, orphans: pool }
  for (const { object } of taken) {
    if (!('checks' in examine(work.state, work.view, object, work.now))) continue
    take(work, object)
    work.effects.push({ type: 'relay', object })
  }
}

function logMoved(work: Work): void {
  const open = new Map(work.state.open)
  for (const [key, last] of work.state.open) {
    const { author, slot } = last.ballots.place
    if (work.view.usableSlots(author).includes(slot)) continue
    open.delete(key)
    work.effects.push({ type: 'closed', author, slot, last })
  }
  const places = new Map([...work.state.places].filter(([, key]) => open.has(key)))
  const orphans = expireOrphans(work.state.orphans, work.now, (id) => work.view.isClosed(id))
  work.state = { ...work.state, open, places, orphans }
}

function tick(work: Work): void {
  let orphans = expireOrphans(work.state.orphans, work.now, (id) => work.view.isClosed(id))
  for (const { object } of waitedFor(orphans)) {
    const { pool, ask } = askFor(orphans, object.proposalId, work.now)
    orphans = pool
    // whoever brought it has been asked; by now any neighbour may have it
    if (ask) work.effects.push({ type: 'ask', proposalId: object.proposalId, from: undefined })
  }
  work.state = { ...work.state, orphans, checks: forgetPaid(work.state.checks, work.now) }
}

function isOrphan(work: Work, object: SignedObject): object is Vote | Cancel {
  return object.type !== 'proposal' && !work.state.places.has(hexOf(object.proposalId))
}

function placeOf(work: Work, { proposalId }: Vote | Cancel): { key: string; present: OpenProposal | undefined } {
  const key = work.state.places.get(hexOf(proposalId)) ?? ''
  return { key, present: work.state.open.get(key) }
}

function putOpen(work: Work, key: string, entry: OpenProposal): void {
  work.state = { ...work.state, open: new Map(work.state.open).set(key, entry) }
}

function settle(work: Work, object: SignedObject, from: From, verdict: Verdict): void {
  work.effects.push({ type: 'settle', object, from, ...verdict })
}

function verdictOf(examination: Exclude<Examination, { readonly checks: unknown }>): Verdict {
  return 'reject' in examination
    ? { verdict: 'reject', reason: examination.reject }
    : { verdict: 'ignore', reason: examination.ignore }
}
