import { type AttesterSet, attesterOf, strictRounds } from './attester-set.ts'
import { type ChainFault, carryOut, follow } from './chain.ts'
import type { Checkpoint } from './checkpoint.ts'
import { Consensus } from './consensus.ts'
import type { ConsensusEffect, ConsensusEvent, ConsensusRules } from './consensus-form.ts'
import { type Decision, faultOfCertificate, makeDecision } from './decision.ts'
import { MAX_REMEMBERED_RECORDS } from './limits.ts'
import type { LogState, StateMachine } from './log-state.ts'
import type { ConsensusMessage } from './message.ts'
import type { QuorumProof } from './quorum-proof.ts'
import { type Agenda, RecordMaker } from './record-maker.ts'
import type { SignLock } from './sign-lock.ts'
import type { VerifySignature } from './statement.ts'
import type { Summary } from './summary.ts'
import { type Moment, summaryInterval, type Timing } from './timing.ts'

export interface DecisionLogOptions<State> {
  readonly machine: StateMachine<State>
  readonly agenda: Agenda<State>
  /** What the disk has: the state after the last record that was carried out. */
  readonly head: LogState<State>
  /** Index of the member that this node is; undefined for who is none. */
  readonly self: number | undefined
  readonly timing: Timing
  readonly verify: VerifySignature
  readonly rules: ConsensusRules
  /** What the disk has. */
  readonly lock: SignLock | undefined
  /** The disk is an older copy, or has lost the lock: what was signed since is not known. */
  readonly isRestored: boolean
  /** What the invite named; undefined for a founder. */
  readonly checkpoint: Checkpoint | undefined
}

export type DecisionLogEvent =
  | Exclude<ConsensusEvent, { readonly type: 'begin' | 'message' | 'summary' }>
  | { readonly type: 'message'; readonly from: string; readonly message: ConsensusMessage }
  | { readonly type: 'summary'; readonly from: string; readonly summary: Summary }
  | { readonly type: 'decision'; readonly from: string; readonly decision: Decision }
  /** How far a peer says that its log goes. */
  | { readonly type: 'head'; readonly from: string; readonly height: number }
  /** The decision that was to be stored is on disk. */
  | { readonly type: 'stored'; readonly height: number }
  /**
   * A restored node has the log of its peers. It signs from the height after the one that is being decided now; the operator
   * may state another one, where nobody else could have its signatures.
   */
  | { readonly type: 'synced'; readonly signFrom?: number }

export type DecisionLogEffect<State> =
  | Exclude<ConsensusEffect, { readonly type: 'decided' }>
  /** Write the decision (fsync), then answer with `stored`. */
  | { readonly type: 'store'; readonly decision: Decision }
  /** The state that is in force now, to be made so whatever was done before; and what the record left undone. */
  | { readonly type: 'reconcile'; readonly state: LogState<State>; readonly voided: readonly string[] }
  /** To all peers. */
  | { readonly type: 'announce'; readonly decision: Decision }
  /** Ask a peer for decisions from this height on. */
  | { readonly type: 'ask'; readonly to: string; readonly from: number }
  /** A peer lacks decisions from this height on. */
  | { readonly type: 'supply'; readonly to: string; readonly from: number }
  | { readonly type: 'bad-decision'; readonly from: string; readonly fault: ChainFault }
  /** For ever: nothing is signed or followed any more. `fork`: beside the decision that is stored there is this other one. */
  | { readonly type: 'stopped'; readonly why: StopReason; readonly decision: Decision }

/**
 * - `fork`: two certificates of one height hold. More than a third of the attesters cheated; people must choose.
 * - `upgrade-needed`: the decision does what this version does not know. An upgraded node goes on from here.
 * - `wrong-state`: more than two thirds signed what does not follow.
 */
export type StopReason = 'fork' | 'upgrade-needed' | 'wrong-state'

interface Remembered {
  readonly hash: string
  readonly set: AttesterSet
}

/** The log of one node: follows what is decided, and takes part in deciding when something is due. Pure, as Consensus is. */
export class DecisionLog<State> {
  readonly #options: DecisionLogOptions<State>
  readonly #remembered = new Map<number, Remembered>()
  #head: LogState<State>
  #consensus: Consensus
  /** Decided, and not on disk yet. */
  #storing: { readonly decision: Decision; readonly next: LogState<State>; readonly voided: readonly string[] } | undefined
  #stopped: StopReason | undefined
  #signFrom: number
  #askedAt = Number.NEGATIVE_INFINITY
  #now: Moment = { wall: 0, monotonic: 0 }
  #effects: DecisionLogEffect<State>[] = []

  constructor(options: DecisionLogOptions<State>) {
    this.#options = options
    this.#head = options.head
    // what the checkpoint covers is decided, and before the lock something else may have been signed
    const signFrom = Math.max(options.lock?.height ?? 0, (options.checkpoint?.height ?? 0) + 1)
    this.#signFrom = options.isRestored ? Number.POSITIVE_INFINITY : signFrom
    this.#consensus = this.#open(0)
  }

  get head(): LogState<State> {
    return this.#head
  }

  get stopped(): StopReason | undefined {
    return this.#stopped
  }

  /** The round that is under way; -1 while nothing is. */
  get round(): number {
    return this.#consensus.round
  }

  /** When to tick next, monotonic ms. A wall clock that is set meanwhile makes it late or early: tick every few seconds anyway. */
  get dueAt(): number {
    if (this.#stopped !== undefined || this.#storing !== undefined) return Number.POSITIVE_INFINITY
    const due = this.#dueWall()
    const wait = due > this.#now.wall ? this.#now.monotonic + (due - this.#now.wall) : Number.POSITIVE_INFINITY
    return Math.min(this.#consensus.dueAt, wait)
  }

  /** The state to be in force at the start. */
  start(now: Moment): readonly DecisionLogEffect<State>[] {
    return this.#run(now, () => {
      this.#effects.push({ type: 'reconcile', state: this.#head, voided: [] })
      this.#beginIfDue()
    })
  }

  step(event: DecisionLogEvent, now: Moment): readonly DecisionLogEffect<State>[] {
    return this.#run(now, () => {
      if (this.#stopped === undefined) this.#take(event)
      if (this.#stopped === undefined) this.#beginIfDue()
    })
  }

  #run(now: Moment, run: () => void): readonly DecisionLogEffect<State>[] {
    this.#now = now
    this.#effects = []
    run()
    return this.#effects
  }

  #take(event: DecisionLogEvent): void {
    switch (event.type) {
      case 'message':
        if (event.message.height === this.#consensus.height) this.#pass(event)
        else if (event.message.height > this.#consensus.height) this.#ask(event.from)
        break
      case 'summary':
        if (event.summary.height === this.#consensus.height) this.#pass(event)
        else this.#compare(event.from, event.summary.height - 1)
        break
      case 'head':
        this.#compare(event.from, event.height)
        break
      case 'decision':
        this.#decision(event.from, event.decision)
        break
      case 'stored':
        this.#stored(event.height)
        break
      case 'synced':
        this.#synced(event.signFrom ?? this.#head.height + 2)
        break
      default:
        this.#pass(event)
    }
  }

  /** Nothing of a height is worth anything once it is decided. */
  #pass(event: ConsensusEvent): void {
    if (this.#storing !== undefined) return
    for (const effect of this.#consensus.step(event, this.#now)) {
      if (effect.type === 'decided') this.#decided(effect.value.body, effect.proof)
      else this.#effects.push(effect)
    }
  }

  #beginIfDue(): void {
    if (this.#storing === undefined && this.#consensus.round < 0 && this.#isUnderWay()) this.#pass({ type: 'begin' })
  }

  /** Something is due, or was, and this node has signed for it. */
  #isUnderWay(): boolean {
    return this.#dueWall() <= this.#now.wall || this.#options.lock?.height === this.#consensus.height
  }

  #dueWall(): number {
    const executeAt = this.#head.pending[0]?.executeAt ?? Number.POSITIVE_INFINITY
    return Math.min(this.#options.agenda.nextDeadline(this.#head.state), executeAt)
  }

  #open(sequence: number): Consensus {
    const { machine, agenda, self, timing, verify, rules, lock } = this.#options
    const head = this.#head
    const height = head.height + 1
    return new Consensus({
      networkId: head.networkId,
      height,
      set: head.set,
      self: self !== undefined && attesterOf(head.set, self) !== undefined ? self : undefined,
      maySign: height >= this.#signFrom,
      timing,
      verify,
      proposing: new RecordMaker(machine, agenda, head, strictRounds(head.set)),
      rules,
      lock,
      sequence,
    })
  }

  #decided(body: Uint8Array, certificate: QuorumProof): void {
    const decision = makeDecision(body, certificate)
    this.#effects.push({ type: 'announce', decision })
    this.#adopt(decision, carryOut(this.#options.machine, this.#head, decision))
  }

  #decision(from: string, decision: Decision): void {
    const { height } = decision.record
    if (height > this.#consensus.height) this.#ask(from)
    else if (height < this.#consensus.height) this.#compareDecision(decision, this.#remembered.get(height))
    else if (this.#storing === undefined) this.#follow(from, decision)
    else this.#compareDecision(decision, { hash: this.#storing.decision.hash, set: this.#head.set })
  }

  #follow(from: string, decision: Decision): void {
    const { machine, verify, checkpoint } = this.#options
    const followed = follow(machine, this.#head, decision, verify, checkpoint)
    if (!('fault' in followed)) this.#effects.push({ type: 'announce', decision })
    this.#adopt(decision, followed, from)
  }

  #adopt(decision: Decision, followed: ReturnType<typeof follow<State>>, from?: string): void {
    if (!('fault' in followed)) {
      this.#storing = { decision, next: followed.state, voided: followed.voided }
      this.#effects.push({ type: 'store', decision })
      return
    }
    const { fault } = followed
    if (fault === 'upgrade-needed' || fault === 'wrong-state') this.#stop(fault, decision)
    else if (from !== undefined) this.#effects.push({ type: 'bad-decision', from, fault })
  }

  /** A decision for a height that has one: a fork, unless it is the same one again or proves nothing. */
  #compareDecision(decision: Decision, own: Remembered | undefined): void {
    if (own === undefined || own.hash === decision.hash) return
    if (faultOfCertificate(decision, own.set, this.#head.networkId, this.#options.verify) === undefined)
      this.#stop('fork', decision)
  }

  #stop(why: StopReason, decision: Decision): void {
    this.#stopped = why
    this.#effects.push({ type: 'stopped', why, decision })
  }

  #stored(height: number): void {
    const storing = this.#storing
    if (storing === undefined || storing.decision.record.height !== height) return
    this.#remembered.set(height, { hash: storing.decision.hash, set: this.#head.set })
    this.#remembered.delete(height - MAX_REMEMBERED_RECORDS)
    this.#storing = undefined
    this.#head = storing.next
    this.#consensus = this.#open(this.#consensus.sequence)
    this.#effects.push({ type: 'reconcile', state: storing.next, voided: storing.voided })
  }

  #synced(signFrom: number): void {
    if (this.#signFrom !== Number.POSITIVE_INFINITY) return
    this.#signFrom = signFrom
    if (this.#storing === undefined && this.#consensus.height >= signFrom) this.#consensus = this.#open(this.#consensus.sequence)
  }

  #compare(peer: string, height: number): void {
    if (height > this.#head.height) this.#ask(peer)
    else if (height < this.#head.height) this.#effects.push({ type: 'supply', to: peer, from: height + 1 })
  }

  /** Not for every message of a peer that is further on. */
  #ask(to: string): void {
    if (this.#storing !== undefined || this.#now.monotonic < this.#askedAt + summaryInterval(this.#options.timing) / 3) return
    this.#askedAt = this.#now.monotonic
    this.#effects.push({ type: 'ask', to, from: this.#head.height + 1 })
  }
}
