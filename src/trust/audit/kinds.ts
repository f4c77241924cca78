/** Everything that is recorded; docs/audit.md says what the data of each holds. */
export const AUDIT_KINDS = [
  'audit.began',
  'audit.pruned',
  'audit.suppressed',
  'audit.damaged',
  'policy.denied',
  'policy.allowed',
  'policy.loaded',
  'policy.removed',
  'policy.refused',
  'admission.refused',
  'credential.issued',
  'revocation.made',
  'revocation.learned',
  'invite.made',
  'invite.used',
  'keys.rotated',
  'account.changed',
  'network.changed',
] as const

export type AuditKind = (typeof AUDIT_KINDS)[number]

/** What strangers can cause at will: such entries have a rate. */
const FLOODABLE: ReadonlySet<AuditKind> = new Set(['policy.denied', 'policy.allowed', 'admission.refused'])

export function isFloodable(kind: AuditKind): boolean {
  return FLOODABLE.has(kind)
}

/** Flat, small, never secret. Names are of letters and digits; texts are cut at MAX_FIELD_TEXT. */
export type AuditData = Readonly<Record<string, string | number | boolean>>

/** Where every part of the node records what somebody may want to prove later. Neither throws nor waits for the disk. */
export interface Audit {
  /** @param source who caused it, for the rate of what strangers can cause; an x0 id where there is one */
  record(kind: AuditKind, data: AuditData, source?: string): void
}
