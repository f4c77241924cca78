import type { AttesterSet } from './attester-set.ts'
import type { ConsensusMessage, Proposal, Value } from './message.ts'
import type { MessageFault } from './message-check.ts'
import { isQuorum } from './quorum.ts'
import type { QuorumProof } from './quorum-proof.ts'
import type { SignLock } from './sign-lock.ts'
import type { SigningEffect } from './signing-desk.ts'
import type { VerifySignature } from './statement.ts'
import type { Summary } from './summary.ts'
import type { Moment, Timing } from './timing.ts'

/** `wait`: what is needed to judge it is not here yet. */
export type Verdict = 'accept' | 'refuse' | 'wait'

/** What is proposed and what is acceptable is not for the core to know. Both are asked with the time, and change nothing. */
export interface Proposing {
  /** A new value; or the wall-clock ms before which there is none; or undefined while there is nothing to decide. */
  propose(context: ProposeContext): Value | { readonly notBefore: number } | undefined
  judge(value: Value, context: JudgeContext): Verdict
}

export interface ProposeContext {
  readonly round: number
  /** Of the attesters' clock readings in this round, wall clock ms. */
  readonly medianTime: number
  readonly now: Moment
}

export interface JudgeContext {
  readonly round: number
  /** Of the readings that came with it; undefined where it is proposed again with a proof of more than two thirds. */
  readonly medianTime: number | undefined
  readonly now: Moment
}

/** The rules that make it safe. The simulator puts broken ones in their place, to show that it notices. */
export interface ConsensusRules {
  isQuorum(weight: number, total: number): boolean
  /** Whether the lock lets an attester prevote for what is proposed. */
  mayPrevote(locked: SignLock['locked'], proposal: Pick<Proposal, 'value' | 'validRound'>): boolean
  /** Whether an attester passes on what `author` said. */
  mayCarry(author: number, self: number | undefined): boolean
}

export const TENDERMINT: ConsensusRules = {
  isQuorum,
  mayPrevote: (locked, { value, validRound }) => locked === undefined || locked.value === value || validRound >= locked.round,
  mayCarry: () => true,
}

export interface ConsensusOptions {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly height: number
  readonly set: AttesterSet
  /** Index of the member that this node is; undefined for one that only watches. */
  readonly self: number | undefined
  /** False for an attester that may have signed at this height and does not know: it watches. */
  readonly maySign: boolean
  readonly timing: Timing
  readonly verify: VerifySignature
  readonly proposing: Proposing
  readonly rules: ConsensusRules
  /** What the disk has. */
  readonly lock: SignLock | undefined
  /** The last sequence that the height before gave out. */
  readonly sequence: number
}

export type ConsensusEvent =
  /** Something is to be decided. */
  | { readonly type: 'begin' }
  | { readonly type: 'message'; readonly from: string; readonly message: ConsensusMessage }
  | { readonly type: 'summary'; readonly from: string; readonly summary: Summary }
  | { readonly type: 'persisted'; readonly sequence: number }
  | { readonly type: 'signed'; readonly token: number; readonly signature: Uint8Array }
  /** What a judgement waited for may be here, or time has passed. */
  | { readonly type: 'tick' }

export type ConsensusEffect =
  | SigningEffect
  /** To all peers: a message of our own. */
  | { readonly type: 'broadcast'; readonly message: ConsensusMessage }
  /** To all peers but the one it came from. */
  | { readonly type: 'relay'; readonly from: string; readonly message: ConsensusMessage }
  | { readonly type: 'send'; readonly to: string; readonly messages: readonly ConsensusMessage[] }
  /** To one peer, or to all. */
  | { readonly type: 'summary'; readonly to: string | undefined; readonly summary: Summary }
  /** Get what the value's support names, from this peer first, then tick. */
  | { readonly type: 'needs'; readonly from: string; readonly value: Value }
  /** Keep this: one attester signed two things in one place. */
  | { readonly type: 'evidence'; readonly one: ConsensusMessage; readonly other: ConsensusMessage }
  /** This peer brought what the bytes themselves prove wrong. */
  | { readonly type: 'refused'; readonly from: string; readonly fault: MessageFault }
  | { readonly type: 'decided'; readonly value: Value; readonly proof: QuorumProof }
