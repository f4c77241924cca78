import type { SealedEntry } from '../trust/audit/entry.ts'
import type { SignedHead } from '../trust/audit/head.ts'
import type { AuditReport } from '../trust/audit/verify-trail.ts'

/** What the admin port may ask of the audit trail. */
export interface AuditView {
  /** Whose trail it is, text form. */
  readonly x0Id: string
  /** What was signed last; undefined before the first signature. */
  readonly head: SignedHead | undefined
  /** Resolves when the head covers all that was recorded. */
  flush(): Promise<void>
  /** Entries from `from` on, at most `limit`. */
  page(from: number, limit: number): Promise<readonly SealedEntry[]>
  /** Follows the whole trail. */
  verify(): Promise<AuditReport>
}
