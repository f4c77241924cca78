import { equalBytes } from '../crypto/constant-time.ts'

/** What has one body: its id is the hash of it. */
export interface Identified {
  /** 32 bytes. */
  readonly id: Uint8Array
}

/**
 * A place for one body of one signer, as a lattice of three steps: empty < one body < equivocation. Two bodies for one
 * place prove that the signer cheats; any two do, so which two are kept is no part of the state.
 */
export type Slot<Body extends Identified> =
  | { readonly kind: 'empty' }
  | { readonly kind: 'one'; readonly body: Body }
  | { readonly kind: 'equivocation'; readonly evidence: readonly [Body, Body] }

export const EMPTY_SLOT = { kind: 'empty' } as const

export function slotWith<Body extends Identified>(body: Body): Slot<Body> {
  return { kind: 'one', body }
}

/** The least slot above both: commutative, associative and idempotent (docs/governance.md has the proof). */
export function joinSlots<Body extends Identified>(one: Slot<Body>, other: Slot<Body>): Slot<Body> {
  if (one.kind === 'empty' || other.kind === 'equivocation') return one.kind === 'equivocation' ? one : other
  if (other.kind === 'empty' || one.kind === 'equivocation') return one
  return equalBytes(one.body.id, other.body.id) ? one : { kind: 'equivocation', evidence: [one.body, other.body] }
}

/** Whether `one` is below `other` or the same. */
export function isSlotAtMost(one: Slot<Identified>, other: Slot<Identified>): boolean {
  if (one.kind === 'empty' || other.kind === 'equivocation') return true
  return one.kind === 'one' && other.kind === 'one' && equalBytes(one.body.id, other.body.id)
}
