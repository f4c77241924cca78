import type { CryptoBackend } from '../../crypto/backend.ts'
import type { AuditShelf } from './audit-shelf.ts'
import { type AuditProblem, ChainCheck } from './chain-check.ts'
import { NO_HASH } from './entry.ts'
import type { SignedHead } from './head.ts'
import { headProblem } from './verify-trail.ts'

/** An entry and its hash at its place in the chain. */
export interface PlacedEntry {
  readonly n: number
  readonly sealed: Uint8Array
}

/** Where a trail goes on. */
export interface Resumed {
  /** As in AuditHead: where the trail begins, and where the next entry follows. */
  readonly first: number
  readonly anchor: Uint8Array
  readonly count: number
  readonly hash: Uint8Array
  /** The head that is kept, if it is good. */
  readonly head: SignedHead | undefined
  /** What follows behind that head: recorded, and not signed for when the process ended. */
  readonly unsigned: readonly PlacedEntry[]
  /** What is wrong, as far as it shows at the end of the trail. `x0 audit verify` looks at all of it. */
  readonly problem: AuditProblem | undefined
}

const NEW: Resumed = { first: 1, anchor: NO_HASH, count: 0, hash: NO_HASH, head: undefined, unsigned: [], problem: undefined }
/** Of one batch that forgets. */
const AT_ONCE = 5_000

/**
 * Finds where to go on: behind the last entry that follows from the signed head. Where the trail does not lead up to that
 * head the next entry still goes behind it, so that what is missing stays missing, for ever visible. What a pruning that
 * was cut off has left goes, and what stands behind the end without following from it.
 * @param x0Ids this node's, with that of its keys before
 */
export async function resumeTrail(backend: CryptoBackend, shelf: AuditShelf, x0Ids: readonly Uint8Array[]): Promise<Resumed> {
  const kept = await shelf.head()
  const ends = await shelf.ends()
  if (kept === undefined && ends === undefined) return NEW
  const problem = await headProblem(backend, kept, x0Ids)
  if (problem !== undefined || kept === undefined || kept === 'damaged') return { ...(await lastOf(shelf, ends)), problem }
  const resumed = await behind(backend, shelf, kept)
  await shelf.forget(0, resumed.first - 1, AT_ONCE)
  await shelf.forget(resumed.count + 1, Number.MAX_SAFE_INTEGER, AT_ONCE)
  return resumed
}

async function behind(backend: CryptoBackend, shelf: AuditShelf, head: SignedHead): Promise<Resumed> {
  // a chain that begins behind the head: the entry that the head names is then what it must be anchored in
  const check = new ChainCheck(backend, { ...head, first: head.count + 1, anchor: head.hash })
  const unsigned: PlacedEntry[] = []
  let isThere = head.count < head.first
  for await (const [n, sealed] of shelf.entries(head.count)) {
    if (check.push(n, sealed) === undefined || sealed === undefined) break
    if (n === head.count) isThere = true
    else unsigned.push({ n, sealed })
  }
  const { n: count, hash } = check.last
  const gone: AuditProblem = {
    fault: 'truncated',
    n: head.count,
    message: `entry ${head.count}, which the node has signed for, is not there`,
  }
  const problem = check.problem ?? (isThere ? undefined : gone)
  return { first: head.first, anchor: head.anchor, count, hash, head, unsigned, problem }
}

/** Without a head that can be believed: behind what there is. */
async function lastOf(
  shelf: AuditShelf,
  ends: { readonly oldest: number; readonly newest: number } | undefined,
): Promise<Resumed> {
  if (ends === undefined) return NEW
  const [first] = await shelf.page(ends.oldest, 1)
  const [last] = await shelf.page(ends.newest, 1)
  return { ...NEW, first: ends.oldest, anchor: first?.previous ?? NO_HASH, count: ends.newest, hash: last?.hash ?? NO_HASH }
}
