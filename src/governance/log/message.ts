import { COMPOSITE_SIGNATURE_BYTES } from '../../crypto/composite.ts'
import { type ByteReader, ByteWriter } from '../../platform/byte-codec.ts'
import { failing, hexOf, isAscending, label, readMs, readTime, startReading } from '../form.ts'
import { sha256Hex } from './hex.ts'
import { MAX_ATTESTERS, MAX_MESSAGE_BYTES, MAX_RECORD_BYTES, MAX_SUPPORT_BYTES } from './limits.ts'
import { type QuorumProof, readSignatures, writeSignatures } from './quorum-proof.ts'
import { contextOf, encodeStatement, type Slot, STATEMENT_KINDS, type VoteKind } from './statement.ts'

/** What is decided on. */
export interface Value {
  /** SHA-256 of the body, hex. */
  readonly id: string
  /** A record without its certificate. */
  readonly body: Uint8Array
  /** What one needs beside it to judge it, in a form of the application's: the list of the votes in the set that it closes. */
  readonly support: Uint8Array
}

/** An attester's clock reading as a proposal carries it. */
export interface ClockReading {
  readonly attester: number
  /** Wall clock ms. */
  readonly wall: number
  readonly signature: Uint8Array
}

interface SignedSlot extends Slot {
  /** 3,373 bytes. */
  readonly signature: Uint8Array
}

export interface Entry extends SignedSlot {
  readonly kind: 'entry'
  /** Wall clock ms. */
  readonly wall: number
}

export interface Vote extends SignedSlot {
  readonly kind: VoteKind
  /** Id, hex; undefined for nothing of this round. */
  readonly value: string | undefined
}

export interface Proposal extends SignedSlot {
  readonly kind: 'proposal'
  /** Id of the content, hex. */
  readonly value: string
  readonly content: Value
  /** The round in which more than two thirds prevoted for it, -1 where it is new. */
  readonly validRound: number
  /** SHA-256 of all that it carries, hex. */
  readonly carried: string
  /** Of a new value: what its time is the median of, ascending by attester. */
  readonly readings: readonly ClockReading[]
  /** Of a value proposed again: those prevotes. */
  readonly proof: QuorumProof | undefined
}

/** Signed, and worth relaying whoever brings it. */
export type ConsensusMessage = Entry | Vote | Proposal

const LABEL = label('x0-consensus/1\0')
const fail = failing('bad-message')

export function makeValue(body: Uint8Array, support: Uint8Array): Value {
  return { id: sha256Hex(body), body, support }
}

/** SHA-256, hex, of what a proposal carries: nobody on the way can put other readings or another list beside it. */
export function carriedHash(content: Value, readings: readonly ClockReading[], proof: QuorumProof | undefined): string {
  return sha256Hex(encodeCarried(content, readings, proof))
}

export function encodeMessage(networkId: Uint8Array, message: ConsensusMessage): Uint8Array {
  const writer = new ByteWriter().bytes(encodeStatement(networkId, message)).bytes(message.signature)
  if (message.kind === 'proposal') writer.bytes(encodeCarried(message.content, message.readings, message.proof))
  return writer.finish()
}

/**
 * Reads a message without believing it: the form alone; each has exactly one encoding.
 * @throws GovernanceError `bad-message`, also for one of another network
 */
export function decodeMessage(networkId: Uint8Array, bytes: Uint8Array): ConsensusMessage {
  const { reader } = startReading(bytes, LABEL, MAX_MESSAGE_BYTES, fail)
  if (hexOf(reader.bytes(32)) !== hexOf(networkId)) throw fail('a message of another network')
  const kind = STATEMENT_KINDS[reader.u8()]
  const height = readMs(reader, 1, Number.MAX_SAFE_INTEGER, fail)
  const slot: Slot = { height, epoch: reader.u32(), round: reader.u32(), attester: reader.u16() }
  const message = readRest(reader, kind, slot)
  reader.end()
  return message
}

function readRest(reader: ByteReader, kind: ConsensusMessage['kind'] | undefined, slot: Slot): ConsensusMessage {
  if (kind === undefined) throw fail('a message of a kind that this version does not know')
  if (kind === 'entry') {
    return { ...slot, kind, wall: readTime(reader, fail), signature: reader.bytes(COMPOSITE_SIGNATURE_BYTES) }
  }
  if (kind === 'proposal') return readProposal(reader, slot)
  const value = hexOf(reader.bytes(32))
  const signature = reader.bytes(COMPOSITE_SIGNATURE_BYTES)
  return { ...slot, kind, value: /^0+$/.test(value) ? undefined : value, signature }
}

function readProposal(reader: ByteReader, slot: Slot): Proposal {
  const validRound = reader.u32() - 1
  const value = hexOf(reader.bytes(32))
  const carried = hexOf(reader.bytes(32))
  const signature = reader.bytes(COMPOSITE_SIGNATURE_BYTES)
  const content = makeValue(readBlob(reader, MAX_RECORD_BYTES), readBlob(reader, MAX_SUPPORT_BYTES))
  const readings = reader.list(MAX_ATTESTERS, () => ({
    attester: reader.u16(),
    wall: readTime(reader, fail),
    signature: reader.bytes(COMPOSITE_SIGNATURE_BYTES),
  }))
  if (!isAscending(readings.map(({ attester }) => attester))) throw fail('clock readings out of order, or two of one attester')
  const { height, epoch, round } = slot
  const proof: QuorumProof | undefined =
    validRound < 0
      ? undefined
      : { kind: 'prevote', height, epoch, round: validRound, value, signatures: readSignatures(reader, fail) }
  if (validRound >= round) throw fail('a proof from a round that is not before its own')
  if (content.id !== value) throw fail('a proposal of something else than it carries')
  if ((proof === undefined) === (readings.length === 0)) throw fail('a new value carries clock readings, an old one a proof')
  if (carriedHash(content, readings, proof) !== carried) throw fail('a proposal with something else beside it than was signed')
  return { ...slot, kind: 'proposal', value, content, validRound, carried, readings, proof, signature }
}

function encodeCarried(content: Value, readings: readonly ClockReading[], proof: QuorumProof | undefined): Uint8Array {
  const writer = new ByteWriter()
  writeBlob(writer, content.body)
  writeBlob(writer, content.support)
  writer.u8(readings.length)
  for (const { attester, wall, signature } of readings) writer.u16(attester).u64(BigInt(wall)).bytes(signature)
  if (proof !== undefined) writeSignatures(writer, proof.signatures)
  return writer.finish()
}

/** Four bytes of length, then the bytes. */
export function writeBlob(writer: ByteWriter, bytes: Uint8Array): void {
  writer.u32(bytes.length).bytes(bytes)
}

export function readBlob(reader: ByteReader, max: number): Uint8Array {
  return reader.bytes(reader.u32(max))
}

/** Whether the signature of a clock reading holds. */
export function readingStatement(networkId: Uint8Array, slot: Slot, reading: ClockReading): readonly [Uint8Array, Uint8Array] {
  const statement = { ...slot, kind: 'entry' as const, attester: reading.attester, wall: reading.wall }
  return [encodeStatement(networkId, statement), contextOf('entry')]
}
