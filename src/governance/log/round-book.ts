import { equalBytes } from '../../crypto/constant-time.ts'
import { type AttesterSet, attesterOf } from './attester-set.ts'
import { MAX_BODIES } from './limits.ts'
import type { ClockReading, ConsensusMessage, Entry, Proposal, Vote } from './message.ts'
import type { QuorumProof, Signed } from './quorum-proof.ts'
import { isSameStatement, type VoteKind } from './statement.ts'

export interface Added {
  /** Whether it was kept; it was known, or there are two others of its slot already, where it was not. */
  readonly isNew: boolean
  /** Another one of the same slot: the evidence that its signer said two things. */
  readonly conflict: ConsensusMessage | undefined
}

/**
 * What was said in one round, two different bodies a slot at most. A vote counts for its value even where its signer cast
 * another: whoever cheats is below a third, and an honest attester that saw the one must agree with those who saw the other.
 */
export class RoundBook {
  readonly #set: AttesterSet
  readonly #isQuorum: (weight: number, total: number) => boolean
  readonly #entries = new Map<number, readonly Entry[]>()
  readonly #proposals: Proposal[] = []
  readonly #votes: Readonly<Record<VoteKind, Map<number, readonly Vote[]>>> = { prevote: new Map(), precommit: new Map() }
  readonly #weights: Readonly<Record<VoteKind, Map<string | undefined, number>>> = { prevote: new Map(), precommit: new Map() }

  constructor(set: AttesterSet, isQuorum: (weight: number, total: number) => boolean) {
    this.#set = set
    this.#isQuorum = isQuorum
  }

  /** Whether a message is news and has a place, true or not. */
  wants(message: ConsensusMessage): boolean {
    const present = this.#present(message)
    if (present.some((other) => isSameStatement(other, message))) return false
    return present.length < MAX_BODIES || this.#isAwaited(message)
  }

  add(message: ConsensusMessage): Added {
    if (!this.wants(message)) return { isNew: false, conflict: undefined }
    const [conflict] = this.#present(message)
    this.#put(message)
    return { isNew: true, conflict }
  }

  /** First come first; a cheating proposer has two, or one more where the votes are for it. */
  get proposals(): readonly Proposal[] {
    return this.#proposals
  }

  /** The first of each attester, ascending by attester. */
  entries(): readonly Entry[] {
    const first = [...this.#entries.values()].flatMap((entries) => entries.slice(0, 1))
    return first.sort((one, other) => one.attester - other.attester)
  }

  hasEntryQuorum(): boolean {
    return this.#isQuorum(this.#weightOf(this.#entries.keys()), this.#set.weight)
  }

  /** Whether more than two thirds cast a vote of this kind, for whatever. */
  hasAnyQuorum(kind: VoteKind): boolean {
    return this.#isQuorum(this.#weightOf(this.#votes[kind].keys()), this.#set.weight)
  }

  hasQuorum(kind: VoteKind, value: string | undefined): boolean {
    return this.#isQuorum(this.#weights[kind].get(value) ?? 0, this.#set.weight)
  }

  /** The values that more than two thirds voted for; more than one only if a third cheats. */
  quorums(kind: VoteKind): readonly string[] {
    return [...this.#weights[kind].keys()].flatMap((value) => (value !== undefined && this.hasQuorum(kind, value) ? [value] : []))
  }

  /** The proof of a quorum that is there. */
  proof(kind: VoteKind, value: string): QuorumProof {
    const votes = [...this.#votes[kind].values()].flat().filter((vote) => vote.value === value)
    const signatures: Signed[] = votes
      .map(({ attester, signature }) => ({ attester, signature }))
      .sort((one, other) => one.attester - other.attester)
    const [first] = votes
    if (first === undefined) throw new RangeError('a proof without a vote')
    return { kind, height: first.height, epoch: first.epoch, round: first.round, value, signatures }
  }

  /** This vote with this very signature. */
  holdsVote(kind: VoteKind, value: string, { attester, signature }: Signed): boolean {
    const votes = this.#votes[kind].get(attester) ?? []
    return votes.some((vote) => vote.value === value && equalBytes(vote.signature, signature))
  }

  /** This clock reading with this very signature. */
  holdsReading({ attester, wall, signature }: ClockReading): boolean {
    const entries = this.#entries.get(attester) ?? []
    return entries.some((entry) => entry.wall === wall && equalBytes(entry.signature, signature))
  }

  /** All that is here, in an order in which it makes sense at once. */
  messages(): readonly ConsensusMessage[] {
    const votes = [...this.#votes.prevote.values(), ...this.#votes.precommit.values()]
    return [...[...this.#entries.values()].flat(), ...this.#proposals, ...votes.flat()]
  }

  /** Bit n is set where the attester at position n has spoken. */
  bits(kind: 'entry' | VoteKind): number {
    const spoken = kind === 'entry' ? this.#entries : this.#votes[kind]
    return this.#set.attesters.reduce((bits, { index }, position) => (spoken.has(index) ? bits | (1 << position) : bits), 0)
  }

  #present(message: ConsensusMessage): readonly ConsensusMessage[] {
    if (message.kind === 'proposal') return this.#proposals
    return (message.kind === 'entry' ? this.#entries : this.#votes[message.kind]).get(message.attester) ?? []
  }

  /** A proposal whose votes are here already is worth a place beyond the two. */
  #isAwaited(message: ConsensusMessage): boolean {
    if (message.kind !== 'proposal' || this.#proposals.some(({ value }) => value === message.value)) return false
    return this.hasQuorum('prevote', message.value) || this.hasQuorum('precommit', message.value)
  }

  #put(message: ConsensusMessage): void {
    if (message.kind === 'proposal') this.#proposals.push(message)
    else if (message.kind === 'entry') this.#entries.set(message.attester, [...this.#of(this.#entries, message), message])
    else {
      const votes = this.#votes[message.kind]
      votes.set(message.attester, [...this.#of(votes, message), message])
      const weights = this.#weights[message.kind]
      weights.set(message.value, (weights.get(message.value) ?? 0) + (attesterOf(this.#set, message.attester)?.weight ?? 0))
    }
  }

  #of<Message>(messages: Map<number, readonly Message[]>, { attester }: { readonly attester: number }): readonly Message[] {
    return messages.get(attester) ?? []
  }

  #weightOf(attesters: Iterable<number>): number {
    let sum = 0
    for (const attester of attesters) sum += attesterOf(this.#set, attester)?.weight ?? 0
    return sum
  }
}
