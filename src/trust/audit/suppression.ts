import { Budgets } from '../policy/budgets.ts'
import { type AuditKind, isFloodable } from './kinds.ts'
import { KIND_RATE, MAX_SOURCES, SOURCE_RATE, SUPPRESSED_AFTER_MS } from './limits.ts'

/** What was left out of one kind. */
export interface Suppressed {
  readonly kind: AuditKind
  readonly count: number
}

/**
 * Thins out what strangers can cause at will: of each kind a source has a rate, and all sources together have one. What
 * is above is counted, and told later in one entry a kind. Times are monotonic, ms.
 */
export class Suppression {
  readonly #sources = new Budgets(MAX_SOURCES)
  readonly #kinds = new Budgets(MAX_SOURCES)
  readonly #counts = new Map<AuditKind, { count: number; readonly since: number }>()

  /** Whether one more of `kind` is recorded; otherwise it is counted. */
  admits(kind: AuditKind, source: string, now: number): boolean {
    if (!isFloodable(kind)) return true
    // the source first: who is above its own rate takes nothing from that of all
    if (this.#sources.take(kind, SOURCE_RATE, source, now) && this.#kinds.take(kind, KIND_RATE, '', now)) return true
    const before = this.#counts.get(kind)
    this.#counts.set(kind, { count: (before?.count ?? 0) + 1, since: before?.since ?? now })
    return false
  }

  /** Whether something was left out and not told yet. */
  get isPending(): boolean {
    return this.#counts.size > 0
  }

  /** What has been counted long enough (or all of it), which is then told. */
  take(now: number, all: boolean): Suppressed[] {
    const due = [...this.#counts].filter(([, { since }]) => all || now - since >= SUPPRESSED_AFTER_MS)
    for (const [kind] of due) this.#counts.delete(kind)
    return due.map(([kind, { count }]) => ({ kind, count }))
  }
}
