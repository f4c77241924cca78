import { hexOf } from '../form.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type Decision, faultOfCertificate } from './decision.ts'
import { type LogState, type StateMachine, transition } from './log-state.ts'
import type { ProofFault } from './quorum-proof.ts'
import type { VerifySignature } from './statement.ts'

/**
 * - `other-network`, `broken-chain`: it is not the next record of this log.
 * - `other-history`: it is not the record that the checkpoint names.
 * - a `ProofFault`: its certificate does not hold.
 * - `wrong-state`: more than two thirds signed a record that does not follow from what it says.
 * - `upgrade-needed`: it does what this version does not know.
 */
export type ChainFault = ProofFault | 'other-network' | 'broken-chain' | 'other-history' | 'wrong-state' | 'upgrade-needed'

export type Followed<State> =
  | { readonly state: LogState<State>; readonly voided: readonly string[] }
  | { readonly fault: ChainFault }

/** The state after a decision that holds and follows from `before`, or why it is refused. Nothing else need be known. */
export function follow<State>(
  machine: StateMachine<State>,
  before: LogState<State>,
  decision: Decision,
  verify: VerifySignature,
  checkpoint?: Checkpoint,
): Followed<State> {
  const { record, hash } = decision
  if (hexOf(record.networkId) !== hexOf(before.networkId)) return { fault: 'other-network' }
  if (record.height !== before.height + 1 || record.parent !== before.hash) return { fault: 'broken-chain' }
  if (checkpoint?.height === record.height && checkpoint.hash !== hash) return { fault: 'other-history' }
  const fault = faultOfCertificate(decision, before.set, before.networkId, verify)
  return fault === undefined ? carryOut(machine, before, decision) : { fault }
}

/** The same for a decision whose certificate was checked, or is of our own making. */
export function carryOut<State>(machine: StateMachine<State>, before: LogState<State>, decision: Decision): Followed<State> {
  const { record, hash } = decision
  if (record.time < before.time) return { fault: 'wrong-state' }
  const made = transition(machine, before, record.time, record.closes)
  if ('unknown' in made) return { fault: 'upgrade-needed' }
  if ('refused' in made || made.stateRoot !== record.stateRoot || !isSameList(made.executes, record.executes)) {
    return { fault: 'wrong-state' }
  }
  return { state: { ...made.next, height: record.height, hash }, voided: made.voided }
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, at) => item === other[at])
}
