import { Level } from 'level'
import { openValue, sealValue } from './checked-value.ts'
import { MAX_BATCH_OPERATIONS, MAX_KEY_BYTES, MAX_VALUE_BYTES } from './limits.ts'
import { StoreError, storeErrorFrom } from './store-error.ts'

export interface WriteOptions {
  /** True waits until the data is on the disk (fsync, milliseconds); otherwise a crash of the machine may lose the last writes. A killed process loses none either way. */
  readonly sync?: boolean
}

/** Keys from `gte` to below `lt`, in the order of their UTF-8 bytes; `reverse` from the end, at most `limit`. */
export interface Range {
  readonly gte?: string
  readonly lt?: string
  readonly reverse?: boolean
  readonly limit?: number
}

export interface EntriesOptions extends Range {
  /** Told of each damaged value, which is then left out. Without it the first damaged value throws. */
  readonly onCorrupt?: (key: string) => void
}

/** A part of the store with keys of its own. */
export interface Namespace {
  readonly name: string
  /**
   * The value, or undefined where there is none.
   * @throws StoreError `corrupt` where the value is not what was put
   */
  get(key: string): Promise<Uint8Array | undefined>
  put(key: string, value: Uint8Array, options?: WriteOptions): Promise<void>
  delete(key: string, options?: WriteOptions): Promise<void>
  entries(options?: EntriesOptions): AsyncGenerator<readonly [key: string, value: Uint8Array]>
  /** Keys alone: cheap, and damaged values are among them. */
  keys(range?: Range): AsyncGenerator<string>
}

export type BatchOperation =
  | { readonly type: 'put'; readonly namespace: Namespace; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly namespace: Namespace; readonly key: string }

export interface ScrubReport {
  readonly checked: number
  readonly corrupt: readonly { readonly namespace: string; readonly key: string }[]
}

export interface StoreOptions {
  /** Told once, when a failed write has closed the store for writing. */
  readonly onWriteFailure?: (error: StoreError) => void
}

/** abstract-level's own form of a sublevel: `!name!key`. */
const PREFIX = /^!([a-z][a-z0-9-]*)!/

/**
 * Values by namespace and key in one LevelDB folder, each checked when it is read. After the first failed write the
 * store takes no more: what is in memory and what is on the disk may differ from then on, and going on would hide it.
 *
 * LevelDB drops damaged records of its write-ahead log without a word when it opens (the binding has no paranoid mode),
 * so `close` moves everything from the log into tables, where damage is found by the check of each value.
 */
export class Store {
  readonly #db: Level<string, Uint8Array>
  readonly #onWriteFailure: ((error: StoreError) => void) | undefined
  #failure: StoreError | undefined
  #closing: Promise<void> | undefined

  private constructor(db: Level<string, Uint8Array>, options: StoreOptions) {
    this.#db = db
    this.#onWriteFailure = options.onWriteFailure
  }

  /**
   * Opens or creates the store in `folder`. LevelDB locks the folder: the kernel frees that lock when the process dies.
   * @throws StoreError `locked`, `corrupt`, `full`, `permissions` or `io`
   */
  static async open(folder: string, options: StoreOptions = {}): Promise<Store> {
    // What we keep is keys, signatures and hashes, which do not compress.
    const db = new Level<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view', compression: false })
    try {
      await db.open()
    } catch (error) {
      throw storeErrorFrom(error, `open the store in ${folder}`)
    }
    return new Store(db, options)
  }

  /** Why the store takes no more writes; undefined while it does. */
  get failure(): StoreError | undefined {
    return this.#failure
  }

  /** The part called `name`: small letters, digits and hyphens, fixed in the source. */
  namespace(name: string): Namespace {
    if (!PREFIX.test(`!${name}!`)) throw new TypeError(`not a namespace name: ${name}`)
    const prefix = `!${name}!`
    return {
      name,
      get: (key) => this.#get(name, key),
      put: (key, value, options) => this.#write([{ type: 'put', namespace: name, key, value }], options),
      delete: (key, options) => this.#write([{ type: 'delete', namespace: name, key }], options),
      entries: (options = {}) => this.#entries(name, options),
      keys: (range = {}) => this.#keys(prefix, range),
    }
  }

  /** All of the operations or none, also across namespaces and a kill -9. */
  async batch(operations: readonly BatchOperation[], options?: WriteOptions): Promise<void> {
    await this.#write(
      operations.map((operation) => ({ ...operation, namespace: operation.namespace.name })),
      options,
    )
  }

  /** Reads every value and checks it, slowly enough for others to go on in between; changes nothing. */
  async scrub(signal?: AbortSignal): Promise<ScrubReport> {
    const corrupt: { namespace: string; key: string }[] = []
    let checked = 0
    try {
      for await (const [fullKey, sealed] of this.#db.iterator()) {
        signal?.throwIfAborted()
        const namespace = PREFIX.exec(fullKey)?.[1]
        const key = namespace === undefined ? fullKey : fullKey.slice(namespace.length + 2)
        checked += 1
        if (namespace === undefined || openValue(namespace, key, sealed) === undefined)
          corrupt.push({ namespace: namespace ?? '', key })
      }
    } catch (error) {
      if (signal?.aborted) throw error
      throw storeErrorFrom(error, 'check the store')
    }
    return { checked, corrupt }
  }

  /** Waits for writes under way, moves all data into tables and frees the folder. Calling it again is harmless. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    try {
      if (this.#failure === undefined) await emptyLog(this.#db)
      await this.#db.close()
    } catch (error) {
      await this.#db.close()
      throw storeErrorFrom(error, 'close the store')
    }
  }

  async #get(namespace: string, key: string): Promise<Uint8Array | undefined> {
    this.#refuseClosed()
    let sealed: Uint8Array | undefined
    try {
      sealed = await this.#db.get(`!${namespace}!${key}`)
    } catch (error) {
      throw storeErrorFrom(error, `read ${namespace}/${key}`)
    }
    if (sealed === undefined) return undefined
    const value = openValue(namespace, key, sealed)
    if (value === undefined) throw corruptValue(namespace, key)
    return value
  }

  async *#entries(namespace: string, options: EntriesOptions): AsyncGenerator<readonly [string, Uint8Array]> {
    this.#refuseClosed()
    const prefix = `!${namespace}!`
    try {
      for await (const [fullKey, sealed] of this.#db.iterator(within(prefix, options))) {
        const key = fullKey.slice(prefix.length)
        const value = openValue(namespace, key, sealed)
        if (value !== undefined) yield [key, value]
        else if (options.onCorrupt === undefined) throw corruptValue(namespace, key)
        else options.onCorrupt(key)
      }
    } catch (error) {
      throw isLevelError(error) ? storeErrorFrom(error, `read ${namespace}`) : error
    }
  }

  async *#keys(prefix: string, range: Range): AsyncGenerator<string> {
    this.#refuseClosed()
    try {
      for await (const fullKey of this.#db.keys(within(prefix, range))) yield fullKey.slice(prefix.length)
    } catch (error) {
      throw isLevelError(error) ? storeErrorFrom(error, `list ${prefix}`) : error
    }
  }

  async #write(operations: readonly Write[], options: WriteOptions = {}): Promise<void> {
    if (operations.length > MAX_BATCH_OPERATIONS) {
      throw new StoreError('too-large', `a batch of ${operations.length} operations is above ${MAX_BATCH_OPERATIONS}`)
    }
    const batch = operations.map(levelOperation)
    this.#refuseClosed()
    if (this.#failure !== undefined) {
      throw new StoreError('closed', `the store takes no writes after a failure (${this.#failure.message}); restart the node`, {
        cause: this.#failure,
      })
    }
    try {
      await this.#db.batch(batch, { sync: options.sync ?? false })
    } catch (error) {
      throw this.#fail(storeErrorFrom(error, 'write to the store'))
    }
  }

  #fail(error: StoreError): StoreError {
    // Writes under way at the same time may fail too: the first one is the reason. A write after close is not a failure of the disk.
    if (this.#failure === undefined && error.code !== 'closed') {
      this.#failure = error
      this.#onWriteFailure?.(error)
    }
    return error
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw new StoreError('closed', 'the store is closed')
  }
}

type Write =
  | { readonly type: 'put'; readonly namespace: string; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly namespace: string; readonly key: string }

function levelOperation(operation: Write): { type: 'put'; key: string; value: Uint8Array } | { type: 'del'; key: string } {
  const { namespace, key } = operation
  const keyBytes = Buffer.byteLength(key)
  if (keyBytes > MAX_KEY_BYTES) throw new StoreError('too-large', `a key of ${keyBytes} bytes is above ${MAX_KEY_BYTES}`)
  const fullKey = `!${namespace}!${key}`
  if (operation.type === 'delete') return { type: 'del', key: fullKey }
  if (operation.value.length > MAX_VALUE_BYTES) {
    throw new StoreError('too-large', `a value of ${operation.value.length} bytes is above ${MAX_VALUE_BYTES}`)
  }
  return { type: 'put', key: fullKey, value: sealValue(namespace, key, operation.value) }
}

function within(prefix: string, range: Range): { gte: string; lt: string; reverse: boolean; limit: number } {
  return {
    gte: prefix + (range.gte ?? ''),
    // `"` is the character after `!`, with which every key of the namespace begins.
    lt: range.lt === undefined ? `${prefix.slice(0, -1)}"` : prefix + range.lt,
    reverse: range.reverse ?? false,
    limit: range.limit ?? -1,
  }
}

function corruptValue(namespace: string, key: string): StoreError {
  return new StoreError(
    'corrupt',
    `the stored value ${namespace}/${key} is damaged; restore a backup, or delete it if it can be learned anew`,
  )
}

/** Tells LevelDB's errors from those that the consumer of a generator throws into it. */
function isLevelError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('LEVEL_')
}

/** Compacts an empty range past the last key: LevelDB then moves its log into a table and rewrites nothing else. */
async function emptyLog(db: Level<string, Uint8Array>): Promise<void> {
  if (compacts(db)) await db.compactRange('\uffff', '\uffff')
}

/** `level` declares only what it has in browsers too; in Node.js it is classic-level. */
function compacts(db: object): db is { compactRange(start: string, end: string): Promise<void> } {
  return 'compactRange' in db
}
