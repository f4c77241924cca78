import { ByteReader, ByteWriter, type ReadFailure } from '../platform/byte-codec.ts'
import { failing, readMany, readWithin } from './form.ts'
import {
  CHUNK_VOTERS,
  ID_BYTES,
  MAX_OPEN_PROPOSALS,
  MAX_PROPOSAL_BYTES,
  MAX_SEND_BYTES,
  MAX_SEND_OBJECTS,
  MAX_SYNC_MESSAGE_BYTES,
  MAX_SYNC_PROPOSALS,
  MAX_SYNC_VOTERS,
  MAX_VOTERS,
} from './limits.ts'

/** The place of a proposal. */
export interface Place {
  readonly author: number
  /** From 1. */
  readonly slot: number
}

/** What stands in a place at the sender. `standing` undefined: two proposals, nothing there counts. */
export interface HelloEntry extends Place {
  /** Id of the proposal and root of its ballots, 32 bytes each. */
  readonly standing: { readonly id: Uint8Array; readonly root: Uint8Array } | undefined
}

/** What the sender has of one voter, in two bits. */
export type Mark = 'nothing' | 'ballots' | 'void'

export interface Detail {
  /** 32 bytes: the id of the proposal. */
  readonly id: Uint8Array
  readonly cancelled: boolean
  /** By position. */
  readonly marks: readonly Mark[]
  /** 32 bytes for each 64 voters. */
  readonly chunks: readonly Uint8Array[]
}

export interface WantedVoter {
  readonly position: number
  /** Of what the asker has, 32 bytes; all zero for nothing. Whoever has the same sends nothing. */
  readonly digest: Uint8Array
}

export interface WantedBallots {
  /** 32 bytes: the id of the proposal. */
  readonly id: Uint8Array
  readonly cancel: boolean
  /** Ascending by position. */
  readonly voters: readonly WantedVoter[]
}

/** The protocol of sync, docs/governance.md: a hello, a question with details, and a want with what is sent. */
export type SyncMessage =
  /** Ascending by author and slot. */
  | { readonly type: 'hello'; readonly entries: readonly HelloEntry[] }
  | { readonly type: 'ask'; readonly ids: readonly Uint8Array[] }
  | { readonly type: 'details'; readonly details: readonly Detail[] }
  /** At most 1,024 voters in all. */
  | { readonly type: 'want'; readonly places: readonly Place[]; readonly ballots: readonly WantedBallots[] }
  /** Encoded objects, at most 1 MiB. `last`: nothing more comes for this want. */
  | { readonly type: 'send'; readonly objects: readonly Uint8Array[]; readonly last: boolean }

/** The number of a type is its place here. */
const TYPES: readonly SyncMessage['type'][] = ['hello', 'ask', 'details', 'want', 'send']
const MARKS: readonly Mark[] = ['nothing', 'ballots', 'void']

const fail: ReadFailure = failing('bad-message')

export function encodeSync(message: SyncMessage): Uint8Array {
  const writer = new ByteWriter().u8(TYPES.indexOf(message.type))
  switch (message.type) {
    case 'hello':
      writer.u16(message.entries.length)
      for (const { author, slot, standing } of message.entries) {
        writer
          .u16(author)
          .u32(slot)
          .u8(standing === undefined ? 0 : 1)
        if (standing !== undefined) writer.bytes(standing.id).bytes(standing.root)
      }
      break
    case 'ask':
      writer.u16(message.ids.length)
      for (const id of message.ids) writer.bytes(id)
      break
    case 'details':
      writer.u16(message.details.length)
      for (const detail of message.details) writeDetail(writer, detail)
      break
    case 'want':
      writer.u16(message.places.length)
      for (const { author, slot } of message.places) writer.u16(author).u32(slot)
      writer.u16(message.ballots.length)
      for (const { id, cancel, voters } of message.ballots) {
        writer
          .bytes(id)
          .u8(cancel ? 1 : 0)
          .u16(voters.length)
        for (const { position, digest } of voters) writer.u16(position).bytes(digest)
      }
      break
    case 'send':
      writer.u8(message.last ? 1 : 0).u16(message.objects.length)
      for (const object of message.objects) writer.u32(object.length).bytes(object)
  }
  return writer.finish()
}

/**
 * Reads a message; each has exactly one encoding. What is sent is not looked into: one bad object spoils itself alone.
 * @throws GovernanceError `bad-message`
 */
export function decodeSync(bytes: Uint8Array): SyncMessage {
  if (bytes.length > MAX_SYNC_MESSAGE_BYTES) throw fail(`${bytes.length} bytes, ${MAX_SYNC_MESSAGE_BYTES} allowed`)
  const reader = new ByteReader(Uint8Array.from(bytes), fail)
  const message = readMessage(reader)
  reader.end()
  return message
}

function readMessage(reader: ByteReader): SyncMessage {
  const type = TYPES[reader.u8()]
  if (type === undefined) throw fail('no type of message')
  switch (type) {
    case 'hello': {
      const entries = readMany(reader, MAX_OPEN_PROPOSALS, () => readEntry(reader))
      expectAscending(entries.map(({ author, slot }) => orderOf(author, slot)))
      return { type, entries }
    }
    case 'ask':
      return { type, ids: readMany(reader, MAX_SYNC_PROPOSALS, () => reader.bytes(ID_BYTES)) }
    case 'details':
      return { type, details: readMany(reader, MAX_SYNC_PROPOSALS, () => readDetail(reader)) }
    case 'want': {
      const places = readMany(reader, MAX_SYNC_PROPOSALS, () => readPlace(reader))
      const ballots = readMany(reader, MAX_SYNC_PROPOSALS, () => readWanted(reader))
      expectAscending(places.map(({ author, slot }) => orderOf(author, slot)))
      const voters = ballots.reduce((sum, wanted) => sum + wanted.voters.length, 0)
      if (voters > MAX_SYNC_VOTERS) throw fail(`${voters} voters in one want, ${MAX_SYNC_VOTERS} allowed`)
      return { type, places, ballots }
    }
    case 'send': {
      const last = readFlag(reader)
      const objects = readMany(reader, MAX_SEND_OBJECTS, () => reader.bytes(reader.u32(MAX_PROPOSAL_BYTES)))
      const size = objects.reduce((sum, { length }) => sum + length, 0)
      if (size > MAX_SEND_BYTES) throw fail(`${size} bytes of objects, ${MAX_SEND_BYTES} allowed`)
      return { type, last, objects }
    }
  }
}

function readPlace(reader: ByteReader): Place {
  const author = reader.u16()
  const slot = reader.u32()
  if (slot === 0) throw fail('slots are counted from 1')
  return { author, slot }
}

function readEntry(reader: ByteReader): HelloEntry {
  const place = readPlace(reader)
  const standing = readFlag(reader) ? { id: reader.bytes(ID_BYTES), root: reader.bytes(ID_BYTES) } : undefined
  return { ...place, standing }
}

function writeDetail(writer: ByteWriter, { id, cancelled, marks, chunks }: Detail): void {
  writer
    .bytes(id)
    .u8(cancelled ? 1 : 0)
    .u16(marks.length)
  const bits = new Uint8Array(Math.ceil(marks.length / 4))
  marks.forEach((mark, position) => {
    bits[position >> 2] = (bits[position >> 2] ?? 0) | (MARKS.indexOf(mark) << (2 * (position & 3)))
  })
  writer.bytes(bits)
  for (const chunk of chunks) writer.bytes(chunk)
}

function readDetail(reader: ByteReader): Detail {
  const id = reader.bytes(ID_BYTES)
  const cancelled = readFlag(reader)
  const count = readWithin(reader, 1, MAX_VOTERS, fail)
  const bits = reader.bytes(Math.ceil(count / 4))
  // four marks a byte, the first in the lowest bits; what is left of the last byte is zero
  const marks = Array.from({ length: 4 * bits.length }, (_, position): Mark => {
    const mark = MARKS[((bits[position >> 2] ?? 0) >> (2 * (position & 3))) & 3]
    if (mark === undefined || (position >= count && mark !== 'nothing')) throw fail('a mark that is none')
    return mark
  }).slice(0, count)
  const chunks = Array.from({ length: Math.ceil(count / CHUNK_VOTERS) }, () => reader.bytes(ID_BYTES))
  return { id, cancelled, marks, chunks }
}

function readWanted(reader: ByteReader): WantedBallots {
  const id = reader.bytes(ID_BYTES)
  const cancel = readFlag(reader)
  const voters = readMany(reader, MAX_VOTERS, (): WantedVoter => {
    const position = reader.u16(MAX_VOTERS - 1)
    return { position, digest: reader.bytes(ID_BYTES) }
  })
  expectAscending(voters.map(({ position }) => position))
  return { id, cancel, voters }
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8()
  if (flag > 1) throw fail('neither yes nor no')
  return flag === 1
}

/** A place as one number, in the order of messages. */
export function orderOf(author: number, slot: number): number {
  return author * 2 ** 32 + slot
}

function expectAscending(numbers: readonly number[]): void {
  if (numbers.some((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0))) throw fail('a list out of order')
}
