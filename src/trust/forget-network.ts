import type { BatchOperation, Namespace, Store } from '../store/store.ts'
import { SHELVES } from './shelf-names.ts'

/** Stands in the home while a network is being forgotten: a start that finds it goes on with that. */
const LEAVING = 'leaving'
/** Keys that go with one write. */
const KEYS_AT_ONCE = 1_000

/**
 * Takes everything of the network that the home is in from the disk; needs nothing of it to be readable. Killed in between,
 * the next start ends it: a half-forgotten network, with some revocations missing, is never entered.
 * @throws StoreError
 */
export async function forgetNetwork(store: Pick<Store, 'namespace' | 'batch'>): Promise<void> {
  const network = store.namespace(SHELVES.network)
  await network.put(LEAVING, Uint8Array.of(1), { sync: true })
  for (const name of Object.values(SHELVES)) await empty(store, store.namespace(name))
  await network.delete(LEAVING, { sync: true })
}

/** Whether a kill has left a network half forgotten. */
export async function isHalfForgotten(network: Namespace): Promise<boolean> {
  for await (const key of network.keys({ gte: LEAVING, limit: 1 })) return key === LEAVING
  return false
}

async function empty(store: Pick<Store, 'batch'>, namespace: Namespace): Promise<void> {
  let batch: BatchOperation[] = []
  for await (const key of namespace.keys()) {
    if (key === LEAVING) continue
    batch.push({ type: 'delete', namespace, key })
    if (batch.length < KEYS_AT_ONCE) continue
    await store.batch(batch, { sync: true })
    batch = []
  }
  if (batch.length > 0) await store.batch(batch, { sync: true })
}
