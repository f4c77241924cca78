import { ACCEPTANCE_CONTEXT, acceptanceBody } from '../acceptance.ts'
import type { Effect } from '../effect.ts'
import type { Attester, AttesterSet } from './attester-set.ts'
import type { Pending } from './log-state.ts'
import type { VerifySignature } from './statement.ts'

export interface ElectionContext {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** The proposal's place, which each acceptance names. */
  readonly place: Pick<Pending, 'author' | 'slot'>
  /** Composite public key of a member now; undefined for who is none. */
  keyOf(index: number): Uint8Array | undefined
  readonly verify: VerifySignature
}

/**
 * Who decides after an election: the attesters without those removed, and those added, each of whom has signed that it will.
 * Undefined where one of them has not, or is no member any more.
 */
export function electedAttesters(
  current: AttesterSet,
  election: Extract<Effect, { readonly kind: 'elect-attesters' }>,
  context: ElectionContext,
): readonly Attester[] | undefined {
  const { networkId, place, keyOf, verify } = context
  const changed = new Set([...election.remove, ...election.add.map(({ index }) => index)])
  const attesters = current.attesters.filter(({ index }) => !changed.has(index))
  for (const { index, weight, acceptance } of election.add) {
    const key = keyOf(index)
    const body = acceptanceBody({ networkId, index, weight, author: place.author, slot: place.slot })
    if (key === undefined || !verify(key, body, acceptance, ACCEPTANCE_CONTEXT)) return undefined
    attesters.push({ index, key, weight })
  }
  return attesters.sort((one, other) => one.index - other.index)
}
