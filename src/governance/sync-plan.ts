import { equalBytes } from '../crypto/constant-time.ts'
import type { BallotSet } from './ballot-set.ts'
import { type BallotState, openProposal, placeKey } from './ballot-state.ts'
import type { Hashing } from './form.ts'
import { CHUNK_VOTERS, ID_BYTES, MAX_SEND_BYTES, MAX_SEND_OBJECTS, MAX_SYNC_PROPOSALS, MAX_SYNC_VOTERS } from './limits.ts'
import type { LogView } from './log-view.ts'
import type { SignedObject } from './signed-object.ts'
import { type Detail, orderOf, type Place, type SyncMessage, type WantedBallots, type WantedVoter } from './sync-message.ts'
import type { Vote } from './vote.ts'
import { type VoterBallots, voterDigest } from './voter-ballots.ts'

type Message<Type extends SyncMessage['type']> = Extract<SyncMessage, { readonly type: Type }>

const NOTHING = new Uint8Array(ID_BYTES)

/** What to look into after a hello. */
export interface Differences {
  /** Places where the other has a proposal, or proof against its author, that we do not. */
  readonly places: readonly Place[]
  /** Proposals that both have, with other ballots; the question to put. */
  readonly ask: Message<'ask'>
}

/** What this node has, in digests. */
export function helloOf(state: BallotState): Message<'hello'> {
  const entries = [...state.open.values()].map(({ slot, ballots }) => {
    const { author, slot: number } = ballots.place
    const standing = slot.kind === 'one' ? { id: slot.body.id, root: ballots.root() } : undefined
    return { author, slot: number, standing }
  })
  return {
    type: 'hello',
    entries: entries.sort((one, other) => orderOf(one.author, one.slot) - orderOf(other.author, other.slot)),
  }
}

/**
 * Where the other may have more than this node. At most 64 of each; `turn`, another number each time, says where in the
 * list to begin, so that what cannot be settled now (the log here is behind) does not stand in the way of the rest.
 */
export function compareHello(state: BallotState, view: LogView, hello: Message<'hello'>, turn: number): Differences {
  const places: Place[] = []
  const ids: Uint8Array[] = []
  for (const { author, slot, standing } of rotated(hello.entries, turn)) {
    const ours = state.open.get(placeKey(author, slot))
    if (ours?.slot.kind === 'equivocation' || !view.usableSlots(author).includes(slot)) continue
    const isSame = ours?.slot.kind === 'one' && standing !== undefined && equalBytes(ours.slot.body.id, standing.id)
    if (!isSame) places.push({ author, slot })
    else if (!equalBytes(ours.ballots.root(), standing.root)) ids.push(standing.id)
  }
  const first = places.slice(0, MAX_SYNC_PROPOSALS)
  first.sort((one, other) => orderOf(one.author, one.slot) - orderOf(other.author, other.slot))
  return { places: first, ask: { type: 'ask', ids: ids.slice(0, MAX_SYNC_PROPOSALS) } }
}

/** The answer to a question; proposals that are not here, or void, are left out. */
export function detailsOf(state: BallotState, ask: Message<'ask'>): Message<'details'> {
  const details = ask.ids.flatMap((id): readonly Detail[] => {
    const open = openProposal(state, id)
    if (open?.slot.kind !== 'one') return []
    const { ballots } = open
    const marks = ballots.voters().map(({ kind }) => kind)
    const chunks = Array.from({ length: ballots.chunkCount }, (_, number) => ballots.chunkDigest(number) ?? NOTHING)
    return [{ id, cancelled: ballots.isCancelled, marks, chunks }]
  })
  return { type: 'details', details }
}

/** What to ask the other for: `places` as the hello showed them, and the ballots that the details promise. */
export function wantOf(
  backend: Hashing,
  state: BallotState,
  places: readonly Place[],
  { details }: Message<'details'>,
): Message<'want'> {
  const ballots: WantedBallots[] = []
  let room = MAX_SYNC_VOTERS
  for (const detail of details) {
    const open = openProposal(state, detail.id)
    if (open?.slot.kind !== 'one' || open.ballots.voterCount !== detail.marks.length) continue
    const voters = wantedVoters(backend, open.ballots, detail).slice(0, room)
    const cancel = detail.cancelled && !open.ballots.isCancelled
    room -= voters.length
    if (cancel || voters.length > 0) ballots.push({ id: detail.id, cancel, voters })
  }
  return { type: 'want', places, ballots }
}

/** Whether a want asks for nothing: the two are level, as far as this round looked. */
export function isLevel(want: Message<'want'>): boolean {
  return want.places.length === 0 && want.ballots.length === 0
}

/** The answers to a want, each at most 1 MiB of objects, the last one marked. There is always one. */
export function* answersTo(backend: Hashing, state: BallotState, want: Message<'want'>): Generator<Message<'send'>> {
  let objects: Uint8Array[] = []
  let size = 0
  for (const { bytes } of wantedObjects(backend, state, want)) {
    if (size + bytes.length > MAX_SEND_BYTES || objects.length >= MAX_SEND_OBJECTS) {
      yield { type: 'send', objects, last: false }
      objects = []
      size = 0
    }
    objects.push(bytes)
    size += bytes.length
  }
  yield { type: 'send', objects, last: true }
}

function* wantedObjects(backend: Hashing, state: BallotState, want: Message<'want'>): Generator<SignedObject> {
  for (const { author, slot } of want.places) {
    const open = state.open.get(placeKey(author, slot))
    if (open?.slot.kind === 'one') yield open.slot.body
    if (open?.slot.kind === 'equivocation') yield* open.slot.evidence
  }
  for (const { id, cancel, voters } of want.ballots) {
    const open = openProposal(state, id)
    if (open?.slot.kind !== 'one') continue
    if (cancel && open.cancel !== undefined) yield open.cancel
    for (const { position, digest } of voters) {
      if (position < open.ballots.voterCount) yield* unlessSame(backend, open.ballots.voter(position), digest)
    }
  }
}

function unlessSame(backend: Hashing, voter: VoterBallots<Vote>, digest: Uint8Array): readonly Vote[] {
  if (voter.kind === 'nothing' || equalBytes(digestOf(backend, voter), digest)) return []
  return voter.kind === 'void' ? voter.evidence : voter.ballots
}

/** Whose ballots the other has more of, or other ones; a chunk with the same digest has none of the latter. */
function wantedVoters(backend: Hashing, ballots: BallotSet<Vote>, detail: Detail): readonly WantedVoter[] {
  const same = detail.chunks.map((chunk, number) => {
    const ours = ballots.chunkDigest(number)
    return ours !== undefined && equalBytes(ours, chunk)
  })
  return ballots.voters().flatMap((voter, position) => {
    const mark = detail.marks[position] ?? 'nothing'
    const isSettled = mark === 'nothing' || voter.kind === 'void' || same[Math.floor(position / CHUNK_VOTERS)] === true
    return isSettled ? [] : [{ position, digest: digestOf(backend, voter) }]
  })
}

function digestOf(backend: Hashing, voter: VoterBallots<Vote>): Uint8Array {
  return voterDigest(backend, voter) ?? NOTHING
}

function rotated<Item>(items: readonly Item[], turn: number): readonly Item[] {
  const start = items.length === 0 ? 0 : turn % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
