import { isDeepStrictEqual } from 'node:util'
import type { Config } from './schema.ts'
import { configLeaves } from './schema-tree.ts'

export interface ReloadPlan {
  /** Changed settings that a running node applies at once. */
  readonly live: readonly string[]
  /** Settings that differ from those the node started with: they need a restart, however often they are loaded. */
  readonly restart: readonly string[]
}

/**
 * Which settings a newly loaded configuration changes, and what it takes to apply them.
 * @param started what the node was started with: still in force for all that needs a restart
 * @param last what was loaded last: in force for all that applies live
 */
export function planReload(started: Config, last: Config, next: Config): ReloadPlan {
  const live: string[] = []
  const restart: string[] = []
  for (const { keys, path, node } of configLeaves()) {
    const isLive = node['x-reload'] === 'live'
    if (isDeepStrictEqual(valueAt(isLive ? last : started, keys), valueAt(next, keys))) continue
    if (isLive) live.push(path)
    else restart.push(path)
  }
  return { live, restart }
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
