import { COMPOSITE_PUBLIC_KEY_BYTES } from '../../crypto/composite.ts'
import { equalBytes } from '../../crypto/constant-time.ts'
import { ByteWriter } from '../../platform/byte-codec.ts'
import { GovernanceError } from '../governance-error.ts'
import { MAX_VOTER_INDEX, MAX_WEIGHT } from '../limits.ts'
import { sha256Hex } from './hex.ts'
import { MAX_ATTESTERS } from './limits.ts'

/** A member that decides for the log. */
export interface Attester {
  /** The member's index, which stays when its key changes. */
  readonly index: number
  /** Composite public key, 1,984 bytes. */
  readonly key: Uint8Array
  /** 1 to 1,000. */
  readonly weight: number
}

/** Who decides, from one change to the next. */
export interface AttesterSet {
  /** Counts the changes; 0 at genesis. */
  readonly epoch: number
  /** Ascending by index; 1 to 21. */
  readonly attesters: readonly Attester[]
  /** Of all together. */
  readonly weight: number
  /** SHA-256 of the list and the epoch, in hex. */
  readonly root: string
}

const LABEL = new TextEncoder().encode('x0-attesters/1\0')

/** @throws GovernanceError `bad-attesters`: none, too many, twice the same, or a weight out of range */
export function makeAttesterSet(epoch: number, attesters: readonly Attester[]): AttesterSet {
  const ordered = [...attesters].sort((one, other) => one.index - other.index)
  if (ordered.length === 0 || ordered.length > MAX_ATTESTERS) {
    throw new GovernanceError('bad-attesters', `${ordered.length} attesters; 1 to ${MAX_ATTESTERS} are possible`)
  }
  for (const [position, attester] of ordered.entries()) expectAttester(attester, ordered.slice(0, position))
  const weight = ordered.reduce((sum, attester) => sum + attester.weight, 0)
  const writer = new ByteWriter().bytes(LABEL).u32(epoch).u8(ordered.length)
  for (const { index, key, weight: own } of ordered) writer.u16(index).bytes(key).u16(own)
  return { epoch, attesters: ordered, weight, root: sha256Hex(writer.finish()) }
}

/** The attester with this index. */
export function attesterOf(set: AttesterSet, index: number): Attester | undefined {
  return set.attesters.find((attester) => attester.index === index)
}

/** Whose turn it is: each in turn, and the first of a height another one than that of the height before. */
export function proposerOf(set: AttesterSet, height: number, round: number): Attester {
  const attester = set.attesters[(height + round) % set.attesters.length]
  if (attester === undefined) throw new RangeError('a height and a round are whole numbers')
  return attester
}

/**
 * R0 of the fair cut: the rounds in which an honest attester proposes at least once if those who cheat hold less than a third
 * of the weight. One more than the most attesters that can be below a third together.
 */
export function strictRounds(set: AttesterSet): number {
  const ascending = set.attesters.map(({ weight }) => weight).sort((one, other) => one - other)
  let sum = 0
  let count = 0
  for (const weight of ascending) {
    sum += weight
    if (sum * 3 >= set.weight) break
    count += 1
  }
  return count + 1
}

/**
 * Whether less than a third of the weight changes hands: half the sum of the differences between both shares of each member.
 * Then every quorum of the new set holds more than a third of the old one.
 */
export function isGradual(from: AttesterSet, to: AttesterSet): boolean {
  const indices = new Set([...from.attesters, ...to.attesters].map(({ index }) => index))
  let difference = 0
  for (const index of indices) {
    const before = (attesterOf(from, index)?.weight ?? 0) * to.weight
    const after = (attesterOf(to, index)?.weight ?? 0) * from.weight
    difference += Math.abs(before - after)
  }
  return 3 * difference < 2 * from.weight * to.weight
}

function expectAttester({ index, key, weight }: Attester, before: readonly Attester[]): void {
  if (!Number.isInteger(index) || index < 0 || index > MAX_VOTER_INDEX) {
    throw new GovernanceError('bad-attesters', `no member has the index ${index}`)
  }
  if (!Number.isInteger(weight) || weight < 1 || weight > MAX_WEIGHT) {
    throw new GovernanceError('bad-attesters', `the weight of an attester is a whole number from 1 to ${MAX_WEIGHT}`)
  }
  if (key.length !== COMPOSITE_PUBLIC_KEY_BYTES) throw new GovernanceError('bad-attesters', 'a key of another length')
  if (before.some((other) => other.index === index || equalBytes(other.key, key))) {
    throw new GovernanceError('bad-attesters', `the attester ${index} is there twice`)
  }
}
