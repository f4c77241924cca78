/**
 * A full collection that gives memory back to the system; takes tens of milliseconds. Loading leaves 20 MB of garbage that
 * a node at rest would never collect, because it allocates too little to make V8 try. Does nothing (and says so) where
 * Node.js was started without --expose-gc, which `bin/x0 run` adds.
 */
export function collectGarbage(): boolean {
  if (typeof globalThis.gc !== 'function') return false
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  return true
}
