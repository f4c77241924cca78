import type { Verdict } from './consensus-form.ts'
import { cutDelay, lateAfter, type Timing } from './timing.ts'

/**
 * Sets of votes in lattice order: a slot is empty, holds one body, or holds the mark that its voter signed two. Values never
 * change; joining makes another.
 */
export interface VoteSets<Set> {
  /** Whether `part` says nothing that is not in `set`. */
  includes(set: Set, part: Set): boolean
  join(one: Set, other: Set): Set
  /** SHA-256, hex: the same for equal sets on every node. */
  root(set: Set): string
}

/** What an attester had, and when, of the votes on one proposal. */
export interface CutStart<Set> {
  /** Wall clock ms: D. */
  readonly deadline: number
  /** All that is here. */
  readonly mine: Set
  /** Of it, what was here before the deadline, as the disk has it. */
  readonly timely: Set
  /** Whether this process saw all arrive: one that started later than the proposal cannot say what it had when. */
  readonly isWitness: boolean
}

/**
 * The fair cut: an attester accepts a vote set if it holds every vote that the attester had before the deadline D, by its own
 * clock, and none that it had not by D + 2 delta + epsilon. After the first R0 rounds only the former counts.
 */
export class FairCut<Set> {
  readonly #sets: VoteSets<Set>
  readonly #timing: Timing
  readonly #deadline: number
  readonly #isWitness: boolean
  #mine: Set
  /** What was here at D, at the cut, and when votes became late; undefined until then. */
  #timely: Set | undefined
  #cut: Set | undefined
  #early: Set | undefined

  constructor(sets: VoteSets<Set>, timing: Timing, start: CutStart<Set>, wall: number) {
    this.#sets = sets
    this.#timing = timing
    this.#deadline = start.deadline
    this.#isWitness = start.isWitness
    this.#mine = start.mine
    if (wall >= start.deadline) this.#timely = start.timely
    this.#look(wall)
  }

  get mine(): Set {
    return this.#mine
  }

  /** Votes have come, at this time of the own wall clock. */
  take(part: Set, wall: number): void {
    this.#look(wall)
    this.#mine = this.#sets.join(this.#mine, part)
  }

  /** The set to propose in this round, or from when on there is one. */
  propose(round: number, strictRounds: number, wall: number): Set | { readonly notBefore: number } {
    this.#look(wall)
    const cutAt = this.#deadline + cutDelay(this.#timing)
    if (wall < cutAt) return { notBefore: cutAt }
    return round < strictRounds ? (this.#cut ?? this.#mine) : this.#mine
  }

  /**
   * What an attester thinks of a set that is new in this round. It waits until its own deadline has passed, since what comes
   * before that still has to be in the set, and until all of the set is here.
   */
  judge(set: Set, round: number, strictRounds: number, wall: number): Verdict {
    this.#look(wall)
    if (this.#timely === undefined) return 'wait'
    if (!this.#sets.includes(set, this.#timely)) return 'refuse'
    if (!this.#sets.includes(this.#mine, set)) return 'wait'
    const isStrict = this.#isWitness && round < strictRounds
    return isStrict && !this.#sets.includes(this.#early ?? this.#mine, set) ? 'refuse' : 'accept'
  }

  /** Keeps what is here at the moments that matter; between two looks nothing has come. */
  #look(wall: number): void {
    if (wall >= this.#deadline) this.#timely ??= this.#mine
    if (wall >= this.#deadline + cutDelay(this.#timing)) this.#cut ??= this.#mine
    // at that very millisecond a vote is not late yet
    if (wall > this.#deadline + lateAfter(this.#timing)) this.#early ??= this.#mine
  }
}
