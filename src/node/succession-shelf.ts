import type { Store } from '../store/store.ts'

/** The statement by which this node's keys followed those before them, in the store. It stays: its sequence counts on. */
const NAMESPACE = 'succession'
const KEY = 'statement'

/** The last one; undefined where the keys are the first. @throws StoreError */
export function keptSuccession(store: Pick<Store, 'namespace'>): Promise<Uint8Array | undefined> {
  return store.namespace(NAMESPACE).get(KEY)
}

/** On the disk (fsync) when it resolves. @throws StoreError */
export function keepSuccession(store: Pick<Store, 'namespace'>, statement: Uint8Array): Promise<void> {
  return store.namespace(NAMESPACE).put(KEY, statement, { sync: true })
}
