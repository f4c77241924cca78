import { isDeepStrictEqual } from 'node:util'
import type { Config } from './schema.ts'
import { configLeaves } from './schema-tree.ts'

export interface ReloadPlan {
  /** Changed settings that a running node applies at once. */
  readonly live: readonly string[]
  /** Changed settings that need a restart. */
  readonly restart: readonly string[]
}

/** Which settings differ between the configuration in force and a newly loaded one, and what it takes to apply them. */
export function planReload(current: Config, next: Config): ReloadPlan {
  const changed = configLeaves().filter(({ keys }) => !isDeepStrictEqual(valueAt(current, keys), valueAt(next, keys)))
  return {
    live: changed.filter(({ node }) => node['x-reload'] === 'live').map(({ path }) => path),
    restart: changed.filter(({ node }) => node['x-reload'] !== 'live').map(({ path }) => path),
  }
}

/** The value of a setting; undefined for an optional one that is absent. */
export function valueAt(config: Config, keys: readonly string[]): unknown {
  let value: unknown = config
  for (const key of keys) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, key)
  }
  return value
}
