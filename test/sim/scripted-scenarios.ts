import type { Weather } from './network.ts'
import { SOUND } from './random-scenario.ts'
import type { NodeParts, Packet } from './sim-node.ts'
import { SET_PARAMETER, TOY_NETWORK, type ToyProposal } from './toy-network.ts'
import { ballot, ballotsIn, type Votes } from './votes.ts'
import type { Scenario } from './world.ts'

/** When the one vote of a scripted run ends, ms from its start. */
export const DEADLINE_MS = 3_000

export const PROPOSAL: ToyProposal = {
  number: 1,
  deadline: TOY_NETWORK.createdAt + DEADLINE_MS,
  timelock: 0,
  effect: Uint8Array.of(SET_PARAMETER, 7),
}

/** A quiet network of equal attesters that all vote yes, a second and more before the end. */
export function quiet(attesters: number, parts: NodeParts = SOUND): Scenario {
  const members = Array.from({ length: attesters }, (_, index) => index)
  return {
    seed: 1,
    timing: { deltaMs: 400, epsilonMs: 200 },
    attesterWeights: members.map(() => 1),
    nodes: members.map((index) => ({ index, isHonest: true, clockOffset: 0, startsAt: 0 })),
    proposals: [{ at: 200, node: 0, proposal: PROPOSAL }],
    votes: members.map((voter) => ({ at: 800 + 100 * voter, node: voter, proposal: PROPOSAL, one: ballot(voter, true) })),
    weather: [],
    calmDelay: 50,
    calmFrom: 0,
    patience: 120_000,
    crashes: { budget: 0, chanceAtWrite: 0, maxDownMs: 0 },
    stops: [],
    parts,
    excused: [],
  }
}

/** Parts of the network that hear only themselves, until then. */
export function partition(until: number, ...groups: readonly (readonly number[])[]): Weather {
  return { from: 0, until, loss: 0, duplication: 0, maxDelay: 50, groups }
}

/** Two halves, each of which votes its own way: neither may decide. */
export function halves(parts: NodeParts): Scenario {
  const base = quiet(8, parts)
  const weather = [partition(20_000, [0, 1, 2, 3], [4, 5, 6, 7])]
  const votes = base.votes.map((vote) => ({ ...vote, one: ballot(vote.node, vote.node < 4) }))
  const proposals = [...base.proposals, { at: 200, node: 4, proposal: PROPOSAL }]
  return { ...base, weather, votes, proposals, calmFrom: 20_000 }
}

/** Five in a ring, each of which hears its two neighbours: no three are enough. */
export function ring(parts: NodeParts): Scenario {
  const isCut = (from: number, to: number): boolean => ![1, 4].includes((to - from + 5) % 5)
  return { ...quiet(5, parts), isCut }
}

/** The first proposer leaves a ballot out that everybody had long before the end. */
export function leftOut(parts: NodeParts): Scenario {
  const base = quiet(4, parts)
  const distort = (votes: Votes): Votes => votes & ~(ballotsIn(votes)[0] ?? 0)
  const nodes = base.nodes.map((node) =>
    node.index === 1 ? { ...node, isHonest: false, parts: { ways: { ...parts.ways, distort } } } : node,
  )
  return { ...base, nodes }
}

/** A node stops after its first signature and starts again while the others still wait for the cut. */
export function stopAfterSigning(parts: NodeParts): Scenario {
  return { ...quiet(4, parts), stops: [{ at: DEADLINE_MS + 200, node: 0, startsAt: DEADLINE_MS + 300 }] }
}

/** Two halves see the votes in different orders and are one again before the end. */
export function differentOrders(parts: NodeParts): Scenario {
  const base = quiet(4, parts)
  const proposals = [...base.proposals, { at: 200, node: 2, proposal: PROPOSAL }]
  return { ...base, proposals, weather: [partition(2_000, [0, 1], [2, 3])], calmFrom: 2_000 }
}

/**
 * Three attesters, whose every vote is needed. Round 0 brings nothing; the precommit of 2 reaches nobody. 2 has those of the
 * others, goes on to round 1, and stops there. The others are neither a quorum nor is 2 the third that could pull them after it:
 * they wait for that one precommit.
 */
export function aheadAlone(parts: NodeParts): Scenario {
  const isCut = (_from: number, _to: number, packet: Packet, now: number): boolean =>
    isOfRoundZero(packet) && (isProposal(packet) || (isPrecommitOf(packet, 2) && now < 7_000))
  return { ...quiet(3, parts), isCut, stops: [{ at: 6_500, node: 2, startsAt: 6_700 }], calmFrom: 7_000 }
}

/**
 * The twins that a missing lock falls to. Attester 1 proposes in round 0, 2 in round 1; 3 is two nodes.
 *
 *     round 0   1, 0 and the first twin prevote X and precommit it. Only 1 hears all three and decides X.
 *               0 is locked on X. 2 and the second twin hear nothing of X, and precommit nothing.
 *     round 1   1 is cut off. 2 proposes Y. The second twin is for Y: with 0 they are three of four.
 *
 * The lock forbids 0 to prevote Y. Without it Y is decided too. With it nothing is, until 0 itself proposes X again in round 3.
 */
export function twins(parts: NodeParts): Scenario {
  const [first, second] = [3, 4]
  const base = quiet(4, parts)
  const nodes = base.nodes.map((node) => (node.index === 3 ? { ...node, isHonest: false } : node))
  const cutOff = 20_000
  const isCut = (from: number, to: number, packet: Packet, now: number): boolean => {
    if (packet.type === 'votes') return false
    if (isPrecommitOf(packet, 1) || (from === first && to === 0 && isPrecommitOf(packet, 3))) return now < cutOff
    if (from === first || to === first) return !isOfRoundZero(packet) || ![0, 1].includes(from === first ? to : from)
    if (now >= cutOff) return false
    if (from === 1 || to === 1) return !isOfRoundZero(packet) || (from === 1 ? to : from) !== 0
    if (!isOfRoundZero(packet) || [from, to].every((node) => node === 2 || node === second)) return false
    // between 0 and the two who hear nothing of X: its own votes, and theirs
    return !(from === 0 ? isVoteOf(packet, 0) : isVoteOf(packet, 2) || isVoteOf(packet, 3))
  }
  return { ...base, nodes: [...nodes, { index: 3, isHonest: false, clockOffset: 0, startsAt: 0 }], isCut, calmFrom: cutOff }
}

function isProposal(packet: Packet): boolean {
  return packet.type === 'consensus' && packet.message.kind === 'proposal'
}

function isOfRoundZero(packet: Packet): boolean {
  return packet.type === 'consensus' && packet.message.round === 0
}

function isVoteOf(packet: Packet, attester: number): boolean {
  return (
    isPrecommitOf(packet, attester) ||
    (packet.type === 'consensus' && packet.message.kind === 'prevote' && packet.message.attester === attester)
  )
}

function isPrecommitOf(packet: Packet, attester: number): boolean {
  return packet.type === 'consensus' && packet.message.kind === 'precommit' && packet.message.attester === attester
}
