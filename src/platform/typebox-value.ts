import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/**
 * typebox's checks, loaded at the first use. They cost 8 MB of a node's memory, and most nodes never need them: the
 * configuration has a check of its own, and a GET has no body.
 */
export function typeboxValue(): typeof import('typebox/value') {
  return load('typebox/value')
}
