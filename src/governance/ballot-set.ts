import { equalBytes } from '../crypto/constant-time.ts'
import { ByteWriter } from '../platform/byte-codec.ts'
import { type Hashing, label } from './form.ts'
import { CHUNK_VOTERS } from './limits.ts'
import {
  type BallotItem,
  ballotsOf,
  isVoterAtMost,
  joinVoters,
  noBallots,
  type VoterBallots,
  voterDigest,
} from './voter-ballots.ts'

/** The place of a proposal, and which one stands there. */
export interface ProposalPlace {
  /** Index of the author. */
  readonly author: number
  /** From 1. */
  readonly slot: number
  /** 32 bytes. */
  readonly id: Uint8Array
}

/** The voters of a chunk, by position; its digest is made once. */
interface Chunk<Item extends BallotItem> {
  readonly voters: readonly VoterBallots<Item>[]
  readonly digest: () => Uint8Array
}

/** What is said of a proposal: whether its author took it back, and the ballots. */
interface Content<Item extends BallotItem> {
  readonly cancelled: boolean
  readonly chunks: readonly Chunk<Item>[]
}

const SET_LABEL = label('x0-ballots/1\0')
const VOID_LABEL = label('x0-ballots-void/1\0')
const CHUNK_LABEL = label('x0-ballots-chunk/1\0')

/**
 * Every slot of a proposal in one value, which never changes: the proposal's own, the cancellation, and the ballots of all
 * voters. It is a lattice: the product of these, in which two proposals in one place are the top element (void), since
 * then nothing that was said of either counts.
 */
export class BallotSet<Item extends BallotItem> {
  readonly place: ProposalPlace
  /** How many may vote; a voter's position in the electorate is its place here. */
  readonly voterCount: number
  readonly #backend: Hashing
  /** Undefined: void. */
  readonly #content: Content<Item> | undefined
  #root: Uint8Array | undefined

  private constructor(backend: Hashing, place: ProposalPlace, voterCount: number, content: Content<Item> | undefined) {
    this.#backend = backend
    this.place = place
    this.voterCount = voterCount
    this.#content = content
  }

  /** With no ballots. */
  static empty<Item extends BallotItem>(backend: Hashing, place: ProposalPlace, voterCount: number): BallotSet<Item> {
    const nobody = (size: number) => Array.from({ length: size }, () => noBallots())
    const chunks = Array.from({ length: Math.ceil(voterCount / CHUNK_VOTERS) }, (_, number) =>
      makeChunk<Item>(backend, number, nobody(Math.min(CHUNK_VOTERS, voterCount - number * CHUNK_VOTERS))),
    )
    return new BallotSet(backend, place, voterCount, { cancelled: false, chunks })
  }

  /** Whether two proposals stand in the one place. */
  get isVoid(): boolean {
    return this.#content === undefined
  }

  get isCancelled(): boolean {
    return this.#content?.cancelled ?? false
  }

  get chunkCount(): number {
    return Math.ceil(this.voterCount / CHUNK_VOTERS)
  }

  /** @throws RangeError for a position that nobody has */
  voter(position: number): VoterBallots<Item> {
    this.#expectPosition(position)
    return this.#content?.chunks[Math.floor(position / CHUNK_VOTERS)]?.voters[position % CHUNK_VOTERS] ?? noBallots()
  }

  /** By position, all of them; in a void set nobody has said anything. */
  voters(): readonly VoterBallots<Item>[] {
    return this.#content?.chunks.flatMap(({ voters }) => voters) ?? []
  }

  /** With one ballot more. Answers this set itself where that changes nothing. @throws RangeError as `voter` */
  with(position: number, item: Item): BallotSet<Item> {
    const before = this.voter(position)
    const after = joinVoters(before, ballotsOf(item))
    if (this.#content === undefined || after === before) return this
    const number = Math.floor(position / CHUNK_VOTERS)
    const chunks = this.#content.chunks.map((chunk, index) =>
      index === number ? makeChunk(this.#backend, number, chunk.voters.with(position % CHUNK_VOTERS, after)) : chunk,
    )
    return this.#having({ ...this.#content, chunks })
  }

  /** Taken back by its author. */
  withCancel(): BallotSet<Item> {
    return this.#content === undefined || this.#content.cancelled ? this : this.#having({ ...this.#content, cancelled: true })
  }

  /** With a second proposal in the same place. */
  voided(): BallotSet<Item> {
    return this.#content === undefined ? this : this.#having(undefined)
  }

  /** The least set above both. @throws RangeError for sets of two places or electorates: they have no common one */
  join(other: BallotSet<Item>): BallotSet<Item> {
    this.#expectSamePlace(other)
    if (this.#content === undefined || other.#content === undefined || !this.#isOfSameProposal(other)) return this.voided()
    const theirs = other.#content
    const chunks = this.#content.chunks.map((chunk, number) => {
      const added = theirs.chunks[number]
      if (added === undefined || added === chunk) return chunk
      const voters = chunk.voters.map((voter, index) => joinVoters(voter, added.voters[index] ?? noBallots()))
      return voters.every((voter, index) => voter === chunk.voters[index]) ? chunk : makeChunk(this.#backend, number, voters)
    })
    return this.#having({ cancelled: this.#content.cancelled || theirs.cancelled, chunks })
  }

  /** Whether `other` has all that this set has. @throws RangeError for sets of two places or electorates */
  isAtMost(other: BallotSet<BallotItem>): boolean {
    this.#expectSamePlace(other)
    const [ours, theirs] = [this.#content, other.#content]
    if (theirs === undefined) return true
    if (ours === undefined || !this.#isOfSameProposal(other)) return false
    if (ours.cancelled && !theirs.cancelled) return false
    return ours.chunks.every((chunk, number) =>
      chunk.voters.every((voter, index) => isVoterAtMost(voter, theirs.chunks[number]?.voters[index] ?? noBallots())),
    )
  }

  /**
   * SHA-256 over the whole, 32 bytes: the same for two sets if and only if they are the same element of the lattice. What a
   * void voter or proposal is void by is not in it.
   */
  root(): Uint8Array {
    this.#root ??= this.#makeRoot()
    return this.#root
  }

  /** SHA-256 over the ballots of voters 64 * number to 64 * number + 63, 32 bytes. Undefined for no such chunk. */
  chunkDigest(number: number): Uint8Array | undefined {
    return this.#content?.chunks[number]?.digest()
  }

  #makeRoot(): Uint8Array {
    const { author, slot, id } = this.place
    const place = new ByteWriter().u16(author).u32(slot).finish()
    if (this.#content === undefined) return this.#backend.sha256(VOID_LABEL, place)
    const head = new ByteWriter()
      .bytes(id)
      .u16(this.voterCount)
      .u8(this.#content.cancelled ? 1 : 0)
    return this.#backend.sha256(SET_LABEL, place, head.finish(), ...this.#content.chunks.map(({ digest }) => digest()))
  }

  #having(content: Content<Item> | undefined): BallotSet<Item> {
    return new BallotSet(this.#backend, this.place, this.voterCount, content)
  }

  #isOfSameProposal(other: BallotSet<BallotItem>): boolean {
    return equalBytes(this.place.id, other.place.id)
  }

  #expectSamePlace(other: BallotSet<BallotItem>): void {
    const [ours, theirs] = [this.place, other.place]
    const samePlace = ours.author === theirs.author && ours.slot === theirs.slot
    // the electorate is a part of a proposal: where both are the same proposal, so is the number of voters
    const sameVoters = this.voterCount === other.voterCount || !this.#isOfSameProposal(other)
    if (!samePlace || !sameVoters) throw new RangeError('two sets of ballots that have nothing to do with each other')
  }

  #expectPosition(position: number): void {
    if (!Number.isInteger(position) || position < 0 || position >= this.voterCount) {
      throw new RangeError(`no voter has position ${position}, there are ${this.voterCount}`)
    }
  }
}

function makeChunk<Item extends BallotItem>(
  backend: Hashing,
  number: number,
  voters: readonly VoterBallots<Item>[],
): Chunk<Item> {
  let made: Uint8Array | undefined
  const make = (): Uint8Array => {
    const parts = voters.flatMap((voter, index) => {
      const digest = voterDigest(backend, voter)
      return digest === undefined ? [] : [new ByteWriter().u16(number * CHUNK_VOTERS + index).finish(), digest]
    })
    return backend.sha256(CHUNK_LABEL, ...parts)
  }
  const digest = (): Uint8Array => {
    made ??= make()
    return made
  }
  return { voters, digest }
}
