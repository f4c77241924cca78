import { type ByteReader, ByteWriter } from '../../platform/byte-codec.ts'
import { failing, hexOf, label, readMs, readTime, startReading } from '../form.ts'
import { MAX_TIMELOCK_MS } from '../limits.ts'
import { bytesOf, sha256Hex } from './hex.ts'
import { MAX_EFFECTS_BYTES, MAX_EXECUTED, MAX_RECORD_BYTES } from './limits.ts'
import { readBlob, writeBlob } from './message.ts'

/** The end of a vote. */
export interface Closing {
  /** Id of the proposal, hex. */
  readonly proposal: string
  /** Its place: index of the author ... */
  readonly author: number
  /** ... and number of the author's slot. */
  readonly slot: number
  /** Root of the set of votes that was counted, hex. */
  readonly votes: string
  /** Hash of the tally, hex: the same count on every node. */
  readonly tally: string
  /** What came of it, as the application numbers it. */
  readonly outcome: number
  /** What is to be done after the timelock, in canonical bytes of the application; none where it did not pass. */
  readonly effects: Uint8Array
  /** From the time of the record, ms. */
  readonly timelock: number
}

/** One step of the log. */
export interface RecordBody {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** From 1. */
  readonly height: number
  /** Hash of the record before, hex; the network's id for the first. */
  readonly parent: string
  /** Of the attesters that decide it. */
  readonly epoch: number
  /** The attesters' median time, wall clock ms; never before the parent's. */
  readonly time: number
  readonly closes: Closing | undefined
  /** Proposals whose timelock is over and whose effects are in force with this record, hex, in that order. */
  readonly executes: readonly string[]
  /** Root of the log's state after it, hex. */
  readonly stateRoot: string
}

const LABEL = label('x0-record/1\0')
const fail = failing('bad-decision')

/** A record's hash, hex: what its certificate signs and the next one names. */
export function recordHash(body: Uint8Array): string {
  return sha256Hex(body)
}

export function encodeRecord(record: RecordBody): Uint8Array {
  const writer = new ByteWriter().bytes(LABEL).bytes(record.networkId).u64(BigInt(record.height)).bytes(bytesOf(record.parent))
  writer
    .u32(record.epoch)
    .u64(BigInt(record.time))
    .u8(record.closes === undefined ? 0 : 1)
  if (record.closes !== undefined) writeClosing(writer, record.closes)
  writer.u8(record.executes.length)
  for (const proposal of record.executes) writer.bytes(bytesOf(proposal))
  return writer.bytes(bytesOf(record.stateRoot)).finish()
}

/**
 * Reads a record, its form alone; each has exactly one encoding.
 * @throws GovernanceError `bad-decision`
 */
export function decodeRecord(bytes: Uint8Array): RecordBody {
  const { reader } = startReading(bytes, LABEL, MAX_RECORD_BYTES, fail)
  const networkId = reader.bytes(32)
  const height = readMs(reader, 1, Number.MAX_SAFE_INTEGER, fail)
  const parent = hexOf(reader.bytes(32))
  const epoch = reader.u32()
  const time = readTime(reader, fail)
  const flag = reader.u8()
  if (flag > 1) throw fail('a flag that is neither 0 nor 1')
  const closes = flag === 1 ? readClosing(reader) : undefined
  const executes = reader.list(MAX_EXECUTED, () => hexOf(reader.bytes(32)))
  const stateRoot = hexOf(reader.bytes(32))
  reader.end()
  if (closes === undefined && executes.length === 0) throw fail('a record in which nothing happens')
  return { networkId, height, parent, epoch, time, closes, executes, stateRoot }
}

function writeClosing(writer: ByteWriter, closing: Closing): void {
  writer.bytes(bytesOf(closing.proposal)).u16(closing.author).u32(closing.slot)
  writer.bytes(bytesOf(closing.votes)).bytes(bytesOf(closing.tally)).u8(closing.outcome).u64(BigInt(closing.timelock))
  writeBlob(writer, closing.effects)
}

function readClosing(reader: ByteReader): Closing {
  const proposal = hexOf(reader.bytes(32))
  const [author, slot] = [reader.u16(), reader.u32()]
  const [votes, tally] = [hexOf(reader.bytes(32)), hexOf(reader.bytes(32))]
  const outcome = reader.u8()
  const timelock = readMs(reader, 0, MAX_TIMELOCK_MS, fail)
  const effects = readBlob(reader, MAX_EFFECTS_BYTES)
  if (effects.length === 0 && timelock !== 0) throw fail('a timelock for nothing')
  return { proposal, author, slot, votes, tally, outcome, effects, timelock }
}
