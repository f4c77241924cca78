import type { Attester } from '../../src/governance/log/attester-set.ts'
import { sha256Hex } from '../../src/governance/log/hex.ts'
import type { StateMachine } from '../../src/governance/log/log-state.ts'
import type { Closing } from '../../src/governance/log/record.ts'
import type { VerifySignature } from '../../src/governance/log/statement.ts'
import { countOf, VOTES, type Votes } from './votes.ts'

/** A proposal of the simulator. What it does is two bytes. */
export interface ToyProposal {
  readonly number: number
  /** Wall clock ms. */
  readonly deadline: number
  /** Ms. */
  readonly timelock: number
  /** Its kind (1: set the parameter, 2: elect, 3: what only some versions know) and what with. */
  readonly effect: Uint8Array
}

/** What is decided on in the simulator. */
export interface ToyState {
  readonly closed: readonly string[]
  readonly parameter: number
  readonly attesters: readonly Attester[]
  /** Each thing that took effect, in order. */
  readonly done: readonly string[]
}

export const SET_PARAMETER = 1
export const ELECT = 2
export const FROM_THE_FUTURE = 3

/** By the number of the proposal: a run asks for one at every event. */
const IDS = Array.from({ length: 8 }, (_, number) => number.toString(16).padStart(64, 'f'))
const NETWORK_ID = Uint8Array.from({ length: 32 }, (_, at) => at + 1)
export const TOY_NETWORK = { networkId: NETWORK_ID, createdAt: 1_800_000_000_000 }

/** A member with a key that only the simulator's signatures know. */
export function toyAttester(index: number, weight: number): Attester {
  const key = new Uint8Array(1_984)
  key[0] = index
  return { index, key, weight }
}

export function toyId({ number }: Pick<ToyProposal, 'number'>): string {
  return IDS[number] ?? ''
}

/** The closing of a proposal with these votes. More yes than no, and it passes. */
export function toyClosing(proposal: ToyProposal, votes: Votes): Closing {
  const { yes, no } = countOf(votes)
  const passes = yes > no
  return {
    proposal: toyId(proposal),
    author: 0,
    slot: proposal.number,
    votes: VOTES.root(votes),
    tally: sha256Hex(Uint8Array.of(yes, no)),
    outcome: passes ? 1 : 0,
    effects: passes ? proposal.effect : new Uint8Array(0),
    timelock: passes ? proposal.timelock : 0,
  }
}

/** `knows`: the highest kind of effect that this version knows. */
export function toyMachine(knows: number): StateMachine<ToyState> {
  return {
    closed: (state, { proposal }) =>
      state.closed.includes(proposal) ? undefined : { ...state, closed: [...state.closed, proposal] },
    executed(state, { proposal, effects }) {
      const [kind = 0, argument = 0] = effects
      if (kind > knows) return { unknown: kind }
      const done = [...state.done, `${proposal} ${kind} ${argument}`]
      if (kind !== ELECT) return { state: { ...state, parameter: argument, done }, attesters: undefined }
      const others = state.attesters.filter(({ index }) => index !== argument)
      const attesters = others.length < state.attesters.length ? others : [...others, toyAttester(argument, 1)]
      return { state: { ...state, attesters, done }, attesters }
    },
    root: ({ closed, parameter, attesters, done }) =>
      sha256Hex(Buffer.from(JSON.stringify([closed, parameter, attesters.map(({ index, weight }) => [index, weight]), done]))),
  }
}

/** Four bytes that depend on all that a signature covers, in the place of a real one: forgery is not what a run is about. */
export function toySignature(index: number, statement: Uint8Array, context: Uint8Array): Uint8Array {
  const signature = new Uint8Array(3_373)
  new DataView(signature.buffer).setUint32(0, mixed(index, statement, context))
  return signature
}

export const toyVerify: VerifySignature = (key, statement, signature, context) => {
  const stated = new DataView(signature.buffer, signature.byteOffset).getUint32(0)
  return stated === mixed(key[0] ?? 0, statement, context)
}

/** FNV-1a. */
function mixed(index: number, statement: Uint8Array, context: Uint8Array): number {
  let hash = (0x811c9dc5 ^ index) >>> 0
  for (const byte of statement) hash = Math.imul(hash ^ byte, 0x01000193)
  for (const byte of context) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
