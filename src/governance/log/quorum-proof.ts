import { COMPOSITE_SIGNATURE_BYTES } from '../../crypto/composite.ts'
import type { ByteReader, ByteWriter, ReadFailure } from '../../platform/byte-codec.ts'
import { isAscending } from '../form.ts'
import { type AttesterSet, attesterOf } from './attester-set.ts'
import { MAX_ATTESTERS } from './limits.ts'
import { contextOf, encodeStatement, type VerifySignature, type VoteKind } from './statement.ts'

export interface Signed {
  /** Index of the member. */
  readonly attester: number
  /** 3,373 bytes. */
  readonly signature: Uint8Array
}

/** Votes of one kind and round for one value: prevotes prove a lock, precommits a decision. */
export interface QuorumProof {
  readonly kind: VoteKind
  readonly height: number
  readonly epoch: number
  readonly round: number
  /** Hex. */
  readonly value: string
  /** Ascending by attester. */
  readonly signatures: readonly Signed[]
}

export type ProofFault = 'wrong-epoch' | 'duplicate-signer' | 'foreign-signer' | 'too-few-signatures' | 'forged-signature'

/**
 * What is wrong with a proof under this set, cheap checks first; undefined where it holds.
 * `isKnown` may say of a signature that it was checked already.
 */
export function faultOfProof(
  proof: QuorumProof,
  set: AttesterSet,
  networkId: Uint8Array,
  verify: VerifySignature,
  isQuorum: (weight: number, total: number) => boolean,
  isKnown: (signed: Signed) => boolean = () => false,
): ProofFault | undefined {
  if (proof.epoch !== set.epoch) return 'wrong-epoch'
  if (!isAscending(proof.signatures.map(({ attester }) => attester))) return 'duplicate-signer'
  const signers = proof.signatures.map(({ attester }) => attesterOf(set, attester))
  if (signers.includes(undefined)) return 'foreign-signer'
  const weight = signers.reduce((sum, signer) => sum + (signer?.weight ?? 0), 0)
  if (!isQuorum(weight, set.weight)) return 'too-few-signatures'
  const { kind, height, epoch, round, value } = proof
  const isForged = proof.signatures.some((signed) => {
    if (isKnown(signed)) return false
    const { attester, signature } = signed
    const statement = encodeStatement(networkId, { kind, height, epoch, round, attester, value })
    const key = attesterOf(set, attester)?.key
    return key === undefined || !verify(key, statement, signature, contextOf(kind))
  })
  return isForged ? 'forged-signature' : undefined
}

/** Count, then index and signature of each: what the votes say is known from where they stand. */
export function writeSignatures(writer: ByteWriter, signatures: readonly Signed[]): void {
  writer.u8(signatures.length)
  for (const { attester, signature } of signatures) writer.u16(attester).bytes(signature)
}

/** At least one, strictly ascending. @throws what `fail` makes */
export function readSignatures(reader: ByteReader, fail: ReadFailure): readonly Signed[] {
  const signatures = reader.list(MAX_ATTESTERS, () => ({
    attester: reader.u16(),
    signature: reader.bytes(COMPOSITE_SIGNATURE_BYTES),
  }))
  if (signatures.length === 0) throw fail('signatures of nobody')
  if (!isAscending(signatures.map(({ attester }) => attester))) throw fail('signers out of order, or one of them twice')
  return signatures
}
