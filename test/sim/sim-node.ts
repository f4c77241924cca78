import { carryOut } from '../../src/governance/log/chain.ts'
import type { ConsensusRules } from '../../src/governance/log/consensus-form.ts'
import { type Decision, decodeDecision, encodeDecision } from '../../src/governance/log/decision.ts'
import { DecisionLog, type DecisionLogEffect, type DecisionLogEvent } from '../../src/governance/log/decision-log.ts'
import { genesisState, type LogState } from '../../src/governance/log/log-state.ts'
import type { ConsensusMessage } from '../../src/governance/log/message.ts'
import { decodeSignLock, encodeSignLock } from '../../src/governance/log/sign-lock.ts'
import type { Summary } from '../../src/governance/log/summary.ts'
import type { Moment, Timing } from '../../src/governance/log/timing.ts'
import { Disk } from './disk.ts'
import type { Schedule } from './schedule.ts'
import type { SeededRandom } from './seeded-random.ts'
import { ToyAgenda, type VotingWays } from './toy-agenda.ts'
import { TOY_NETWORK, type ToyProposal, type ToyState, toyMachine, toySignature, toyVerify } from './toy-network.ts'
import { ballotsIn, type Votes } from './votes.ts'

/** What nodes send each other. */
export type Packet =
  | { readonly type: 'consensus'; readonly message: ConsensusMessage }
  | { readonly type: 'summary'; readonly summary: Summary }
  | { readonly type: 'decision'; readonly decision: Decision }
  | { readonly type: 'ask'; readonly from: number }
  | { readonly type: 'votes'; readonly proposal: ToyProposal; readonly votes: Votes }
  | { readonly type: 'want' }
  | {
      readonly type: 'hello'
      readonly height: number
      readonly all: readonly (readonly [ToyProposal, Votes])[]
      readonly isAnswer: boolean
    }

/** Of what a node is made; a mutant has one part that is wrong. */
export interface NodeParts {
  readonly rules: ConsensusRules
  readonly ways: VotingWays
  /** Whether the sign-lock reaches the disk before the answer that it did. */
  readonly storesLock: boolean
  /** The highest kind of effect that it knows. */
  readonly knows: number
}

/** What a node does to its surroundings. */
export interface Surroundings {
  readonly schedule: Schedule
  readonly random: SeededRandom
  readonly timing: Timing
  readonly addresses: readonly number[]
  readonly genesis: ToyState
  send(from: number, to: number, packet: Packet): void
  /** Asked at each synced write. */
  crashesAtWrite(node: SimNode): boolean
  /** A node has a ballot for good, and its own clock says that the vote is not over. */
  timely(node: SimNode, proposal: ToyProposal, one: Votes): void
  /** Before the effect is carried out. */
  observe(node: SimNode, effect: DecisionLogEffect<ToyState>): void
}

const HELLO_MS = 1_500

/** One node: the shell around the log that carries out its effects, with a disk and a clock of its own. */
export class SimNode {
  readonly address: number
  /** The member that it is; twins are two nodes of one. */
  readonly index: number
  readonly isHonest: boolean
  readonly parts: NodeParts
  readonly #around: Surroundings
  readonly #disk: Disk
  /** Ms that its wall clock is ahead of the truth. */
  readonly #clockOffset: number
  /** Counts the starts; what was scheduled for an earlier one does not happen. */
  #life = 0
  #isUp = false
  #agenda: ToyAgenda
  #log: DecisionLog<ToyState> | undefined
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(
    identity: { address: number; index: number; isHonest: boolean; clockOffset: number },
    parts: NodeParts,
    around: Surroundings,
  ) {
    this.address = identity.address
    this.index = identity.index
    this.isHonest = identity.isHonest
    this.#clockOffset = identity.clockOffset
    this.parts = parts
    this.#around = around
    this.#disk = new Disk(around.schedule, around.random)
    this.#agenda = new ToyAgenda(parts.ways, around.timing)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  get log(): DecisionLog<ToyState> | undefined {
    return this.#log
  }

  get wall(): number {
    return Math.floor(TOY_NETWORK.createdAt + this.#around.schedule.now + this.#clockOffset)
  }

  proposals(): readonly ToyProposal[] {
    return this.#agenda.proposals()
  }

  votes(proposal: ToyProposal): Votes {
    return this.#agenda.votes(proposal)
  }

  /** Starts from what the disk has. */
  start(): void {
    this.#life += 1
    this.#isUp = true
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.#agenda = this.#restoredAgenda()
    const { timing } = this.#around
    const { rules, knows } = this.parts
    const lock = this.#disk.read('lock')
    this.#log = new DecisionLog<ToyState>({
      machine: toyMachine(knows),
      agenda: this.#agenda,
      head: this.#restoredHead(),
      self: this.index,
      timing,
      verify: toyVerify,
      rules,
      lock: lock instanceof Uint8Array ? decodeSignLock(lock) : undefined,
      isRestored: false,
      checkpoint: undefined,
    })
    this.#carryOut(this.#log.start(this.#moment()))
    this.#later(this.#around.random.fraction() * HELLO_MS, () => this.#hello())
  }

  crash(): void {
    this.#isUp = false
    this.#life += 1
    this.#log = undefined
    this.#disk.crash()
  }

  /** A proposal of this node's member. */
  open(proposal: ToyProposal): void {
    if (!this.#isUp) return
    this.#know(proposal)
    this.#broadcast({ type: 'votes', proposal, votes: 0 })
  }

  /** A ballot of this node's member: it is sent once it is durable. */
  cast(proposal: ToyProposal, one: Votes): void {
    if (!this.#isUp) return
    this.#know(proposal)
    this.#keep(proposal, one, true, () => this.#takeVotes(undefined, proposal, one))
  }

  receive(from: number, packet: Packet): void {
    if (!this.#isUp) return
    const peer = String(from)
    switch (packet.type) {
      case 'consensus':
        this.#step({ type: 'message', from: peer, message: packet.message })
        break
      case 'summary':
        this.#step({ type: 'summary', from: peer, summary: packet.summary })
        break
      case 'decision':
        this.#step({ type: 'decision', from: peer, decision: packet.decision })
        break
      case 'ask':
        this.#supply(from, packet.from)
        break
      case 'want':
        this.#around.send(this.address, from, this.#helloPacket(true))
        break
      case 'votes':
        this.#know(packet.proposal)
        this.#takeVotes(from, packet.proposal, packet.votes)
        break
      case 'hello':
        this.#answerHello(from, packet)
        break
    }
  }

  #step(event: DecisionLogEvent): void {
    if (this.#log !== undefined) this.#carryOut(this.#log.step(event, this.#moment()))
  }

  #carryOut(effects: readonly DecisionLogEffect<ToyState>[]): void {
    for (const effect of effects) {
      this.#around.observe(this, effect)
      this.#do(effect)
    }
    this.#wake()
  }

  #do(effect: DecisionLogEffect<ToyState>): void {
    switch (effect.type) {
      case 'persist': {
        const { sequence } = effect
        const done = (): void => this.#step({ type: 'persisted', sequence })
        if (this.parts.storesLock) this.#write('lock', encodeSignLock(effect.lock), true, done)
        else this.#later(2, done)
        break
      }
      case 'sign': {
        const { token, statement, context } = effect
        const signature = toySignature(this.index, statement, context)
        this.#later(1, () => this.#step({ type: 'signed', token, signature }))
        break
      }
      case 'store': {
        const { height } = effect.decision.record
        this.#write(`decision/${height}`, encodeDecision(effect.decision), true, () => this.#step({ type: 'stored', height }))
        break
      }
      case 'broadcast':
        this.#broadcast({ type: 'consensus', message: effect.message })
        break
      case 'relay':
        this.#broadcast({ type: 'consensus', message: effect.message }, Number(effect.from))
        break
      case 'announce':
        this.#broadcast({ type: 'decision', decision: effect.decision })
        break
      case 'send':
        for (const message of effect.messages) this.#around.send(this.address, Number(effect.to), { type: 'consensus', message })
        break
      case 'summary':
        if (effect.to === undefined) this.#broadcast({ type: 'summary', summary: effect.summary })
        else this.#around.send(this.address, Number(effect.to), { type: 'summary', summary: effect.summary })
        break
      case 'needs':
        this.#around.send(this.address, Number(effect.from), { type: 'want' })
        break
      case 'ask':
        this.#around.send(this.address, Number(effect.to), { type: 'ask', from: effect.from })
        break
      case 'supply':
        this.#supply(Number(effect.to), effect.from)
        break
      default:
    }
  }

  /** At most 16 at once, as a real node would: whoever needs more asks again. */
  #supply(to: number, from: number): void {
    for (let height = from; height < from + 16; height++) {
      const bytes = this.#disk.read(`decision/${height}`)
      if (!(bytes instanceof Uint8Array)) return
      this.#around.send(this.address, to, { type: 'decision', decision: decodeDecision(bytes) })
    }
  }

  #takeVotes(from: number | undefined, proposal: ToyProposal, votes: Votes): void {
    const before = this.#agenda.votes(proposal)
    this.#agenda.take(proposal, votes, this.wall)
    const added = this.#agenda.votes(proposal) & ~before
    if (added === 0) return
    if (from !== undefined) for (const one of ballotsIn(added)) this.#keep(proposal, one, false, () => undefined)
    this.#broadcast({ type: 'votes', proposal, votes: added }, from)
    this.#step({ type: 'tick' })
  }

  /** A ballot that is durable before its deadline is timely here. */
  #keep(proposal: ToyProposal, one: Votes, isSynced: boolean, done: () => void): void {
    this.#write(`votes/${proposal.number}/${one}`, `${this.wall}`, isSynced, () => {
      if (this.wall < proposal.deadline) this.#around.timely(this, proposal, one)
      done()
    })
  }

  #know(proposal: ToyProposal): void {
    if (this.#agenda.has(proposal)) return
    this.#agenda.open(proposal, { mine: 0, timely: 0, isWitness: true }, this.wall)
    this.#write(
      `proposal/${proposal.number}`,
      JSON.stringify({ ...proposal, effect: [...proposal.effect] }),
      false,
      () => undefined,
    )
    this.#broadcast({ type: 'votes', proposal, votes: 0 })
    this.#wake()
  }

  #hello(): void {
    const others = this.#around.addresses.filter((address) => address !== this.address)
    if (others.length > 0) this.#around.send(this.address, this.#around.random.pick(others), this.#helloPacket(false))
    this.#step({ type: 'tick' })
    this.#later(HELLO_MS, () => this.#hello())
  }

  #helloPacket(isAnswer: boolean): Packet {
    const all = this.#agenda.proposals().map((proposal) => [proposal, this.#agenda.votes(proposal)] as const)
    return { type: 'hello', height: this.#log?.head.height ?? 0, all, isAnswer }
  }

  #answerHello(from: number, packet: Extract<Packet, { type: 'hello' }>): void {
    for (const [proposal, votes] of packet.all) {
      this.#know(proposal)
      this.#takeVotes(from, proposal, votes)
    }
    this.#step({ type: 'head', from: String(from), height: packet.height })
    if (!packet.isAnswer) this.#around.send(this.address, from, this.#helloPacket(true))
  }

  #broadcast(packet: Packet, except?: number): void {
    for (const address of this.#around.addresses) {
      if (address !== this.address && address !== except) this.#around.send(this.address, address, packet)
    }
  }

  #write(key: string, value: Uint8Array | string, isSynced: boolean, done: () => void): void {
    const life = this.#life
    this.#disk.write(key, value, {
      isSynced,
      crashes: () => this.#around.crashesAtWrite(this),
      done: () => {
        if (this.#life === life) done()
      },
    })
  }

  #later(delay: number, run: () => void): void {
    const life = this.#life
    this.#around.schedule.after(delay, () => {
      if (this.#life === life) run()
    })
  }

  #wake(): void {
    const dueAt = this.#log?.dueAt ?? Number.POSITIVE_INFINITY
    if (dueAt >= this.#wakeAt) return
    this.#wakeAt = dueAt
    const { schedule } = this.#around
    this.#later(Math.max(0, dueAt - schedule.now), () => {
      if (this.#wakeAt !== dueAt) return
      this.#wakeAt = Number.POSITIVE_INFINITY
      this.#step({ type: 'tick' })
    })
  }

  #moment(): Moment {
    return { wall: this.wall, monotonic: this.#around.schedule.now }
  }

  #restoredHead(): LogState<ToyState> {
    const { genesis } = this.#around
    const machine = toyMachine(this.parts.knows)
    let head = genesisState({ ...TOY_NETWORK, attesters: genesis.attesters }, genesis)
    for (;;) {
      const bytes = this.#disk.read(`decision/${head.height + 1}`)
      if (!(bytes instanceof Uint8Array)) return head
      const followed = carryOut(machine, head, decodeDecision(bytes))
      if ('fault' in followed) throw new Error(`what was stored does not follow: ${followed.fault}`)
      head = followed.state
    }
  }

  /** After a start nobody knows when the votes came, save that some were here before their deadline. */
  #restoredAgenda(): ToyAgenda {
    const agenda = new ToyAgenda(this.parts.ways, this.#around.timing)
    for (const key of this.#disk.keys('proposal/')) {
      const { effect, ...rest } = JSON.parse(String(this.#disk.read(key)))
      const proposal: ToyProposal = { ...rest, effect: Uint8Array.from(effect) }
      let [mine, timely] = [0, 0]
      for (const vote of this.#disk.keys(`votes/${proposal.number}/`)) {
        const one = Number(vote.split('/')[2])
        mine |= one
        if (Number(this.#disk.read(vote)) < proposal.deadline) timely |= one
      }
      agenda.open(proposal, { mine, timely, isWitness: false }, this.wall)
    }
    return agenda
  }
}
