import type { Namespace } from '../store/store.ts'
import { unlessBad } from './trust-error.ts'

/** Told of a value of the home that is not what was written. */
export type OnDamaged = (namespace: string, key: string) => void

/** Everything that is kept in a namespace; damaged values are told and left out. @throws StoreError where the disk fails */
export async function loadShelf<Value>(
  namespace: Namespace,
  decode: (bytes: Uint8Array) => Value,
  keyOf: (value: Value) => string,
  onDamaged: OnDamaged,
): Promise<Value[]> {
  const values: Value[] = []
  const damaged = (key: string): void => onDamaged(namespace.name, key)
  for await (const [key, bytes] of namespace.entries({ onCorrupt: damaged })) {
    const value = unlessBad(() => decode(bytes))
    if (value !== undefined && keyOf(value) === key) values.push(value)
    else damaged(key)
  }
  return values
}
