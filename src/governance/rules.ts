import { equalBytes } from '../crypto/constant-time.ts'
import type { ByteReader, ByteWriter, ReadFailure } from '../platform/byte-codec.ts'
import { readMs, readWithin, writeBytes, writeNumber } from './form.ts'
import {
  ID_BYTES,
  MAX_THRESHOLD,
  MAX_TIMELOCK_MS,
  MAX_VOTING_PERIOD_MS,
  MIN_THRESHOLD,
  MIN_VOTING_PERIOD_MS,
  WHOLE,
} from './limits.ts'

/** What a vote is counted by. Shares are in ten-thousandths. */
interface Counting {
  /** At least this share of the electorate's weight has to vote, abstentions included. 1 to 10,000. */
  readonly quorum: number
  /** More than this share of what was not an abstention has to be for it. 5,000 to 9,999. */
  readonly threshold: number
  /** More than this share of all votes, abstentions included, stops it. 1 to 10,000; 10,000 means that nobody can. */
  readonly vetoThreshold: number
  /** Between the deadline and what is carried out, ms. */
  readonly timelockMs: number
}

/** The rules of a network, which decisions change. */
export interface NetworkRules extends Counting {
  /** A proposal may be open for a time from this ... */
  readonly minVotingPeriodMs: number
  /** ... to this. */
  readonly maxVotingPeriodMs: number
}

/** The rules of one proposal: a copy of the network's at its opening, which does not change under it. */
export interface Rules extends Counting {
  readonly votingPeriodMs: number
  /** 32 bytes: who may vote. */
  readonly electorateRoot: Uint8Array
}

/** The copy for a proposal that is open for `votingPeriodMs`; undefined where the network does not allow that time. */
export function copyFor(network: NetworkRules, electorateRoot: Uint8Array, votingPeriodMs: number): Rules | undefined {
  const { quorum, threshold, vetoThreshold, timelockMs } = network
  const rules = { quorum, threshold, vetoThreshold, timelockMs, votingPeriodMs, electorateRoot }
  return Number.isSafeInteger(votingPeriodMs) && isCopyOf(network, electorateRoot, rules) ? rules : undefined
}

/** Whether a proposal may have `rules` in a network that has `network` and this electorate. */
export function isCopyOf(network: NetworkRules, electorateRoot: Uint8Array, rules: Rules): boolean {
  return (
    rules.quorum === network.quorum &&
    rules.threshold === network.threshold &&
    rules.vetoThreshold === network.vetoThreshold &&
    rules.timelockMs === network.timelockMs &&
    rules.votingPeriodMs >= network.minVotingPeriodMs &&
    rules.votingPeriodMs <= network.maxVotingPeriodMs &&
    equalBytes(rules.electorateRoot, electorateRoot)
  )
}

export function writeRules(writer: ByteWriter, rules: Rules): void {
  writeCounting(writer, rules)
  writeNumber(writer, 8, rules.votingPeriodMs)
  writeBytes(writer, ID_BYTES, rules.electorateRoot)
}

export function readRules(reader: ByteReader, fail: ReadFailure): Rules {
  const counting = readCounting(reader, fail)
  return { ...counting, votingPeriodMs: readPeriod(reader, fail), electorateRoot: reader.bytes(ID_BYTES) }
}

export function writeNetworkRules(writer: ByteWriter, rules: NetworkRules): void {
  writeCounting(writer, rules)
  writeNumber(writer, 8, rules.minVotingPeriodMs)
  writeNumber(writer, 8, rules.maxVotingPeriodMs)
}

export function readNetworkRules(reader: ByteReader, fail: ReadFailure): NetworkRules {
  const counting = readCounting(reader, fail)
  const minVotingPeriodMs = readPeriod(reader, fail)
  const maxVotingPeriodMs = readPeriod(reader, fail)
  if (minVotingPeriodMs > maxVotingPeriodMs) throw fail('the shortest voting period is longer than the longest')
  return { ...counting, minVotingPeriodMs, maxVotingPeriodMs }
}

function writeCounting(writer: ByteWriter, rules: Counting): void {
  for (const share of [rules.quorum, rules.threshold, rules.vetoThreshold]) writeNumber(writer, 2, share)
  writeNumber(writer, 8, rules.timelockMs)
}

function readCounting(reader: ByteReader, fail: ReadFailure): Counting {
  return {
    quorum: readWithin(reader, 1, WHOLE, fail),
    threshold: readWithin(reader, MIN_THRESHOLD, MAX_THRESHOLD, fail),
    vetoThreshold: readWithin(reader, 1, WHOLE, fail),
    timelockMs: readMs(reader, 0, MAX_TIMELOCK_MS, fail),
  }
}

function readPeriod(reader: ByteReader, fail: ReadFailure): number {
  return readMs(reader, MIN_VOTING_PERIOD_MS, MAX_VOTING_PERIOD_MS, fail)
}
