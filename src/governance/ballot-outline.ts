import { equalBytes } from '../crypto/constant-time.ts'
import { type ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import { BallotSet } from './ballot-set.ts'
import { failing, type Hashing, isAscending, label, readMany, readWithin, startReading } from './form.ts'
import { ID_BYTES, MAX_OUTLINE_BYTES, MAX_VOTERS, REVISIONS } from './limits.ts'
import type { Vote } from './vote.ts'
import type { BallotItem, VoterBallots } from './voter-ballots.ts'

/**
 * A set of ballots by their ids: what somebody means by a root. It compares with other sets, so that one can tell what it
 * leaves out and what it adds, before one has every ballot of it.
 */
export type BallotOutline = BallotSet<BallotItem>

const LABEL = label('x0-outline/1\0')
const [OPEN, CANCELLED, VOID] = [0, 1, 2]
/** Two bodies of one revision that nobody has: an outline says that a voter is void, and not by what. */
const WITNESSES: readonly BallotItem[] = [0, 1].map((letter) => ({ revision: 0, id: new Uint8Array(ID_BYTES).fill(letter) }))

const fail = failing('bad-outline')

/** The canonical form; the layout is in docs/governance.md. */
export function encodeOutline(set: BallotSet<BallotItem>): Uint8Array {
  const { author, slot, id } = set.place
  const writer = new ByteWriter().bytes(LABEL).u16(author).u32(slot)
  if (set.isVoid) return writer.u8(VOID).finish()
  const voters = set.voters().flatMap((voter, position) => (voter.kind === 'nothing' ? [] : [{ voter, position }]))
  writer.u8(set.isCancelled ? CANCELLED : OPEN).bytes(id)
  writer.u16(set.voterCount).u16(voters.length)
  for (const { voter, position } of voters) {
    const ballots = voter.kind === 'ballots' ? voter.ballots : []
    writer.u16(position).u8(ballots.reduce((bits, { revision }) => bits | (1 << revision), 0))
    for (const ballot of ballots) writer.bytes(ballot.id)
  }
  return writer.finish()
}

/**
 * Reads an outline; each has exactly one encoding.
 * @throws GovernanceError `bad-outline`
 */
export function decodeOutline(backend: Hashing, bytes: Uint8Array): BallotOutline {
  const { reader } = startReading(bytes, LABEL, MAX_OUTLINE_BYTES, fail)
  const author = reader.u16()
  const slot = reader.u32()
  const state = reader.u8()
  if (slot === 0 || state > VOID) throw fail('no slot, or no state of one')
  if (state === VOID) {
    reader.end()
    return BallotSet.empty<BallotItem>(backend, { author, slot, id: new Uint8Array(ID_BYTES) }, 1).voided()
  }
  const id = reader.bytes(ID_BYTES)
  const voterCount = readWithin(reader, 1, MAX_VOTERS, fail)
  const voters = readMany(reader, voterCount, () => readVoter(reader, voterCount))
  reader.end()
  if (!isAscending(voters.map(({ position }) => position))) throw fail('the voters are out of order')
  const empty = BallotSet.empty<BallotItem>(backend, { author, slot, id }, voterCount)
  const set = voters.reduce((all, { position, items }) => items.reduce((one, item) => one.with(position, item), all), empty)
  return state === CANCELLED ? set.withCancel() : set
}

/**
 * The set that an outline means, out of ballots that are here; or the positions of voters of whom some are missing (for who is
 * void there: the proof). @throws RangeError where the outline is of another place or electorate
 */
export function fillOutline(
  backend: Hashing,
  outline: BallotOutline,
  own: BallotSet<Vote>,
): { readonly ballots: BallotSet<Vote> } | { readonly missing: readonly number[] } {
  if (outline.isVoid || own.isVoid || !equalBytes(outline.place.id, own.place.id) || outline.voterCount !== own.voterCount) {
    throw new RangeError('an outline of something else: no ballots that are here fill it')
  }
  let ballots = BallotSet.empty<Vote>(backend, own.place, own.voterCount)
  const missing: number[] = []
  outline.voters().forEach((wanted, position) => {
    const found = foundBallots(wanted, own.voter(position))
    if (found === undefined) missing.push(position)
    else ballots = found.reduce((set, vote) => set.with(position, vote), ballots)
  })
  if (missing.length > 0) return { missing }
  return { ballots: outline.isCancelled ? ballots.withCancel() : ballots }
}

function foundBallots(wanted: VoterBallots<BallotItem>, own: VoterBallots<Vote>): readonly Vote[] | undefined {
  if (wanted.kind === 'nothing') return []
  if (wanted.kind === 'void') return own.kind === 'void' ? own.evidence : undefined
  // who is void here may have been honest there: what it said may be a part of the proof
  const here = own.kind === 'ballots' ? own.ballots : own.kind === 'void' ? own.evidence : []
  const found = wanted.ballots.flatMap(({ id }) => here.find((vote) => equalBytes(vote.id, id)) ?? [])
  return found.length === wanted.ballots.length ? found : undefined
}

function readVoter(reader: ByteReader, voterCount: number): { readonly position: number; readonly items: readonly BallotItem[] } {
  const position = reader.u16(voterCount - 1)
  const bits = reader.u8()
  if (bits >= 1 << REVISIONS) throw fail('a revision that there is not')
  if (bits === 0) return { position, items: WITNESSES }
  const revisions = Array.from({ length: REVISIONS }, (_, revision) => revision).filter((revision) => (bits >> revision) & 1)
  return { position, items: revisions.map((revision) => ({ revision, id: reader.bytes(ID_BYTES) })) }
}
