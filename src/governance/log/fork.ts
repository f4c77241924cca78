import type { AttesterSet } from './attester-set.ts'
import { type Decision, faultOfCertificate } from './decision.ts'
import type { VerifySignature } from './statement.ts'

/** Two records of one height, each with a certificate that holds: more than a third of the attesters signed against the rules. */
export interface Fork {
  readonly one: Decision
  readonly other: Decision
}

/** Whether the two prove that to anybody who knows the attesters of that epoch. */
export function provesFork({ one, other }: Fork, set: AttesterSet, networkId: Uint8Array, verify: VerifySignature): boolean {
  if (one.record.height !== other.record.height || one.hash === other.hash) return false
  return [one, other].every((decision) => faultOfCertificate(decision, set, networkId, verify) === undefined)
}

/** Members, by index, whose precommits are in both. Signed in one round both times, it is plain equivocation. */
export function doubleSigners({ one, other }: Fork): readonly number[] {
  const signers = new Set(one.certificate.signatures.map(({ attester }) => attester))
  return other.certificate.signatures.map(({ attester }) => attester).filter((attester) => signers.has(attester))
}
