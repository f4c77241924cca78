import { type AttesterSet, attesterOf } from './attester-set.ts'
import { ROUNDS_KEPT } from './limits.ts'
import type { ConsensusMessage, Value } from './message.ts'
import { holdsHonest } from './quorum.ts'
import { RoundBook } from './round-book.ts'

/** The rounds of a height: a few books around the current one, and how far each attester says that it is. */
export class Rounds {
  readonly #set: AttesterSet
  readonly #isQuorum: (weight: number, total: number) => boolean
  readonly #books = new Map<number, RoundBook>()
  readonly #highest = new Map<number, number>()
  #current = 0
  #reached = -1

  constructor(set: AttesterSet, isQuorum: (weight: number, total: number) => boolean) {
    this.#set = set
    this.#isQuorum = isQuorum
  }

  /** Moves on, and forgets the books that are too far behind. */
  enter(round: number): void {
    this.#current = round
    for (const other of this.#books.keys()) if (!this.#isKept(other)) this.#books.delete(other)
  }

  /** The book of a round; undefined where that round is too far away to be kept. */
  book(round: number): RoundBook | undefined {
    if (!this.#isKept(round)) return undefined
    const present = this.#books.get(round)
    if (present !== undefined) return present
    const made = new RoundBook(this.#set, this.#isQuorum)
    this.#books.set(round, made)
    return made
  }

  all(): Iterable<RoundBook> {
    return this.#books.values()
  }

  /** Whether a message would change anything; says nothing of whether it is true. */
  isNews(message: ConsensusMessage): boolean {
    const book = this.book(message.round)
    if (book !== undefined) return book.wants(message)
    return message.round > this.#current && message.round > (this.#highest.get(message.attester) ?? -1)
  }

  /** An attester has spoken in this round. */
  saw(attester: number, round: number): void {
    if (round <= (this.#highest.get(attester) ?? -1)) return
    this.#highest.set(attester, round)
    this.#reached = this.#highestOfThird()
  }

  /** The highest round that more than a third of the weight has reached, so that an honest attester has; -1 for none. */
  get reached(): number {
    return this.#reached
  }
  /** What a hash stands for, if a proposal brought it. */
  content(value: string): Value | undefined {
    for (const book of this.#books.values()) {
      const proposal = book.proposals.find((candidate) => candidate.value === value)
      if (proposal !== undefined) return proposal.content
    }
    return undefined
  }

  #highestOfThird(): number {
    const descending = [...this.#highest].sort(([, one], [, other]) => other - one)
    let weight = 0
    for (const [attester, round] of descending) {
      weight += attesterOf(this.#set, attester)?.weight ?? 0
      if (holdsHonest(weight, this.#set.weight)) return round
    }
    return -1
  }

  #isKept(round: number): boolean {
    return round >= this.#current - ROUNDS_KEPT && round <= this.#current + ROUNDS_KEPT
  }
}
