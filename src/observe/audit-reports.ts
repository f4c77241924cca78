import type { AuditTrailOptions } from '../trust/audit/audit-trail.ts'
import type { Telemetry } from './telemetry.ts'

/** What the audit trail reports: counted, and an alarm where something is wrong with it. */
export function auditReports({
  metrics,
  report,
  log,
}: Pick<Telemetry, 'metrics' | 'report' | 'log'>): Pick<
  AuditTrailOptions,
  'onDamaged' | 'onError' | 'onRecorded' | 'onSuppressed'
> {
  return {
    onDamaged({ fault, n, message }) {
      report({ type: 'audit.damaged', level: 'alarm', data: { fault, n, message } })
    },
    onError(error) {
      log.error({ err: error }, 'nothing is put into the audit trail any more; restart the node')
      report({ type: 'audit.failed', level: 'alarm', data: { message: error instanceof Error ? error.message : String(error) } })
    },
    onRecorded: (kind) => metrics.auditEntries.inc({ kind }),
    onSuppressed: () => metrics.auditSuppressed.inc({}),
  }
}
