import { ByteWriter } from '../../platform/byte-codec.ts'
import { label } from '../form.ts'
import { bytesOf } from './hex.ts'

/** Where a signed word of an attester belongs. */
export interface Slot {
  readonly height: number
  readonly epoch: number
  readonly round: number
  /** Index of the member that signs. */
  readonly attester: number
}

/** What an attester signs; each slot has at most one of each kind. */
export type Statement =
  /** "I am in this round, and my clock shows this." */
  | (Slot & { readonly kind: 'entry'; readonly wall: number })
  /** "Decide this." `carried` is the SHA-256 of all that travels with it, hex. */
  | (Slot & { readonly kind: 'proposal'; readonly value: string; readonly validRound: number; readonly carried: string })
  /** "I would accept this", "I hold to this"; undefined stands for nothing of this round. */
  | (Slot & { readonly kind: VoteKind; readonly value: string | undefined })

export type VoteKind = 'prevote' | 'precommit'
export type StatementKind = Statement['kind']

const LABEL = label('x0-consensus/1\0')
/** The number of a kind on the wire is its place here. */
export const STATEMENT_KINDS: readonly StatementKind[] = ['entry', 'proposal', 'prevote', 'precommit']
const CONTEXTS: Readonly<Record<StatementKind, Uint8Array>> = {
  entry: label('x0/consensus-entry/1'),
  proposal: label('x0/consensus-proposal/1'),
  prevote: label('x0/consensus-prevote/1'),
  precommit: label('x0/consensus-precommit/1'),
}
/** No hash of anything is all zero. */
const NOTHING = new Uint8Array(32)

/** Whether `signature` over `statement` is of `key` (composite, 1,984 bytes). False for whatever a peer can send; never throws. */
export type VerifySignature = (key: Uint8Array, statement: Uint8Array, signature: Uint8Array, context: Uint8Array) => boolean

/** The context of the signature, one for each kind. */
export function contextOf(kind: StatementKind): Uint8Array {
  return CONTEXTS[kind]
}

/** The bytes that are signed; the layout is in docs/governance-log.md. */
export function encodeStatement(networkId: Uint8Array, statement: Statement): Uint8Array {
  const writer = new ByteWriter().bytes(LABEL).bytes(networkId).u8(STATEMENT_KINDS.indexOf(statement.kind))
  writer.u64(BigInt(statement.height)).u32(statement.epoch).u32(statement.round).u16(statement.attester)
  if (statement.kind === 'entry') return writer.u64(BigInt(statement.wall)).finish()
  if (statement.kind !== 'proposal') return writer.bytes(valueBytes(statement.value)).finish()
  writer
    .u32(statement.validRound + 1)
    .bytes(bytesOf(statement.value))
    .bytes(bytesOf(statement.carried))
  return writer.finish()
}

/** Whether both say the same, which makes two signatures over them one word. */
export function isSameStatement(one: Statement, other: Statement): boolean {
  return isSameSlot(one, other) && contentOf(one) === contentOf(other)
}

/** Whether one attester may sign only one of the two. */
export function isSameSlot(one: Statement, other: Statement): boolean {
  return (
    one.kind === other.kind &&
    one.height === other.height &&
    one.epoch === other.epoch &&
    one.round === other.round &&
    one.attester === other.attester
  )
}

function contentOf(statement: Statement): string | number | undefined {
  if (statement.kind === 'entry') return statement.wall
  if (statement.kind !== 'proposal') return statement.value
  return `${statement.validRound} ${statement.value} ${statement.carried}`
}

function valueBytes(value: string | undefined): Uint8Array {
  return value === undefined ? NOTHING : bytesOf(value)
}
