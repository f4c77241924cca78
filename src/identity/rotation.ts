import type { CryptoBackend } from '../crypto/backend.ts'
import { CryptoError } from '../crypto/backend.ts'
import {
  COMPOSITE_PUBLIC_KEY_BYTES,
  COMPOSITE_SIGNATURE_BYTES,
  compositePublicKey,
  importCompositePublic,
} from '../crypto/composite.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { MLDSA65_PUBLIC_KEY_BYTES } from '../crypto/lengths.ts'
import { IdentityError } from './identity-error.ts'
import { MAX_ROTATIONS } from './limits.ts'
import type { NodeIdentity } from './node-identity.ts'
import { x0IdOf } from './x0-id.ts'

/*
 * A node that changes its keys changes its name. The successor statement ties both names together:
 *
 *   label "x0-successor/1\0" (15) | old key (1984) | new key (1984) | sequence u64be (8) | old signature (3373) | new signature (3373)
 *   signed bytes: label || old x0 id (32) || new x0 id (32) || sequence u64be
 *   contexts: "x0/successor/1/old" and "x0/successor/1/new", so neither signature can stand in for the other
 *
 * The keys travel along because an x0 id is only their hash; the ids are computed from them, never read.
 */

const LABEL = new TextEncoder().encode('x0-successor/1\0')
const OLD_CONTEXT = new TextEncoder().encode('x0/successor/1/old')
const NEW_CONTEXT = new TextEncoder().encode('x0/successor/1/new')

const OLD_KEY_AT = LABEL.length
const NEW_KEY_AT = OLD_KEY_AT + COMPOSITE_PUBLIC_KEY_BYTES
const SEQUENCE_AT = NEW_KEY_AT + COMPOSITE_PUBLIC_KEY_BYTES
const OLD_SIGNATURE_AT = SEQUENCE_AT + 8
const NEW_SIGNATURE_AT = OLD_SIGNATURE_AT + COMPOSITE_SIGNATURE_BYTES

/** The one size of an encoded statement. */
export const STATEMENT_BYTES = NEW_SIGNATURE_AT + COMPOSITE_SIGNATURE_BYTES

/** A decoded statement. Only what `verifySuccessor` accepted may be believed. */
export interface SuccessorStatement {
  /** 32 bytes. */
  readonly oldId: Uint8Array
  /** 32 bytes. */
  readonly newId: Uint8Array
  /** How many rotations the node has made, this one included: 1 and up. */
  readonly sequence: number
  /** Composite public keys, ML-DSA-65 || Ed25519, 1,984 bytes each. */
  readonly oldKey: Uint8Array
  readonly newKey: Uint8Array
  /** Composite signatures, 3,373 bytes each. */
  readonly oldSignature: Uint8Array
  readonly newSignature: Uint8Array
}

/**
 * Makes the statement that `successor` follows `retiring`.
 * @throws IdentityError `bad-statement` for a sequence below 1 or above 1,024, or where both are the same
 */
export async function signSuccessor(
  retiring: NodeIdentity,
  successor: NodeIdentity,
  sequence: number,
): Promise<SuccessorStatement> {
  expectSequence(sequence)
  expectDifferent(retiring.x0Id, successor.x0Id)
  const message = signedBytes(retiring.x0Id, successor.x0Id, sequence)
  const [oldSignature, newSignature] = await Promise.all([
    retiring.sign(message, OLD_CONTEXT),
    successor.sign(message, NEW_CONTEXT),
  ])
  return {
    oldId: retiring.x0Id,
    newId: successor.x0Id,
    sequence,
    oldKey: compositePublicKey(retiring),
    newKey: compositePublicKey(successor),
    oldSignature,
    newSignature,
  }
}

/** The canonical form: every statement has one encoding, 10,737 bytes. */
export function encodeSuccessor(statement: SuccessorStatement): Uint8Array {
  const bytes = new Uint8Array(STATEMENT_BYTES)
  bytes.set(LABEL)
  bytes.set(statement.oldKey, OLD_KEY_AT)
  bytes.set(statement.newKey, NEW_KEY_AT)
  bytes.set(sequenceBytes(statement.sequence), SEQUENCE_AT)
  bytes.set(statement.oldSignature, OLD_SIGNATURE_AT)
  bytes.set(statement.newSignature, NEW_SIGNATURE_AT)
  return bytes
}

/**
 * Reads a statement without believing it.
 * @throws IdentityError `bad-statement` for another length, label, sequence, or a key that follows itself
 */
export function decodeSuccessor(backend: CryptoBackend, bytes: Uint8Array): SuccessorStatement {
  if (bytes.length !== STATEMENT_BYTES) {
    throw new IdentityError('bad-statement', `a successor statement has ${STATEMENT_BYTES} bytes, not ${bytes.length}`)
  }
  if (!equalBytes(bytes.subarray(0, LABEL.length), LABEL)) {
    throw new IdentityError('bad-statement', 'this is no successor statement of version 1')
  }
  const sequence = Number(new DataView(bytes.buffer, bytes.byteOffset + SEQUENCE_AT, 8).getBigUint64(0))
  expectSequence(sequence)
  const oldKey = bytes.slice(OLD_KEY_AT, NEW_KEY_AT)
  const newKey = bytes.slice(NEW_KEY_AT, SEQUENCE_AT)
  const oldId = idOfComposite(backend, oldKey)
  const newId = idOfComposite(backend, newKey)
  expectDifferent(oldId, newId)
  const oldSignature = bytes.slice(OLD_SIGNATURE_AT, NEW_SIGNATURE_AT)
  return { oldId, newId, sequence, oldKey, newKey, oldSignature, newSignature: bytes.slice(NEW_SIGNATURE_AT) }
}

/** Whether both nodes signed it. A key that is no key makes it false. */
export async function verifySuccessor(backend: CryptoBackend, statement: SuccessorStatement): Promise<boolean> {
  const message = signedBytes(statement.oldId, statement.newId, statement.sequence)
  try {
    const oldKey = importCompositePublic(backend, statement.oldKey)
    const newKey = importCompositePublic(backend, statement.newKey)
    const [byOld, byNew] = await Promise.all([
      oldKey.verify(message, statement.oldSignature, OLD_CONTEXT),
      newKey.verify(message, statement.newSignature, NEW_CONTEXT),
    ])
    const named =
      equalBytes(statement.oldId, idOfComposite(backend, statement.oldKey)) &&
      equalBytes(statement.newId, idOfComposite(backend, statement.newKey))
    return byOld && byNew && named
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'bad-key') return false
    throw error
  }
}

/** Where a name leads. */
export type Succession =
  /** Nobody follows `id`: it is the name to use. `rotations` is how many steps led here. */
  | { readonly kind: 'current'; readonly id: Uint8Array; readonly rotations: number }
  /** Two successors of `oldId`: a key is in two hands. Freeze the pin and raise an alarm. */
  | { readonly kind: 'conflict'; readonly oldId: Uint8Array; readonly newIds: readonly [Uint8Array, Uint8Array] }
  /** What follows `oldId` does not count on from what came before: a chain that returns, or one signed out of order. */
  | { readonly kind: 'out-of-order'; readonly oldId: Uint8Array }

/**
 * Follows verified statements from `id` to the name that is in use now. The same successor said twice is no conflict; two
 * different ones are, whatever their sequences. Sequences must grow from step to step, which also ends every circle.
 */
export function followSuccessors(verified: readonly SuccessorStatement[], id: Uint8Array): Succession {
  let current = id
  let sequence = 0
  for (let rotations = 0; ; rotations++) {
    const own = verified.filter((statement) => equalBytes(statement.oldId, current))
    const [first] = own
    if (first === undefined) return { kind: 'current', id: current, rotations }
    const other = own.find((statement) => !equalBytes(statement.newId, first.newId))
    if (other !== undefined) return { kind: 'conflict', oldId: current, newIds: [first.newId, other.newId] }
    const highest = Math.max(...own.map((statement) => statement.sequence))
    if (highest <= sequence) return { kind: 'out-of-order', oldId: current }
    sequence = highest
    current = first.newId
  }
}

function idOfComposite(backend: CryptoBackend, key: Uint8Array): Uint8Array {
  return x0IdOf(backend, { mldsa65: key.subarray(0, MLDSA65_PUBLIC_KEY_BYTES), ed25519: key.subarray(MLDSA65_PUBLIC_KEY_BYTES) })
}

function signedBytes(oldId: Uint8Array, newId: Uint8Array, sequence: number): Uint8Array {
  return Buffer.concat([LABEL, oldId, newId, sequenceBytes(sequence)])
}

function sequenceBytes(sequence: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(sequence))
  return bytes
}

function expectSequence(sequence: number): void {
  if (!Number.isInteger(sequence) || sequence < 1 || sequence > MAX_ROTATIONS) {
    throw new IdentityError('bad-statement', `the sequence of a successor statement is between 1 and ${MAX_ROTATIONS}`)
  }
}

function expectDifferent(oldId: Uint8Array, newId: Uint8Array): void {
  if (equalBytes(oldId, newId)) throw new IdentityError('bad-statement', 'a node cannot follow itself')
}
