import { COMPOSITE_SIGNATURE_BYTES, compositePublicKey } from '../../src/crypto/composite.ts'
import { type CancelContent, cancelBody, decodeCancel } from '../../src/governance/cancel.ts'
import { type ElectorateSnapshot, makeElectorate, type Voter } from '../../src/governance/electorate.ts'
import type { LogView, Terms } from '../../src/governance/log-view.ts'
import { decodeProposal, type Proposal, type ProposalContent, proposalBody } from '../../src/governance/proposal.ts'
import { FIRST_SLOTS, type UsableSlots } from '../../src/governance/proposal-slots.ts'
import type { Question } from '../../src/governance/question.ts'
import type { NetworkRules, Rules } from '../../src/governance/rules.ts'
import { decodeVote, type Vote, type VoteContent, voteBody } from '../../src/governance/vote.ts'
import { x0IdOf } from '../../src/identity/x0-id.ts'
import { NATIVE } from '../crypto/backends.ts'
import { toHex } from '../crypto/published-vectors.ts'

/** A moment in 2026, when the proposals of tests open. */
export const T = 1_767_225_600_000
export const HOUR = 3_600_000
export const NETWORK = new Uint8Array(32).fill(7)

/** What stands where a signature belongs, in tests that check none. Another `seed`, another signature of the same body. */
export function unsigned(body: Uint8Array, seed = 0): Uint8Array {
  const signature = new Uint8Array(COMPOSITE_SIGNATURE_BYTES)
  new DataView(signature.buffer).setUint32(0, seed)
  return Buffer.concat([body, signature])
}

/** A voter whose key nobody has. */
export function madeUpVoter(index: number, weight = 1): Voter {
  const mldsa65 = new Uint8Array(1_952).fill(index & 0xff)
  const ed25519 = new Uint8Array(32).fill(index & 0xff)
  for (const half of [mldsa65, ed25519]) half[0] = index >> 8
  const key = compositePublicKey({ mldsa65, ed25519 })
  return { index, x0Id: x0IdOf(NATIVE, { mldsa65, ed25519 }), key, weight }
}

export function madeUpElectorate(weights: readonly number[]): ElectorateSnapshot {
  return makeElectorate(
    NATIVE,
    weights.map((weight, index) => madeUpVoter(index, weight)),
  )
}

export const NETWORK_RULES: NetworkRules = {
  quorum: 4_000,
  threshold: 5_000,
  vetoThreshold: 3_333,
  timelockMs: 0,
  minVotingPeriodMs: 1_000,
  maxVotingPeriodMs: 30 * 24 * HOUR,
}

export function rulesOf(electorate: ElectorateSnapshot, changed: Partial<Rules> = {}): Rules {
  const { quorum, threshold, vetoThreshold, timelockMs } = NETWORK_RULES
  return { quorum, threshold, vetoThreshold, timelockMs, votingPeriodMs: HOUR, electorateRoot: electorate.root, ...changed }
}

export const YES_NO: Question = { kind: 'yes-no', effects: [{ kind: 'text', text: 'so be it' }] }

export function proposalContent(electorate: ElectorateSnapshot, changed: Partial<ProposalContent> = {}): ProposalContent {
  const rules = rulesOf(electorate)
  const words = { title: 'Shall we?', text: 'Why\nnot.' }
  return { networkId: NETWORK, author: 0, slot: 1, rules, opensAt: T, question: YES_NO, ...words, ...changed }
}

export function proposalOf(electorate: ElectorateSnapshot, changed: Partial<ProposalContent> = {}, seed = 0): Proposal {
  return decodeProposal(NATIVE, unsigned(proposalBody(proposalContent(electorate, changed)), seed))
}

export function voteOf(proposal: Proposal, changed: Partial<VoteContent> = {}, seed = 0): Vote {
  const content: VoteContent = {
    networkId: NETWORK,
    proposalId: proposal.id,
    voter: 0,
    revision: 0,
    choice: { form: 'yes' },
    ...changed,
  }
  return decodeVote(NATIVE, unsigned(voteBody(content), seed))
}

export function cancelOf(proposal: Proposal, changed: Partial<CancelContent> = {}, seed = 0) {
  const content: CancelContent = { networkId: NETWORK, proposalId: proposal.id, author: proposal.author, ...changed }
  return decodeCancel(NATIVE, unsigned(cancelBody(content), seed))
}

export interface LogSettings {
  readonly electorate: ElectorateSnapshot
  readonly terms?: readonly Terms[]
  readonly usable?: ReadonlyMap<number, UsableSlots>
  readonly closed?: readonly Uint8Array[]
  readonly revoked?: readonly number[]
}

/** A decision log by hand. Every voter of `electorate` has one key. */
export function logOf({ electorate, terms, usable, closed = [], revoked = [] }: LogSettings): LogView {
  const closedIds = new Set(closed.map(toHex))
  return {
    networkId: NETWORK,
    terms: terms ?? [{ rules: NETWORK_RULES, electorate, since: 0, until: undefined }],
    usableSlots: (author) => usable?.get(author) ?? FIRST_SLOTS,
    isClosed: (id) => closedIds.has(toHex(id)),
    isRevoked: (index) => revoked.includes(index),
    keysOf: (index) => electorate.voters.filter((voter) => voter.index === index).map(({ key }) => key),
  }
}
