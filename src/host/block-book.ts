import type { Report } from '../observe/event.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import { type Block, type BlockedKeys, type Blocks, keyOf } from '../trust/blocks.ts'
import { type BlockShelf, encodeBlock } from './block-shelf.ts'
import { HostError } from './host-error.ts'
import { BLOCK_CHECK_MS } from './limits.ts'

export interface BlockBookOptions {
  /** Those that hold: what `loadBlocks` gave. */
  readonly blocks: Blocks
  readonly shelf: BlockShelf
  readonly clock: Clock
  readonly report: Report
  /** An end of a block could not be written; it is tried again at the next start. */
  readonly onError: (error: unknown) => void
}

export interface BlockListener {
  blocked(block: Block): void
  unblocked(block: Block): void
}

/**
 * The blocks of this node, in memory and in the home, over every network that it joins. What is blocked is in force at once;
 * the promise of a change resolves when it is on the disk.
 */
export class BlockBook {
  readonly #options: BlockBookOptions
  readonly #blocks: Blocks
  readonly #listeners = new Set<BlockListener>()
  #timer: Timer | undefined
  #work: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: BlockBookOptions) {
    this.#options = options
    this.#blocks = options.blocks
    this.#await()
  }

  /** The block that holds now against whoever proves these keys. */
  judge(keys: BlockedKeys): Block | undefined {
    return this.#blocks.judge(keys, this.#options.clock.now())
  }

  /** Those in force, the latest first. */
  list(): readonly Block[] {
    return this.#blocks.list(this.#options.clock.now())
  }

  /** Tells `listener` of every block that holds now, and of each change from then on. @returns what ends it */
  follow(listener: BlockListener): () => void {
    this.#listeners.add(listener)
    for (const block of this.list()) listener.blocked(block)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Blocks these keys for `forMs` milliseconds, or until it is taken back.
   * @throws HostError `too-many-blocks`; StoreError where it cannot be written: it then holds until this process ends
   */
  async block(
    keys: BlockedKeys,
    { forMs, reason }: { readonly forMs: number | undefined; readonly reason: string },
  ): Promise<Block> {
    const since = this.#options.clock.now()
    const until = forMs === undefined ? undefined : since + forMs
    const block: Block = { x0Id: keys.x0Id, peerId: keys.peerId, since, until, reason }
    const replaced = this.#blocks.put(block)
    if (replaced === 'full') {
      throw new HostError('too-many-blocks', `there are ${this.#blocks.size} blocks, as many as may be; take some back first`)
    }
    for (const listener of this.#listeners) listener.blocked(block)
    const data = { x0Id: block.x0Id ?? '', until: until === undefined ? '' : new Date(until).toISOString(), reason }
    this.#options.report({ type: 'peer.blocked', level: 'info', ...peerOf(block), data })
    this.#await()
    await this.#write(async ({ put, remove }) => {
      await put(block)
      for (const old of replaced) if (keyOf(old) !== keyOf(block)) await remove(old)
    })
    return block
  }

  /** Takes back what names one of these keys. @returns it; StoreError where that cannot be written */
  async unblock(keys: BlockedKeys): Promise<readonly Block[]> {
    const removed = this.#blocks.remove(keys)
    for (const block of removed) this.#ended(block, 'command')
    this.#await()
    await this.#write(async ({ remove }) => {
      for (const block of removed) await remove(block)
    })
    return removed
  }

  /** Ends the timer and waits for what is being written. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#work
  }

  #ended(block: Block, by: 'command' | 'time'): void {
    for (const listener of this.#listeners) listener.unblocked(block)
    this.#options.report({ type: 'peer.unblocked', level: 'info', ...peerOf(block), data: { x0Id: block.x0Id ?? '', by } })
  }

  /** Wakes when the next block ends, and now and then: the wall clock may be set, and timers do not reach over weeks. */
  #await(): void {
    this.#timer?.cancel()
    const end = this.#blocks.nextEnd()
    if (end === undefined || this.#stopped) return
    const ms = Math.min(Math.max(end - this.#options.clock.now(), 1), BLOCK_CHECK_MS)
    this.#timer = this.#options.clock.after(ms, () => this.#sweep())
  }

  #sweep(): void {
    const over = this.#blocks.sweep(this.#options.clock.now())
    for (const block of over) this.#ended(block, 'time')
    if (over.length > 0) {
      this.#write(async ({ remove }) => {
        for (const block of over) await remove(block)
      }).catch(this.#options.onError)
    }
    this.#await()
  }

  /** One after another: the end of a block must not overtake its beginning. */
  #write(
    change: (shelf: { put: (block: Block) => Promise<void>; remove: (block: Block) => Promise<void> }) => Promise<void>,
  ): Promise<void> {
    const { shelf } = this.#options
    const writing = this.#work.then(() =>
      change({
        put: (block) => shelf.put(keyOf(block), encodeBlock(block), { sync: true }),
        // what has been blocked anew meanwhile stays
        remove: async (block) => {
          if (!this.#blocks.has(keyOf(block))) await shelf.delete(keyOf(block), { sync: true })
        },
      }),
    )
    this.#work = writing.catch(() => undefined)
    return writing
  }
}

function peerOf({ peerId }: Block): { peer?: string } {
  return peerId === undefined ? {} : { peer: peerId }
}
