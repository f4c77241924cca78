import { COMPOSITE_PUBLIC_KEY_BYTES } from '../crypto/composite.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { MLDSA65_PUBLIC_KEY_BYTES } from '../crypto/lengths.ts'
import { x0IdOf } from '../identity/x0-id.ts'
import { ByteWriter } from '../platform/byte-codec.ts'
import { failing, type Hashing, hexOf, isAscending, label, readMany, readWithin, startReading } from './form.ts'
import { ID_BYTES, MAX_ELECTORATE_BYTES, MAX_VOTER_INDEX, MAX_VOTERS, MAX_WEIGHT } from './limits.ts'

/** Somebody who may vote. */
export interface Voter {
  /** 0 to 65,535; stays through every rotation of keys and is never given to anybody else. */
  readonly index: number
  /** 32 bytes. */
  readonly x0Id: Uint8Array
  /** Composite public key, 1,984 bytes. */
  readonly key: Uint8Array
  /** 1 to 1,000. */
  readonly weight: number
}

/** Who may vote on what opened at one moment. */
export interface ElectorateSnapshot {
  /** Ascending by index; at most 1,024. A voter's place here is its position. */
  readonly voters: readonly Voter[]
  /** SHA-256 of the canonical form, 32 bytes. */
  readonly root: Uint8Array
  /** The sum of all weights. */
  readonly weight: number
}

const LABEL = label('x0-electorate/1\0')
const fail = failing('bad-electorate')

/**
 * A snapshot of `voters` in any order.
 * @throws GovernanceError `bad-electorate`: too many or none, an index or key twice, an x0 id that is not of its key
 */
export function makeElectorate(backend: Hashing, voters: readonly Voter[]): ElectorateSnapshot {
  const ordered = voters.toSorted((one, other) => one.index - other.index)
  if (ordered.length > MAX_VOTERS) throw fail(`${ordered.length} voters, ${MAX_VOTERS} are allowed`)
  for (const { index, x0Id, key, weight } of ordered) {
    const whole = Number.isInteger(index) && index >= 0 && index <= MAX_VOTER_INDEX && Number.isInteger(weight)
    const sized = x0Id.length === ID_BYTES && key.length === COMPOSITE_PUBLIC_KEY_BYTES
    if (!whole || !sized || weight < 1 || weight > MAX_WEIGHT) throw fail(`voter ${index} has a number or key of another form`)
  }
  return decodeElectorate(backend, encodeElectorate(ordered))
}

/** The canonical form, which the root is the hash of. */
export function encodeElectorate(voters: readonly Voter[]): Uint8Array {
  const writer = new ByteWriter().bytes(LABEL).u16(voters.length)
  for (const { index, x0Id, key, weight } of voters) writer.u16(index).bytes(x0Id).bytes(key).u16(weight)
  return writer.finish()
}

/**
 * Reads a snapshot, every part of it checked; each has exactly one encoding.
 * @throws GovernanceError `bad-electorate`
 */
export function decodeElectorate(backend: Hashing, bytes: Uint8Array): ElectorateSnapshot {
  const { reader, own } = startReading(bytes, LABEL, MAX_ELECTORATE_BYTES, fail)
  const voters = readMany(reader, MAX_VOTERS, (): Voter => {
    const index = reader.u16()
    const x0Id = reader.bytes(ID_BYTES)
    const key = reader.bytes(COMPOSITE_PUBLIC_KEY_BYTES)
    return { index, x0Id, key, weight: readWithin(reader, 1, MAX_WEIGHT, fail) }
  })
  reader.end()
  if (voters.length === 0) throw fail('nobody may vote')
  if (!isAscending(voters.map(({ index }) => index))) throw fail('the voters are out of order, or two have the same index')
  expectOwnKeys(backend, voters)
  return { voters, root: backend.sha256(own), weight: voters.reduce((sum, { weight }) => sum + weight, 0) }
}

/** The place of the voter with this index; undefined for who may not vote. */
export function positionOf(electorate: ElectorateSnapshot, index: number): number | undefined {
  let low = 0
  let high = electorate.voters.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const at = electorate.voters[middle]?.index ?? 0
    if (at === index) return middle
    if (at < index) low = middle + 1
    else high = middle - 1
  }
  return undefined
}

/** One half in common would be enough to take one voter's signature for another's. */
function expectOwnKeys(backend: Hashing, voters: readonly Voter[]): void {
  const halves = new Set<string>()
  for (const { index, x0Id, key } of voters) {
    const mldsa65 = key.subarray(0, MLDSA65_PUBLIC_KEY_BYTES)
    const ed25519 = key.subarray(MLDSA65_PUBLIC_KEY_BYTES)
    if (!equalBytes(x0IdOf(backend, { mldsa65, ed25519 }), x0Id)) throw fail(`the x0 id of voter ${index} is not that of its key`)
    halves.add(hexOf(mldsa65)).add(hexOf(ed25519))
  }
  if (halves.size !== 2 * voters.length) throw fail('two voters have a key in common')
}
