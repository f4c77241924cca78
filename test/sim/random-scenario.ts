import { TENDERMINT } from '../../src/governance/log/consensus-form.ts'
import type { Weather } from './network.ts'
import { SeededRandom } from './seeded-random.ts'
import type { NodeParts } from './sim-node.ts'
import { ELECT, SET_PARAMETER, TOY_NETWORK, type ToyProposal } from './toy-network.ts'
import { ballot, ballotsIn, VOTES, type Votes } from './votes.ts'
import type { NodePlan, Scenario } from './world.ts'

/** As it is meant to be. */
export const SOUND: NodeParts = {
  rules: TENDERMINT,
  ways: { sets: VOTES, judgesCut: true, distort: (votes) => votes },
  storesLock: true,
  knows: ELECT,
}

const TIMING = { deltaMs: 400, epsilonMs: 200 }
const PATIENCE_MS = 180_000

/** Everything at once, by chance: how many attesters of what weight, who cheats, what breaks when, who votes what. */
export function randomScenario(seed: number, parts: NodeParts = SOUND): Scenario {
  const random = new SeededRandom(seed ^ 0x5eed)
  const attesterWeights = weights(random)
  const cheats = chosenCheats(random, attesterWeights)
  const followers = random.whole(0, 2)
  const members = attesterWeights.length + followers
  const nodes = plannedNodes(random, members, attesterWeights.length, cheats)
  const span = random.whole(4_000, 12_000)
  const proposals = Array.from({ length: random.whole(1, 3) }, (_, number) => ({
    at: random.whole(200, 1_500),
    node: random.whole(0, attesterWeights.length - 1),
    proposal: planned(random, number + 1, span, attesterWeights.length, followers),
  }))
  const votes = proposals.flatMap(({ proposal, at }) => plannedVotes(random, proposal, at, members, cheats))
  const calmFrom = span + random.whole(500, 9_000)
  return {
    seed,
    timing: TIMING,
    attesterWeights,
    nodes,
    proposals,
    votes,
    weather: plannedWeather(random, nodes, calmFrom),
    calmDelay: random.whole(20, 300),
    calmFrom,
    patience: PATIENCE_MS,
    crashes: {
      budget: random.chance(0.5) ? random.whole(1, 6) : 0,
      chanceAtWrite: random.pick([0.01, 0.05, 0.2]),
      maxDownMs: 4_000,
    },
    stops: [],
    parts,
    excused: [],
  }
}

function weights(random: SeededRandom): number[] {
  const count = random.pick([1, 2, 3, 4, 4, 4, 4, 5, 5, 6, 7])
  return random.chance(0.7) ? Array.from({ length: count }, () => 1) : Array.from({ length: count }, () => random.whole(1, 5))
}

/** Members of less than a third of the weight together. */
function chosenCheats(random: SeededRandom, attesterWeights: readonly number[]): number[] {
  if (random.chance(0.35)) return []
  const total = attesterWeights.reduce((sum, weight) => sum + weight, 0)
  const cheats: number[] = []
  let sum = 0
  for (const index of random.shuffled(attesterWeights.map((_, at) => at))) {
    sum += attesterWeights[index] ?? 0
    if (3 * sum >= total) break
    cheats.push(index)
  }
  return cheats
}

/** Attesters, then members that only vote, then the second copies of the cheats. */
function plannedNodes(random: SeededRandom, members: number, attesters: number, cheats: readonly number[]): NodePlan[] {
  // as far as epsilon allows, and in a few runs far beyond it
  const skew = random.chance(0.85) ? TIMING.epsilonMs / 4 : 3_000
  const clockOffset = (): number => Math.round((2 * random.fraction() - 1) * skew)
  const drops = (votes: Votes): Votes =>
    ballotsIn(votes)
      .slice(1)
      .reduce((sum, one) => sum | one, 0)
  const cheating = random.chance(0.5) ? { parts: { ways: { ...SOUND.ways, distort: drops } } } : {}
  const plans = Array.from({ length: members }, (_, index): NodePlan => {
    const isHonest = !cheats.includes(index)
    const startsAt = index >= attesters && random.chance(0.5) ? random.whole(0, 15_000) : 0
    return { index, isHonest, clockOffset: clockOffset(), startsAt, ...(isHonest ? {} : cheating) }
  })
  const twins = cheats.map((index): NodePlan => ({ index, isHonest: false, clockOffset: clockOffset(), startsAt: 0 }))
  return [...plans, ...twins]
}

function planned(random: SeededRandom, number: number, span: number, attesters: number, followers: number): ToyProposal {
  const isElection = followers > 0 && random.chance(0.3)
  const argument = isElection ? attesters + random.whole(0, followers - 1) : random.whole(1, 99)
  return {
    number,
    deadline: TOY_NETWORK.createdAt + Math.floor(span / 2) + random.whole(0, Math.floor(span / 2)),
    timelock: random.pick([0, 0, 500, 3_000]),
    effect: Uint8Array.of(isElection ? ELECT : SET_PARAMETER, argument),
  }
}

/** Most of the members vote, some at the last moment, some too late, some twice. */
function plannedVotes(random: SeededRandom, proposal: ToyProposal, opensAt: number, members: number, cheats: readonly number[]) {
  const end = proposal.deadline - TOY_NETWORK.createdAt
  const votes: { at: number; node: number; proposal: ToyProposal; one: Votes }[] = []
  for (let voter = 0; voter < members; voter++) {
    if (random.chance(0.1)) continue
    const at = random.chance(0.5) ? random.whole(opensAt, end) : end + random.whole(-600, 1_200)
    const isYes = random.chance(0.7)
    votes.push({ at, node: voter, proposal, one: ballot(voter, isYes) })
    // the second ballot goes out somewhere else
    if (cheats.includes(voter) || random.chance(0.05)) {
      votes.push({ at: at + random.whole(0, 900), node: random.whole(0, members - 1), proposal, one: ballot(voter, !isYes) })
    }
  }
  return votes
}

function plannedWeather(random: SeededRandom, nodes: readonly NodePlan[], calmFrom: number): Weather[] {
  const weather: Weather[] = []
  let from = 0
  while (from < calmFrom) {
    const until = Math.min(calmFrom, from + random.whole(500, 5_000))
    const groups = random.chance(0.4) ? split(random, nodes.length) : undefined
    const isBad = random.chance(0.5)
    weather.push({
      from,
      until,
      loss: isBad ? random.fraction() * 0.4 : 0,
      duplication: isBad ? random.fraction() * 0.3 : 0,
      maxDelay: isBad ? random.whole(50, 2_000) : 250,
      groups,
    })
    from = until
  }
  return weather
}

function split(random: SeededRandom, nodes: number): number[][] {
  const groups: number[][] = [[], []]
  for (let node = 0; node < nodes; node++) groups[random.whole(0, 1)]?.push(node)
  return groups
}
