import { ByteWriter } from '../../platform/byte-codec.ts'
import { failing, label, readMs, startReading } from '../form.ts'
import type { AttesterSet } from './attester-set.ts'
import type { ConsensusMessage } from './message.ts'
import type { RoundBook } from './round-book.ts'

/**
 * What an attester has of its current round, so that whoever has more can send it. Not signed: a false one costs its sender's
 * peer one answer.
 */
export interface Summary {
  readonly height: number
  /** -1 before the first. */
  readonly round: number
  /** Bit n for the attester at position n of the set. */
  readonly entries: number
  readonly prevotes: number
  readonly precommits: number
  readonly hasProposal: boolean
}

const LABEL = label('x0-consensus-have/1\0')
const fail = failing('bad-message')
const SUMMARY_BYTES = LABEL.length + 8 + 4 + 4 + 4 + 4 + 1

export function encodeSummary(summary: Summary): Uint8Array {
  const writer = new ByteWriter()
    .bytes(LABEL)
    .u64(BigInt(summary.height))
    .u32(summary.round + 1)
  writer
    .u32(summary.entries)
    .u32(summary.prevotes)
    .u32(summary.precommits)
    .u8(summary.hasProposal ? 1 : 0)
  return writer.finish()
}

/** @throws GovernanceError `bad-message` */
export function decodeSummary(bytes: Uint8Array): Summary {
  const { reader } = startReading(bytes, LABEL, SUMMARY_BYTES, fail)
  const height = readMs(reader, 1, Number.MAX_SAFE_INTEGER, fail)
  const round = reader.u32() - 1
  const [entries, prevotes, precommits] = [readBits(reader.u32()), readBits(reader.u32()), readBits(reader.u32())]
  const flag = reader.u8()
  if (flag > 1) throw fail('a flag that is neither 0 nor 1')
  reader.end()
  return { height, round, entries, prevotes, precommits, hasProposal: flag === 1 }
}

/** What is in the book of the current round. */
export function summaryOf(height: number, round: number, book: RoundBook | undefined): Summary {
  return {
    height,
    round,
    entries: book?.bits('entry') ?? 0,
    prevotes: book?.bits('prevote') ?? 0,
    precommits: book?.bits('precommit') ?? 0,
    hasProposal: (book?.proposals.length ?? 0) > 0,
  }
}

/** Of the messages of `round`, those that a peer in the same round or an earlier one does not have. */
export function messagesLacked(
  theirs: Summary,
  round: number,
  messages: readonly ConsensusMessage[],
  set: AttesterSet,
): readonly ConsensusMessage[] {
  if (theirs.round !== round) return messages
  const bits = { entry: theirs.entries, prevote: theirs.prevotes, precommit: theirs.precommits }
  return messages.filter((message) => {
    if (message.kind === 'proposal') return !theirs.hasProposal
    const position = set.attesters.findIndex(({ index }) => index === message.attester)
    return (bits[message.kind] & (1 << position)) === 0
  })
}

/** A set has 21 attesters at most. */
function readBits(bits: number): number {
  if (bits >= 2 ** 21) throw fail('more attesters than there can be')
  return bits
}
