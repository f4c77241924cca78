import { formatX0Id } from '../identity/x0-id.ts'
import { ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import type { BatchOperation, Namespace, Store } from '../store/store.ts'
import { readTime } from './form.ts'
import { MAX_IGNORED } from './limits.ts'
import { loadShelf, type OnDamaged } from './shelf-load.ts'
import { TrustError } from './trust-error.ts'

interface Ignored {
  /** Text form. */
  readonly x0Id: string
  /** Wall clock ms. */
  readonly since: number
}

/** Whose knocks an operator does not want to see, on disk; of more than 256 the oldest is forgotten. */
export class IgnoredAskers {
  readonly #store: Pick<Store, 'batch'>
  readonly #namespace: Namespace
  readonly #since: Map<string, number>

  private constructor(store: Pick<Store, 'batch'>, namespace: Namespace, ignored: readonly Ignored[]) {
    this.#store = store
    this.#namespace = namespace
    const oldestFirst = [...ignored].sort((one, other) => one.since - other.since)
    this.#since = new Map(oldestFirst.map(({ x0Id, since }) => [x0Id, since]))
  }

  /** @throws StoreError */
  static async load(store: Pick<Store, 'batch'>, namespace: Namespace, onDamaged: OnDamaged): Promise<IgnoredAskers> {
    return new IgnoredAskers(store, namespace, await loadShelf(namespace, decode, ({ x0Id }) => x0Id, onDamaged))
  }

  has(x0Id: string): boolean {
    return this.#since.has(x0Id)
  }

  /** @throws StoreError */
  async add(x0Id: string, id: Uint8Array, now: number): Promise<void> {
    const surplus = [...this.#since.keys()].slice(0, Math.max(0, this.#since.size + 1 - MAX_IGNORED))
    const value = new ByteWriter().bytes(id).u64(BigInt(now)).finish()
    const put: BatchOperation = { type: 'put', namespace: this.#namespace, key: x0Id, value }
    const deletions = surplus.map((key): BatchOperation => ({ type: 'delete', namespace: this.#namespace, key }))
    await this.#store.batch([put, ...deletions], { sync: true })
    for (const key of surplus) this.#since.delete(key)
    this.#since.set(x0Id, now)
  }

  /** @throws StoreError */
  async remove(x0Id: string): Promise<void> {
    if (!this.#since.has(x0Id)) return
    await this.#namespace.delete(x0Id, { sync: true })
    this.#since.delete(x0Id)
  }
}

function decode(bytes: Uint8Array): Ignored {
  const reader = new ByteReader(bytes, (why) => new TrustError('damaged', `who is ignored: ${why}`))
  const x0Id = formatX0Id(reader.bytes(32))
  const since = readTime(reader, 'damaged')
  reader.end()
  return { x0Id, since }
}
