import { MAX_BLOCKS } from './limits.ts'

/** The keys that a block names: at least one of the two. */
export interface BlockedKeys {
  /** Text form. */
  readonly x0Id: string | undefined
  readonly peerId: string | undefined
}

/** An operator's word that this node has nothing to do with whoever holds these keys. Times: ms since the Unix epoch. */
export interface Block extends BlockedKeys {
  readonly since: number
  /** Undefined: until it is taken back. */
  readonly until: number | undefined
  /** Why, in the operator's words; may be empty. Nobody else is told. */
  readonly reason: string
}

/** What a block is kept under: the x0 id, and the peer id where no x0 id is known. */
export function keyOf({ x0Id, peerId }: BlockedKeys): string {
  const key = x0Id ?? peerId
  if (key === undefined) throw new TypeError('a block names a key')
  return key
}

export function isInForce({ until }: Block, now: number): boolean {
  return until === undefined || now < until
}

/**
 * Whom this node has blocked. A block names keys, not a machine or a person: either of the two keys is enough to be kept
 * out, and whoever makes new ones is somebody else. Pure: no clock, no I/O.
 */
export class Blocks {
  readonly #byKey = new Map<string, Block>()
  readonly #byPeerId = new Map<string, Block>()

  get size(): number {
    return this.#byKey.size
  }

  /**
   * Takes a block in, in place of those that name one of its keys. Nothing is pushed out to make room: a block that
   * an operator relies on must not go because of another.
   * @returns the blocks that it replaces, or `full`
   */
  put(block: Block): readonly Block[] | 'full' {
    const replaced = this.#naming(block)
    if (replaced.length === 0 && this.#byKey.size >= MAX_BLOCKS) return 'full'
    for (const old of replaced) this.#drop(old)
    this.#byKey.set(keyOf(block), block)
    if (block.peerId !== undefined) this.#byPeerId.set(block.peerId, block)
    return replaced
  }

  /** Takes back every block that names one of these keys. @returns them */
  remove(keys: BlockedKeys): readonly Block[] {
    const removed = this.#naming(keys)
    for (const block of removed) this.#drop(block)
    return removed
  }

  /** The block that keeps out whoever proves these keys at `now`, or undefined. */
  judge(keys: BlockedKeys, now: number): Block | undefined {
    return this.#naming(keys).find((block) => isInForce(block, now))
  }

  /** Whether a block is kept under this very key (`keyOf`). */
  has(key: string): boolean {
    return this.#byKey.has(key)
  }

  /** Those in force at `now`, the latest first. */
  list(now: number): readonly Block[] {
    return [...this.#byKey.values()].filter((block) => isInForce(block, now)).sort((a, b) => b.since - a.since)
  }

  /** Takes out those whose time is over at `now`. @returns them */
  sweep(now: number): readonly Block[] {
    const over = [...this.#byKey.values()].filter((block) => !isInForce(block, now))
    for (const block of over) this.#drop(block)
    return over
  }

  /** When the next one ends; undefined where none does. */
  nextEnd(): number | undefined {
    const ends = [...this.#byKey.values()].flatMap(({ until }) => (until === undefined ? [] : [until]))
    return ends.length === 0 ? undefined : Math.min(...ends)
  }

  #naming({ x0Id, peerId }: BlockedKeys): Block[] {
    const found = [
      x0Id === undefined ? undefined : this.#byKey.get(x0Id),
      peerId === undefined ? undefined : this.#byPeerId.get(peerId),
    ]
    return [...new Set(found.filter((block) => block !== undefined))]
  }

  #drop(block: Block): void {
    this.#byKey.delete(keyOf(block))
    if (block.peerId !== undefined) this.#byPeerId.delete(block.peerId)
  }
}
