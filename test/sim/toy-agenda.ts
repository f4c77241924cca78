import { isDeepStrictEqual } from 'node:util'
import type { Verdict } from '../../src/governance/log/consensus-form.ts'
import { FairCut, type VoteSets } from '../../src/governance/log/fair-cut.ts'
import type { Closing } from '../../src/governance/log/record.ts'
import type { Agenda, AgendaContext, ClosingWithSupport } from '../../src/governance/log/record-maker.ts'
import type { Timing } from '../../src/governance/log/timing.ts'
import { type ToyProposal, type ToyState, toyClosing, toyId } from './toy-network.ts'
import { type Votes, votesBytes, votesFrom } from './votes.ts'

/** How an attester deals with the votes; the mutants and the cheats have other ways. */
export interface VotingWays {
  readonly sets: VoteSets<Votes>
  readonly judgesCut: boolean
  /** What a proposer proposes instead of its cut. */
  distort(votes: Votes): Votes
}

/** What one node has of the votes that are under way. */
export class ToyAgenda implements Agenda<ToyState> {
  readonly #ways: VotingWays
  readonly #timing: Timing
  readonly #cuts = new Map<string, { readonly proposal: ToyProposal; readonly cut: FairCut<Votes> }>()

  constructor(ways: VotingWays, timing: Timing) {
    this.#ways = ways
    this.#timing = timing
  }

  /** `timely`: of the votes, those that the disk has had since before the deadline. */
  open(proposal: ToyProposal, start: { mine: Votes; timely: Votes; isWitness: boolean }, wall: number): void {
    const cut = new FairCut(this.#ways.sets, this.#timing, { deadline: proposal.deadline, ...start }, wall)
    this.#cuts.set(toyId(proposal), { proposal, cut })
  }

  has(proposal: ToyProposal): boolean {
    return this.#cuts.has(toyId(proposal))
  }

  votes(proposal: ToyProposal): Votes {
    return this.#cuts.get(toyId(proposal))?.cut.mine ?? 0
  }

  proposals(): readonly ToyProposal[] {
    return [...this.#cuts.values()].map(({ proposal }) => proposal)
  }

  take(proposal: ToyProposal, votes: Votes, wall: number): void {
    this.#cuts.get(toyId(proposal))?.cut.take(votes, wall)
  }

  nextDeadline(state: ToyState): number {
    let next = Number.POSITIVE_INFINITY
    for (const [id, { proposal }] of this.#cuts) {
      if (proposal.deadline < next && !state.closed.includes(id)) next = proposal.deadline
    }
    return next
  }

  propose(state: ToyState, context: AgendaContext): ClosingWithSupport | { readonly notBefore: number } | undefined {
    const due = this.#open(state).filter(({ proposal }) => proposal.deadline <= context.time)
    const [first] = due.sort((one, other) => one.proposal.deadline - other.proposal.deadline)
    if (first === undefined) return undefined
    const answer = first.cut.propose(context.round, context.strictRounds, context.now.wall)
    if (typeof answer !== 'number') return answer
    const votes = this.#ways.distort(answer)
    return { closing: toyClosing(first.proposal, votes), support: votesBytes(votes) }
  }

  judge(_state: ToyState, closing: Closing, support: Uint8Array, context: AgendaContext & { isNew: boolean }): Verdict {
    const known = this.#cuts.get(closing.proposal)
    if (known === undefined) return 'wait'
    const votes = votesFrom(Buffer.from(support).toString('hex'))
    const { proposal, cut } = known
    if (proposal.deadline > context.time || !isDeepStrictEqual(plain(closing), plain(toyClosing(proposal, votes))))
      return 'refuse'
    if (context.isNew && this.#ways.judgesCut) return cut.judge(votes, context.round, context.strictRounds, context.now.wall)
    return this.#ways.sets.includes(cut.mine, votes) ? 'accept' : 'wait'
  }

  #open(state: ToyState) {
    return [...this.#cuts.values()].filter(({ proposal }) => !state.closed.includes(toyId(proposal)))
  }
}

/** Effects as numbers: a Buffer and a Uint8Array of the same bytes are the same effects. */
function plain(closing: Closing): object {
  return { ...closing, effects: [...closing.effects] }
}
