import type { BatchOperation, Namespace, Store } from '../../store/store.ts'
import { StoreError } from '../../store/store-error.ts'
import { readSealed, type SealedEntry } from './entry.ts'
import { decodeHead, encodeHead, type SignedHead } from './head.ts'

/** Digits of a number in a key: keys then stand in the order of the numbers. */
const DIGITS = 16
const HEAD = 'head'

/** One thing that is kept, at its place: an entry and its hash, unchecked; undefined where the store knows it damaged. */
export type Kept = readonly [n: number, sealed: Uint8Array | undefined]

/** Where a trail lies in the store: the entries in one namespace, the head in another. */
export class AuditShelf {
  readonly #store: Store
  readonly #entries: Namespace
  readonly #heads: Namespace

  constructor(store: Store) {
    this.#store = store
    this.#entries = store.namespace('audit')
    this.#heads = store.namespace('audit-head')
  }

  /** What is kept from `from` on to `to` (included), in order, damaged ones too. */
  async *entries(from: number, to = Number.MAX_SAFE_INTEGER): AsyncGenerator<Kept> {
    const damaged: number[] = []
    const range = { gte: keyOf(from), lt: `${keyOf(to)}.`, onCorrupt: (key: string) => damaged.push(Number(key)) }
    for await (const [key, sealed] of this.#entries.entries(range)) {
      yield* damaged.splice(0).map((n): Kept => [n, undefined])
      yield [Number(key), sealed]
    }
    yield* damaged.splice(0).map((n): Kept => [n, undefined])
  }

  /** The entries from `from` on, at most `limit`, for people: what is none is left out, and nothing is verified. */
  async page(from: number, limit: number): Promise<SealedEntry[]> {
    const entries: SealedEntry[] = []
    for await (const [, sealed] of this.entries(from)) {
      const entry = sealed === undefined ? undefined : readSealed(sealed)
      if (entry !== undefined) entries.push(entry)
      if (entries.length >= limit) break
    }
    return entries
  }

  /** The numbers of the oldest and of the newest entry; undefined where there is none. */
  async ends(): Promise<{ readonly oldest: number; readonly newest: number } | undefined> {
    const [oldest] = await collected(this.#entries.keys({ limit: 1 }))
    const [newest] = await collected(this.#entries.keys({ limit: 1, reverse: true }))
    return oldest === undefined || newest === undefined ? undefined : { oldest: Number(oldest), newest: Number(newest) }
  }

  /** The head that is kept, unverified; undefined where there is none; `damaged` where it is none. */
  async head(): Promise<SignedHead | 'damaged' | undefined> {
    try {
      const bytes = await this.#heads.get(HEAD)
      return bytes === undefined ? undefined : (decodeHead(bytes) ?? 'damaged')
    } catch (error) {
      if (error instanceof StoreError && error.code === 'corrupt') return 'damaged'
      throw error
    }
  }

  put(n: number, sealed: Uint8Array): BatchOperation {
    return { type: 'put', namespace: this.#entries, key: keyOf(n), value: sealed }
  }

  putHead(head: SignedHead): BatchOperation {
    return { type: 'put', namespace: this.#heads, key: HEAD, value: encodeHead(head) }
  }

  /** All or none. */
  write(operations: readonly BatchOperation[], sync: boolean): Promise<void> {
    return this.#store.batch(operations, { sync })
  }

  /** Forgets what is kept from `from` to `to` (included), at most `atOnce` in one batch. */
  async forget(from: number, to: number, atOnce: number): Promise<void> {
    for (;;) {
      const keys = await collected(this.#entries.keys({ gte: keyOf(from), lt: `${keyOf(to)}.`, limit: atOnce }))
      if (keys.length === 0) return
      await this.#store.batch(keys.map((key) => ({ type: 'delete', namespace: this.#entries, key })))
    }
  }
}

function keyOf(n: number): string {
  return String(n).padStart(DIGITS, '0')
}

async function collected(keys: AsyncGenerator<string>): Promise<string[]> {
  const all: string[] = []
  for await (const key of keys) all.push(key)
  return all
}
