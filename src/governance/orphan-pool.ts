import type { Cancel } from './cancel.ts'
import { hexOf } from './form.ts'
import { ASK_AGAIN_MS, MAX_ORPHANS, MAX_ORPHANS_PER_MEMBER, ORPHAN_LIFE_MS } from './limits.ts'
import { signerIndex } from './signed-object.ts'
import type { Vote } from './vote.ts'

/** Something that was said of a proposal which is not here. Its signature was checked: nobody fills another's share. */
export interface Orphan {
  readonly object: Vote | Cancel
  /** The peer that brought it; undefined for our own. */
  readonly from: string | undefined
  readonly at: number
}

export interface OrphanPool {
  /** By id (hexadecimal), longest here first. */
  readonly orphans: ReadonlyMap<string, Orphan>
  /** When a proposal was asked for last, by its id; only those that an orphan waits for. */
  readonly askedAt: ReadonlyMap<string, number>
}

export const NO_ORPHANS: OrphanPool = { orphans: new Map(), askedAt: new Map() }

/** With one more. A member above its share loses its oldest; a full pool that of the member who has the most. */
export function putOrphan(pool: OrphanPool, orphan: Orphan): OrphanPool {
  const orphans = new Map(pool.orphans).set(hexOf(orphan.object.id), orphan)
  const signer = signerIndex(orphan.object)
  const counts = countBySigner(orphans)
  if ((counts.get(signer) ?? 0) > MAX_ORPHANS_PER_MEMBER) dropOldestOf(orphans, signer)
  else if (orphans.size > MAX_ORPHANS) dropOldestOf(orphans, busiest(counts))
  return withoutIdleQuestions({ ...pool, orphans })
}

/** The orphans of a proposal that has come, and the pool without them. */
export function takeOrphans(pool: OrphanPool, proposalId: Uint8Array): { pool: OrphanPool; taken: readonly Orphan[] } {
  const parent = hexOf(proposalId)
  const isChild = (orphan: Orphan): boolean => hexOf(orphan.object.proposalId) === parent
  const taken = [...pool.orphans.values()].filter(isChild)
  return { pool: taken.length === 0 ? pool : keepOnly(pool, (orphan) => !isChild(orphan)), taken }
}

/** Without those that `isStale` names, and without the ones that have waited too long. */
export function expireOrphans(pool: OrphanPool, now: number, isStale: (proposalId: Uint8Array) => boolean): OrphanPool {
  return keepOnly(pool, ({ object, at }) => now - at < ORPHAN_LIFE_MS && !isStale(object.proposalId))
}

/** Whether to ask for this proposal now, and the pool that remembers it. */
export function askFor(pool: OrphanPool, proposalId: Uint8Array, now: number): { pool: OrphanPool; ask: boolean } {
  const parent = hexOf(proposalId)
  const asked = pool.askedAt.get(parent)
  if (asked !== undefined && now >= asked && now - asked < ASK_AGAIN_MS) return { pool, ask: false }
  return { pool: { ...pool, askedAt: new Map(pool.askedAt).set(parent, now) }, ask: true }
}

/** One orphan of each proposal that is waited for. */
export function waitedFor(pool: OrphanPool): readonly Orphan[] {
  return [...new Map([...pool.orphans.values()].map((orphan) => [hexOf(orphan.object.proposalId), orphan])).values()]
}

function keepOnly(pool: OrphanPool, isKept: (orphan: Orphan) => boolean): OrphanPool {
  const orphans = new Map([...pool.orphans].filter(([, orphan]) => isKept(orphan)))
  return orphans.size === pool.orphans.size ? pool : withoutIdleQuestions({ ...pool, orphans })
}

function withoutIdleQuestions(pool: OrphanPool): OrphanPool {
  const parents = new Set([...pool.orphans.values()].map(({ object }) => hexOf(object.proposalId)))
  const askedAt = new Map([...pool.askedAt].filter(([parent]) => parents.has(parent)))
  return { ...pool, askedAt }
}

function countBySigner(orphans: ReadonlyMap<string, Orphan>): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { object } of orphans.values()) counts.set(signerIndex(object), (counts.get(signerIndex(object)) ?? 0) + 1)
  return counts
}

function busiest(counts: ReadonlyMap<number, number>): number {
  return [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most))[0]
}

function dropOldestOf(orphans: Map<string, Orphan>, signer: number): void {
  for (const [id, { object }] of orphans) {
    if (signerIndex(object) !== signer) continue
    orphans.delete(id)
    return
  }
}
