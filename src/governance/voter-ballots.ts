import { equalBytes } from '../crypto/constant-time.ts'
import { type Hashing, label } from './form.ts'
import { REVISIONS } from './limits.ts'
import { EMPTY_SLOT, type Identified, joinSlots, slotWith } from './slot.ts'

/** A ballot as far as the lattice sees it. */
export interface BallotItem extends Identified {
  /** 0 to 3. */
  readonly revision: number
}

/**
 * All ballots of one voter for one proposal: the product of the slots of its four revisions, in which an equivocation in
 * any of them is the one top element: such a voter is void, whatever else it says.
 */
export type VoterBallots<Item extends BallotItem> =
  | { readonly kind: 'nothing' }
  /** Ascending by revision, one each. */
  | { readonly kind: 'ballots'; readonly ballots: readonly Item[] }
  /** Two bodies of one revision. Any two prove it, so which they are is no part of the state. */
  | { readonly kind: 'void'; readonly evidence: readonly [Item, Item] }

const NOTHING = { kind: 'nothing' } as const
const VOTER_LABEL = label('x0-voter/1\0')
const VOID_LABEL = label('x0-voter-void/1\0')

export function noBallots(): VoterBallots<never> {
  return NOTHING
}

export function ballotsOf<Item extends BallotItem>(item: Item): VoterBallots<Item> {
  return { kind: 'ballots', ballots: [item] }
}

/** The least state above both. Answers `one` itself where `other` adds nothing. */
export function joinVoters<Item extends BallotItem>(one: VoterBallots<Item>, other: VoterBallots<Item>): VoterBallots<Item> {
  if (one.kind === 'void' || other.kind === 'nothing') return one
  if (one.kind === 'nothing' || other.kind === 'void') return other
  const ballots: Item[] = []
  for (let revision = 0; revision < REVISIONS; revision++) {
    const slot = joinSlots(slotOf(one.ballots, revision), slotOf(other.ballots, revision))
    if (slot.kind === 'equivocation') return { kind: 'void', evidence: slot.evidence }
    if (slot.kind === 'one') ballots.push(slot.body)
  }
  return ballots.length === one.ballots.length ? one : { kind: 'ballots', ballots }
}

/** Whether `one` is below `other` or the same. */
export function isVoterAtMost(one: VoterBallots<BallotItem>, other: VoterBallots<BallotItem>): boolean {
  if (one.kind === 'nothing' || other.kind === 'void') return true
  if (one.kind === 'void' || other.kind === 'nothing') return false
  return one.ballots.every((item) => holdsBallot(other, item))
}

/** Whether `item` would change nothing. */
export function holdsBallot(voter: VoterBallots<BallotItem>, item: BallotItem): boolean {
  if (voter.kind !== 'ballots') return voter.kind === 'void'
  return voter.ballots.some(({ revision, id }) => revision === item.revision && equalBytes(id, item.id))
}

/** The ballot that counts: the highest revision. Undefined for who said nothing, or is void. */
export function countedBallot<Item extends BallotItem>(voter: VoterBallots<Item>): Item | undefined {
  return voter.kind === 'ballots' ? voter.ballots.at(-1) : undefined
}

/** SHA-256 over the state, 32 bytes. The same for all that are void; undefined where there is nothing. */
export function voterDigest(backend: Hashing, voter: VoterBallots<BallotItem>): Uint8Array | undefined {
  switch (voter.kind) {
    case 'nothing':
      return undefined
    case 'void':
      return backend.sha256(VOID_LABEL)
    case 'ballots':
      return backend.sha256(VOTER_LABEL, ...voter.ballots.flatMap(({ revision, id }) => [Uint8Array.of(revision), id]))
  }
}

function slotOf<Item extends BallotItem>(ballots: readonly Item[], revision: number) {
  const item = ballots.find((ballot) => ballot.revision === revision)
  return item === undefined ? EMPTY_SLOT : slotWith(item)
}
