import { createHash, type Hash } from 'node:crypto'
import { type Attester, type AttesterSet, attesterOf, makeAttesterSet } from '../../src/governance/log/attester-set.ts'
import type { Decision } from '../../src/governance/log/decision.ts'
import type { DecisionLogEffect } from '../../src/governance/log/decision-log.ts'
import { isQuorum } from '../../src/governance/log/quorum.ts'
import type { SimNode } from './sim-node.ts'
import { TOY_NETWORK, type ToyProposal, type ToyState, toyId } from './toy-network.ts'
import { ballotsIn, VOTES, type Votes, votesFrom } from './votes.ts'
import type { Scenario } from './world.ts'

/** Label, network, kind, height, epoch, round, attester: of each, an honest attester says one thing. */
const SLOT_BYTES = 15 + 32 + 1 + 8 + 4 + 4 + 2

/** What must hold in every run, whatever happens. Keeps the first thing that did not. */
export class Invariants {
  readonly #scenario: Scenario
  readonly #said = new Map<string, string>()
  readonly #decisions = new Map<number, Decision>()
  readonly #sets = new Map<number, AttesterSet>()
  /** Proposal, then ballot, then who had it in time. */
  readonly #timely = new Map<string, Map<Votes, Set<number>>>()
  readonly #deadlines = new Map<string, ToyProposal>()
  readonly #print: Hash = createHash('sha256')
  #failure: string | undefined
  readonly #decidedAt: number[] = []
  readonly #stopped: string[] = []
  #maxRound = 0

  constructor(attesters: readonly Attester[], scenario: Scenario) {
    this.#scenario = scenario
    this.#sets.set(0, makeAttesterSet(0, attesters))
  }

  get failure(): string | undefined {
    return this.#failure
  }

  get heights(): number {
    return this.#decisions.size
  }

  get decidedAt(): readonly number[] {
    return this.#decidedAt
  }

  get stopped(): readonly string[] {
    return this.#stopped
  }

  get maxRound(): number {
    return this.#maxRound
  }

  get fingerprint(): string {
    return this.#print.copy().digest('hex')
  }

  fail(why: string): void {
    this.#failure ??= why
  }

  timely(node: SimNode, proposal: ToyProposal, one: Votes): void {
    const id = toyId(proposal)
    this.#deadlines.set(id, proposal)
    const votes = this.#timely.get(id) ?? new Map<Votes, Set<number>>()
    this.#timely.set(id, votes)
    votes.set(one, (votes.get(one) ?? new Set()).add(node.index))
  }

  observe(node: SimNode, effect: DecisionLogEffect<ToyState>, now: number): void {
    if (!node.isHonest) return
    if (effect.type === 'sign') this.#signs(node, effect.statement)
    else if (effect.type === 'store') this.#decides(node, effect.decision, now)
    else if (effect.type === 'reconcile') this.#sets.set(effect.state.set.epoch, effect.state.set)
    else if (effect.type === 'stopped') this.#stops(node.address, effect.why)
    else if (effect.type === 'evidence') this.#accuses(effect.one.attester)
    else if (effect.type === 'refused') this.fail(`node ${node.address} refuses a message: ${effect.fault}`)
    else if (effect.type === 'bad-decision') this.fail(`node ${node.address} refuses a decision: ${effect.fault}`)
  }

  /** At the end of a run. */
  conclude(): void {
    for (const decision of this.#decisions.values()) this.#checkTimely(decision)
  }

  #stops(address: number, why: string): void {
    if (!this.#scenario.excused.includes(address)) this.fail(`node ${address} stops: ${why}`)
    this.#stopped.push(`${address} ${why}`)
  }

  /** Whoever kept to the rules is never said not to have. */
  #accuses(member: number): void {
    if (this.#scenario.nodes.some(({ index, isHonest }) => index === member && isHonest))
      this.fail(`evidence against member ${member}, who is honest`)
  }

  #signs(node: SimNode, statement: Uint8Array): void {
    const bytes = Buffer.from(statement)
    const slot = bytes.toString('latin1', 0, SLOT_BYTES)
    const said = bytes.toString('latin1', SLOT_BYTES)
    const before = this.#said.get(slot)
    if (before !== undefined && before !== said) this.fail(`double-sign: member ${node.index} says two things in one place`)
    this.#said.set(slot, said)
    this.#print.update(bytes)
  }

  #decides(node: SimNode, decision: Decision, now: number): void {
    const { record, hash, certificate } = decision
    const other = this.#decisions.get(record.height)
    if (other !== undefined && other.hash !== hash) this.fail(`disagreement: two decisions at height ${record.height}`)
    this.#print.update(`${node.address} ${hash} `)
    if (other !== undefined) return
    this.#decisions.set(record.height, decision)
    this.#decidedAt.push(now)
    this.#maxRound = Math.max(this.#maxRound, certificate.round)
    this.#checkTime(node, decision)
  }

  /** Clocks of honest nodes differ by the largest offset at most; a record's time lies among them when it is made. */
  #checkTime(node: SimNode, { record }: Decision): void {
    const offsets = this.#scenario.nodes.filter(({ isHonest }) => isHonest).map(({ clockOffset }) => clockOffset)
    const latest = node.wall - (this.#scenario.nodes[node.address]?.clockOffset ?? 0) + Math.max(...offsets)
    if (record.time > latest || record.time < TOY_NETWORK.createdAt)
      this.fail(`a record from another time: height ${record.height}`)
    const deadline = this.#scenario.proposals.find(({ proposal }) => toyId(proposal) === record.closes?.proposal)?.proposal
      .deadline
    if (deadline !== undefined && record.time < deadline) this.fail(`a vote was closed before its end: height ${record.height}`)
  }

  /** A ballot that attesters of more than two thirds of the weight had before their deadline is in the set that was counted. */
  #checkTimely({ record }: Decision): void {
    const { closes, epoch } = record
    const set = this.#sets.get(epoch)
    if (closes === undefined || set === undefined) return
    const counted = votesFrom(closes.votes)
    const cheats = this.#scenario.nodes.filter(({ isHonest }) => !isHonest).map(({ index }) => index)
    for (const [one, holders] of this.#timely.get(closes.proposal) ?? []) {
      const all = new Set([...holders, ...cheats])
      const weight = [...all].reduce((sum, index) => sum + (attesterOf(set, index)?.weight ?? 0), 0)
      if (isQuorum(weight, set.weight) && !VOTES.includes(counted, one)) {
        this.fail(`a timely vote is lost: ballot ${ballotsIn(one)} of proposal ${this.#deadlines.get(closes.proposal)?.number}`)
      }
    }
  }
}
