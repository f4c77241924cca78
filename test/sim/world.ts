import type { DecisionLogEffect } from '../../src/governance/log/decision-log.ts'
import type { Timing } from '../../src/governance/log/timing.ts'
import { Invariants } from './invariants.ts'
import { Network, type Weather } from './network.ts'
import { Schedule } from './schedule.ts'
import { SeededRandom } from './seeded-random.ts'
import { type NodeParts, type Packet, SimNode } from './sim-node.ts'
import { type ToyProposal, type ToyState, toyAttester, toyId } from './toy-network.ts'
import type { Votes } from './votes.ts'

export interface NodePlan {
  /** The member that it is. */
  readonly index: number
  /** Twins are two nodes of one member, neither of which is honest. */
  readonly isHonest: boolean
  /** Ms that its clock is ahead. */
  readonly clockOffset: number
  /** Ms from the start of the run. */
  readonly startsAt: number
  /** Other parts than the run's. */
  readonly parts?: Partial<NodeParts>
}

/** All that happens in a run, save what follows from it. Times in ms from the start of the run. */
export interface Scenario {
  readonly seed: number
  readonly timing: Timing
  /** By position: the member of that index. */
  readonly attesterWeights: readonly number[]
  /** By address. */
  readonly nodes: readonly NodePlan[]
  readonly proposals: readonly { readonly at: number; readonly node: number; readonly proposal: ToyProposal }[]
  readonly votes: readonly { readonly at: number; readonly node: number; readonly proposal: ToyProposal; readonly one: Votes }[]
  readonly weather: readonly Weather[]
  readonly calmDelay: number
  /** Faults of disks and nodes until then; what was begun has to be decided within `patience` from then on. */
  readonly calmFrom: number
  readonly patience: number
  readonly crashes: { readonly budget: number; readonly chanceAtWrite: number; readonly maxDownMs: number }
  /** Stops at these times, for good or to be started again. */
  readonly stops: readonly { readonly at: number; readonly node: number; readonly startsAt: number | undefined }[]
  readonly parts: NodeParts
  /** Nodes that need not get anywhere: down for good, cut off, or of an old version. */
  readonly excused: readonly number[]
  /** Single messages that are lost. */
  readonly isCut?: (from: number, to: number, packet: Packet, now: number) => boolean
}

export interface Outcome {
  /** What went wrong; undefined for nothing. */
  readonly failure: string | undefined
  /** Ms of virtual time. */
  readonly took: number
  readonly heights: number
  /** When the first honest node decided each height, ms of virtual time. */
  readonly decidedAt: readonly number[]
  /** Excused nodes that stopped for ever, and why. */
  readonly stopped: readonly string[]
  readonly crashes: number
  /** The highest round in which something was decided. */
  readonly maxRound: number
  /** Changes with anything that happened: two runs of one seed have the same. */
  readonly fingerprint: string
}

const SLICE_MS = 250

/** Runs a scenario until all is decided or its patience is at an end, and says what broke. */
export function runScenario(scenario: Scenario): Outcome {
  return new World(scenario).run()
}

class World {
  readonly #scenario: Scenario
  readonly #schedule = new Schedule()
  readonly #random: SeededRandom
  readonly #network: Network<Packet>
  readonly #nodes: readonly SimNode[]
  readonly #invariants: Invariants
  #crashes = 0

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.#random = new SeededRandom(scenario.seed)
    const { weather, calmDelay, isCut } = scenario
    const schedule = this.#schedule
    this.#network = new Network({
      schedule,
      random: this.#random,
      weather,
      calmDelay,
      isCut,
      deliver: (from, to, packet) => this.#nodes[to]?.receive(from, packet),
    })
    const attesters = scenario.attesterWeights.map((weight, index) => toyAttester(index, weight))
    this.#invariants = new Invariants(attesters, scenario)
    const genesis: ToyState = { closed: [], parameter: 0, attesters, done: [] }
    const around = {
      schedule,
      random: this.#random,
      timing: scenario.timing,
      addresses: scenario.nodes.map((_, address) => address),
      genesis,
      send: (from: number, to: number, packet: Packet) => this.#network.send(from, to, packet),
      crashesAtWrite: (node: SimNode) => this.#crashesAtWrite(node),
      timely: (node: SimNode, proposal: ToyProposal, one: Votes) => this.#invariants.timely(node, proposal, one),
      observe: (node: SimNode, effect: DecisionLogEffect<ToyState>) => this.#invariants.observe(node, effect, schedule.now),
    }
    this.#nodes = scenario.nodes.map(
      ({ index, isHonest, clockOffset, parts }, address) =>
        new SimNode({ address, index, isHonest, clockOffset }, { ...scenario.parts, ...parts }, around),
    )
  }

  run(): Outcome {
    const { nodes, proposals, votes, stops, calmFrom, patience } = this.#scenario
    for (const [address, { startsAt }] of nodes.entries()) this.#at(startsAt, address, (node) => node.start())
    for (const { at, node, proposal } of proposals) this.#at(at, node, (one) => one.open(proposal))
    for (const { at, node, proposal, one } of votes) this.#at(at, node, (voter) => voter.cast(proposal, one))
    for (const { at, node, startsAt } of stops) this.#at(at, node, (one) => this.#stop(one, startsAt))
    const isBroken = (): boolean => this.#invariants.failure !== undefined
    let isDecided = false
    while (!isBroken() && !isDecided && this.#schedule.now < calmFrom + patience) {
      this.#schedule.runUntil(this.#schedule.now + SLICE_MS, isBroken)
      isDecided = this.#schedule.now >= calmFrom && this.#isDecided()
    }
    if (!isDecided) this.#invariants.fail(`not decided ${patience} ms after the last fault: ${this.#describe()}`)
    else this.#invariants.conclude()
    const { failure, heights, decidedAt, stopped, maxRound, fingerprint } = this.#invariants
    return { failure, took: this.#schedule.now, heights, decidedAt, stopped, crashes: this.#crashes, maxRound, fingerprint }
  }

  #at(time: number, address: number, run: (node: SimNode) => void): void {
    this.#schedule.at(time, () => {
      const node = this.#nodes[address]
      if (node !== undefined) run(node)
    })
  }

  #stop(node: SimNode, startsAt: number | undefined): void {
    if (!node.isUp) return
    node.crash()
    if (startsAt !== undefined) this.#schedule.at(startsAt, () => this.#startAgain(node))
  }

  #crashesAtWrite(node: SimNode): boolean {
    const { crashes, calmFrom } = this.#scenario
    if (this.#schedule.now >= calmFrom || this.#crashes >= crashes.budget || !this.#random.chance(crashes.chanceAtWrite))
      return false
    this.#crashes += 1
    node.crash()
    this.#schedule.after(1 + this.#random.fraction() * crashes.maxDownMs, () => this.#startAgain(node))
    return true
  }

  #startAgain(node: SimNode): void {
    if (!node.isUp) node.start()
  }

  /** All honest nodes are up, at one height, with nothing open that any of them knows of, and nothing that waits. */
  #isDecided(): boolean {
    const judged = this.#judged()
    const [first] = judged
    return judged.every((node) => {
      const head = node.log?.head
      if (head === undefined || head.hash !== first?.log?.head.hash || head.pending.length > 0) return false
      return node.proposals().every((proposal) => head.state.closed.includes(toyId(proposal)))
    })
  }

  #judged(): readonly SimNode[] {
    return this.#nodes.filter(({ isHonest, address }) => isHonest && !this.#scenario.excused.includes(address))
  }

  #describe(): string {
    return this.#judged()
      .map(
        ({ address, log }) => `node ${address} ${log === undefined ? 'is down' : `is at ${log.head.height}, round ${log.round}`}`,
      )
      .join(', ')
  }
}
