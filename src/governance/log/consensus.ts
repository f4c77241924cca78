import { proposerOf } from './attester-set.ts'
import type { ConsensusEffect, ConsensusEvent, ConsensusOptions, Verdict } from './consensus-form.ts'
import { MAX_BRINGERS } from './limits.ts'
import { medianTime } from './median-time.ts'
import { type ConsensusMessage, carriedHash, type Proposal, type Value } from './message.ts'
import { faultOfMessage } from './message-check.ts'
import type { QuorumProof } from './quorum-proof.ts'
import { Rounds } from './rounds.ts'
import type { SignLock, ValidValue } from './sign-lock.ts'
import { SigningDesk, type Words } from './signing-desk.ts'
import type { VoteKind } from './statement.ts'
import { messagesLacked, type Summary, summaryOf } from './summary.ts'
import { type Moment, proposeTimeout, summaryInterval, voteTimeout } from './timing.ts'

type Phase = 'idle' | 'propose' | 'prevote' | 'precommit' | 'decided'

/**
 * One height of Tendermint (Buchman, Kwon, Milosevic 2018, algorithm 1, whose line numbers are cited), among attesters by
 * weight. A state machine without clock, randomness or I/O: each step takes an event and a time and gives effects.
 * docs/governance-log.md has the argument.
 */
export class Consensus {
  readonly #options: ConsensusOptions
  readonly #rounds: Rounds
  readonly #desk: SigningDesk
  readonly #broughtBy = new Map<string, string>()
  /** Values whose judgement waits until the next tick. */
  readonly #waiting = new Set<string>()
  readonly #asked = new Set<string>()
  #phase: Phase = 'idle'
  #round = -1
  #locked: SignLock['locked']
  #valid: ValidValue | undefined
  /** Monotonic ms. */
  #proposeEnds = Number.POSITIVE_INFINITY
  #prevoteEnds = Number.POSITIVE_INFINITY
  #precommitEnds = Number.POSITIVE_INFINITY
  #proposeFrom = Number.POSITIVE_INFINITY
  #summaryAt = Number.POSITIVE_INFINITY
  #now: Moment = { wall: 0, monotonic: 0 }
  #effects: ConsensusEffect[] = []

  constructor(options: ConsensusOptions) {
    const { height, set, networkId, rules, self, maySign, lock, sequence } = options
    this.#options = options
    this.#rounds = new Rounds(set, rules.isQuorum)
    const signer = maySign ? self : undefined
    this.#desk = new SigningDesk({ networkId, height, epoch: set.epoch, signer, stored: lock, sequence })
    this.#locked = this.#desk.lock.locked
    this.#valid = this.#desk.lock.valid
  }

  get height(): number {
    return this.#options.height
  }

  /** -1 before the first. */
  get round(): number {
    return this.#round
  }

  /** The last sequence that was given out. */
  get sequence(): number {
    return this.#desk.sequence
  }

  /** When to tick next, monotonic ms; infinite while there is nothing to wait for. */
  get dueAt(): number {
    const propose = this.#phase === 'propose' ? Math.min(this.#proposeEnds, this.#proposeFrom) : Number.POSITIVE_INFINITY
    const prevote = this.#phase === 'prevote' ? this.#prevoteEnds : Number.POSITIVE_INFINITY
    return Math.min(propose, prevote, this.#precommitEnds, this.#summaryAt)
  }

  step(event: ConsensusEvent, now: Moment): readonly ConsensusEffect[] {
    this.#now = now
    this.#effects = []
    if (this.#phase !== 'decided') this.#take(event)
    // one step may make the next one possible; each rule fires a bounded number of times a round
    while (this.#phase !== 'decided' && this.#advance());
    return this.#effects
  }

  #take(event: ConsensusEvent): void {
    if (event.type === 'begin') this.#begin()
    else if (event.type === 'message') this.#message(event.from, event.message)
    else if (event.type === 'summary') this.#answer(event.from, event.summary)
    else if (event.type === 'persisted') this.#effects.push(...this.#desk.persisted(event.sequence))
    else if (event.type === 'signed') this.#signed(event.token, event.signature)
    else this.#waiting.clear()
  }

  #begin(): void {
    if (this.#phase !== 'idle') return
    if (this.#desk.isResumed) this.#resume()
    else this.#startRound(0)
  }

  /** Where the disk says that it was. */
  #resume(): void {
    const { round, prevote, precommit } = this.#desk.lock
    this.#openRound(round)
    if (precommit !== undefined) this.#phase = 'precommit'
    else if (prevote !== undefined) this.#phase = 'prevote'
    this.#effects.push(...this.#desk.repeat())
  }

  #message(from: string, message: ConsensusMessage): void {
    if (!this.#rounds.isNews(message)) return
    const { networkId, set, verify, rules, self } = this.#options
    const book = (round: number) => this.#rounds.book(round)
    const fault = faultOfMessage(message, { networkId, set, verify, isQuorum: rules.isQuorum, book })
    if (fault !== undefined) {
      this.#effects.push({ type: 'refused', from, fault })
      return
    }
    if (!this.#put(message)) return
    if (message.kind === 'proposal') this.#remember(message.value, from)
    if (rules.mayCarry(message.attester, self)) this.#effects.push({ type: 'relay', from, message })
  }

  /** Whether it was kept. One from a far round only tells where its sender is. */
  #put(message: ConsensusMessage): boolean {
    this.#rounds.saw(message.attester, message.round)
    const added = this.#rounds.book(message.round)?.add(message)
    if (added?.conflict !== undefined) this.#effects.push({ type: 'evidence', one: added.conflict, other: message })
    return added?.isNew ?? false
  }

  #signed(token: number, signature: Uint8Array): void {
    const message = this.#desk.signed(token, signature)
    if (message === undefined) return
    this.#put(message)
    this.#effects.push({ type: 'broadcast', message })
  }

  #advance(): boolean {
    return this.#decide() || this.#skip() || (this.#round >= 0 && (this.#propose() || this.#vote() || this.#timeOut()))
  }

  #vote(): boolean {
    return this.#prevote() || this.#lock() || this.#precommitNothing()
  }

  /** Line 49: more than two thirds precommitted, in whichever round. */
  #decide(): boolean {
    for (const book of this.#rounds.all()) {
      for (const value of book.quorums('precommit')) {
        const content = this.#contentOf(value)
        if (content === undefined) continue
        this.#phase = 'decided'
        this.#precommitEnds = Number.POSITIVE_INFINITY
        this.#summaryAt = Number.POSITIVE_INFINITY
        this.#effects.push({ type: 'decided', value: content, proof: book.proof('precommit', value) })
        return true
      }
    }
    return false
  }

  /** Line 55: an honest attester is further on. */
  #skip(): boolean {
    const { reached } = this.#rounds
    if (reached <= this.#round) return false
    if (this.#phase === 'idle' && this.#desk.isResumed && this.#desk.lock.round >= reached) this.#begin()
    else this.#startRound(reached)
    return true
  }

  /** Line 14. A value that more than two thirds prevoted for goes before a new one. */
  #propose(): boolean {
    const { self, set, height, proposing } = this.#options
    this.#proposeFrom = Number.POSITIVE_INFINITY
    if (this.#phase !== 'propose' || this.#desk.isSilent || this.#desk.lock.proposal !== undefined) return false
    if (self !== proposerOf(set, height, this.#round).index) return false
    if (this.#valid !== undefined) {
      this.#draftProposal(this.#valid.content, [], this.#valid.proof)
      return true
    }
    const book = this.#rounds.book(this.#round)
    if (book === undefined || !book.hasEntryQuorum()) return false
    const readings = book.entries().map(({ attester, wall, signature }) => ({ attester, wall, signature }))
    const context = { round: this.#round, medianTime: medianTime(readings, set), now: this.#now }
    const made = proposing.propose(context)
    if (made === undefined) return false
    if ('notBefore' in made) {
      this.#proposeFrom = this.#now.monotonic + Math.max(1, made.notBefore - this.#now.wall)
      return false
    }
    this.#draftProposal(made, readings, undefined)
    return true
  }

  #draftProposal(content: Value, readings: Proposal['readings'], proof: QuorumProof | undefined): void {
    const carried = carriedHash(content, readings, proof)
    const validRound = proof?.round ?? -1
    const what = { value: content.id, content, validRound, carried, readings, proof }
    this.#say({ round: this.#round, kind: 'proposal', ...what })
  }

  /** Lines 22 and 28. */
  #prevote(): boolean {
    if (this.#phase !== 'propose') return false
    for (const proposal of this.#rounds.book(this.#round)?.proposals ?? []) {
      const verdict = this.#judge(proposal)
      if (verdict === 'wait') continue
      this.#cast('prevote', verdict === 'accept' ? proposal.value : undefined)
      return true
    }
    return false
  }

  #judge(proposal: Proposal): Verdict {
    const { rules, set, proposing } = this.#options
    if (!rules.mayPrevote(this.#locked, proposal)) return 'refuse'
    if (this.#waiting.has(proposal.value)) return 'wait'
    const time = proposal.proof === undefined ? medianTime(proposal.readings, set) : undefined
    const verdict = proposing.judge(proposal.content, { round: this.#round, medianTime: time, now: this.#now })
    if (verdict === 'wait') {
      this.#waiting.add(proposal.value)
      this.#needs(proposal.content)
    }
    return verdict
  }

  /** Line 36: more than two thirds prevoted for a value of this round; that proof counts from now on. */
  #lock(): boolean {
    if (this.#phase !== 'prevote' && this.#phase !== 'precommit') return false
    if (this.#valid !== undefined && this.#valid.proof.round >= this.#round) return false
    const book = this.#rounds.book(this.#round)
    for (const value of book?.quorums('prevote') ?? []) {
      const content = this.#contentOf(value)
      if (book === undefined || content === undefined) continue
      this.#valid = { content, proof: book.proof('prevote', value) }
      if (this.#phase === 'precommit') return true
      this.#locked = { round: this.#round, value }
      this.#cast('precommit', value)
      return true
    }
    return false
  }

  /** Line 44: more than two thirds prevoted for nothing. */
  #precommitNothing(): boolean {
    if (this.#phase !== 'prevote' || !this.#rounds.book(this.#round)?.hasQuorum('prevote', undefined)) return false
    this.#cast('precommit', undefined)
    return true
  }

  /** Lines 34, 47 and 57 to 67. */
  #timeOut(): boolean {
    const { timing } = this.#options
    const { monotonic } = this.#now
    const book = this.#rounds.book(this.#round)
    const ends = monotonic + voteTimeout(timing, this.#round)
    if (this.#prevoteEnds === Number.POSITIVE_INFINITY && book?.hasAnyQuorum('prevote')) this.#prevoteEnds = ends
    if (this.#precommitEnds === Number.POSITIVE_INFINITY && book?.hasAnyQuorum('precommit')) this.#precommitEnds = ends
    if (monotonic >= this.#summaryAt) this.#summarise()
    if (monotonic >= this.#precommitEnds) this.#startRound(this.#round + 1)
    else if (this.#phase === 'propose' && monotonic >= this.#proposeEnds) this.#cast('prevote', undefined)
    else if (this.#phase === 'prevote' && monotonic >= this.#prevoteEnds) this.#cast('precommit', undefined)
    else return false
    return true
  }

  /** Line 11. */
  #startRound(round: number): void {
    const held = { locked: this.#locked, valid: this.#valid }
    if (round > 0) this.#effects.push(...this.#desk.leave(round - 1, held))
    this.#openRound(round)
    this.#say({ round, kind: 'entry', wall: this.#now.wall })
  }

  #openRound(round: number): void {
    const { timing } = this.#options
    const isAhead = round > this.#round + 1
    this.#round = round
    this.#phase = 'propose'
    this.#rounds.enter(round)
    this.#waiting.clear()
    this.#proposeFrom = Number.POSITIVE_INFINITY
    this.#proposeEnds = this.#now.monotonic + proposeTimeout(timing, round)
    this.#prevoteEnds = Number.POSITIVE_INFINITY
    this.#precommitEnds = Number.POSITIVE_INFINITY
    // whoever jumps has missed what was said, and asks at once
    this.#summaryAt = this.#now.monotonic + (isAhead ? 0 : summaryInterval(timing))
  }

  #cast(kind: VoteKind, value: string | undefined): void {
    this.#phase = kind
    this.#say({ round: this.#round, kind, value })
  }

  #say(words: Words): void {
    this.#effects.push(...this.#desk.say(words, { locked: this.#locked, valid: this.#valid }))
  }

  #contentOf(value: string): Value | undefined {
    return this.#valid?.content.id === value ? this.#valid.content : this.#rounds.content(value)
  }

  /** Who brought a value, of the last few. */
  #remember(value: string, from: string): void {
    this.#broughtBy.set(value, from)
    const [oldest] = this.#broughtBy.keys()
    if (oldest !== undefined && this.#broughtBy.size > MAX_BRINGERS) this.#broughtBy.delete(oldest)
  }

  /** Asks for what the support names, until the next summary once. */
  #needs(value: Value): void {
    const from = this.#broughtBy.get(value.id)
    if (from === undefined || this.#asked.has(value.id)) return
    this.#asked.add(value.id)
    this.#effects.push({ type: 'needs', from, value })
  }

  #summarise(): void {
    const asked = [...this.#asked]
    this.#asked.clear()
    for (const value of asked) {
      const content = this.#waiting.has(value) ? this.#contentOf(value) : undefined
      if (content !== undefined) this.#needs(content)
    }
    this.#summaryAt = this.#now.monotonic + summaryInterval(this.#options.timing)
    const book = this.#rounds.book(Math.max(0, this.#round))
    this.#effects.push({ type: 'summary', to: undefined, summary: summaryOf(this.height, this.#round, book) })
  }

  /** Sends what the peer lacks of our round; where it is further on, says so, and it sends. */
  #answer(to: string, theirs: Summary): void {
    const { set, rules, self } = this.#options
    const book = this.#rounds.book(Math.max(0, this.#round))
    if (theirs.round > this.#round) {
      this.#effects.push({ type: 'summary', to, summary: summaryOf(this.height, this.#round, book) })
      return
    }
    const lacked = messagesLacked(theirs, this.#round, book?.messages() ?? [], set)
    const earlier = theirs.round < this.#round ? (this.#rounds.book(theirs.round)?.messages() ?? []) : []
    const messages = [...earlier, ...lacked].filter(({ attester }) => rules.mayCarry(attester, self))
    if (messages.length > 0) this.#effects.push({ type: 'send', to, messages })
  }
}
