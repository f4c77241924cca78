import { compositePublicKey, compositeSignNow, importCompositePublic } from '../../../src/crypto/composite.ts'
import type { Attester } from '../../../src/governance/log/attester-set.ts'
import { type Decision, makeDecision } from '../../../src/governance/log/decision.ts'
import { type LogState, recordOf, type StateMachine, transition } from '../../../src/governance/log/log-state.ts'
import type { QuorumProof } from '../../../src/governance/log/quorum-proof.ts'
import { type Closing, encodeRecord, type RecordBody, recordHash } from '../../../src/governance/log/record.ts'
import { contextOf, encodeStatement, type VerifySignature } from '../../../src/governance/log/statement.ts'
import { NATIVE } from '../../crypto/backends.ts'
import { toyAttester, toySignature } from '../../sim/toy-network.ts'

/** Signs for a member, with whatever the test signs with. */
export interface MemberSigner {
  readonly attester: Attester
  sign(statement: Uint8Array, context: Uint8Array): Uint8Array
}

/** A member with real composite keys that follow from its index. */
export function realMember(index: number, weight = 1): MemberSigner {
  const mldsa = NATIVE.importMlDsa65(new Uint8Array(32).fill(index + 1))
  const ed25519 = NATIVE.importEd25519(new Uint8Array(32).fill(index + 101))
  const key = compositePublicKey({ mldsa65: mldsa.publicKey, ed25519: ed25519.publicKey })
  return {
    attester: { index, key, weight },
    sign: (statement, context) => compositeSignNow(NATIVE, { mldsa, ed25519 }, statement, context),
  }
}

export const realVerify: VerifySignature = (key, statement, signature, context) =>
  importCompositePublic(NATIVE, key).verifyNow(statement, signature, context)

/** A member whose signatures only the simulator believes. */
export function toyMember(index: number, weight = 1): MemberSigner {
  return { attester: toyAttester(index, weight), sign: (statement, context) => toySignature(index, statement, context) }
}

/** A proof that these members cast this vote. */
export function proofBy(
  signers: readonly MemberSigner[],
  networkId: Uint8Array,
  vote: Omit<QuorumProof, 'signatures'>,
): QuorumProof {
  const signatures = signers.map(({ attester: { index }, sign }) => {
    const { kind, height, epoch, round, value } = vote
    const statement = encodeStatement(networkId, { kind, height, epoch, round, attester: index, value })
    return { attester: index, signature: sign(statement, contextOf(kind)) }
  })
  return { ...vote, signatures }
}

/** The decision that follows from a state, as these members would make it. */
export function decide<State>(
  machine: StateMachine<State>,
  before: LogState<State>,
  signers: readonly MemberSigner[],
  what: {
    readonly time: number
    readonly closes?: Closing
    readonly round?: number
    readonly alter?: (record: RecordBody) => RecordBody
  },
): Decision {
  const made = transition(machine, before, what.time, what.closes)
  if (!('stateRoot' in made)) throw new Error(`no such record: ${JSON.stringify(made)}`)
  const record = recordOf(before, what.closes, made)
  const body = encodeRecord(what.alter?.(record) ?? record)
  const { height, epoch } = what.alter?.(record) ?? record
  const vote = { kind: 'precommit' as const, height, epoch, round: what.round ?? 0, value: recordHash(body) }
  return makeDecision(body, proofBy(signers, before.networkId, vote))
}
