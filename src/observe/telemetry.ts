import type { Clock } from '../platform/clock.ts'
import { LOG_LEVELS, type RootLog } from '../platform/log.ts'
import type { StoreError } from '../store/store-error.ts'
import type { NodeEvent, Report } from './event.ts'
import { EventLog } from './event-log.ts'
import { EventLoopLag } from './event-loop-lag.ts'
import type { HealthState } from './health.ts'
import { within } from './instruments.ts'
import { HEALTH_CHECKS } from './metric-labels.ts'
import { Metrics, type MetricsOptions } from './metrics.ts'
import { createReporter } from './reporter.ts'

/** Everything by which a node shows what it does. */
export interface Telemetry {
  readonly log: RootLog
  readonly events: EventLog
  readonly metrics: Metrics
  readonly lag: EventLoopLag
  readonly report: Report
  /** The latest alarms, newest last. */
  alarms(): readonly NodeEvent[]
  /** A stored value is not what was written: counted, and an alarm. */
  storeDamaged(namespace: string, key: string): void
  /** The store takes no more writes: counted by its code, and an alarm. */
  storeFailed(error: StoreError): void
  /** Shows the answers of the health checks at every scrape. */
  observeHealth(health: () => HealthState): void
  /** Ends the observers; what was counted stays readable. */
  stop(): void
}

export function createTelemetry(
  options: Omit<MetricsOptions, 'lag'> & { readonly clock: Clock; readonly log: RootLog },
): Telemetry {
  const { clock, log } = options
  const lag = new EventLoopLag(clock)
  const events = new EventLog(clock)
  const metrics = new Metrics({ ...options, lag })
  const { report, alarms } = createReporter({ events, metrics, log })
  countLogLines(metrics, log)
  return {
    log,
    events,
    metrics,
    lag,
    report,
    alarms,
    storeDamaged(namespace, key) {
      metrics.storeErrors.inc({ code: 'corrupt' })
      report({ type: 'store.corrupt', level: 'alarm', data: { namespace, key } })
    },
    storeFailed(error) {
      metrics.storeErrors.inc({ code: error.code })
      log.fatal({ err: error }, 'the store takes no more writes; free the disk and restart the node')
      report({ type: 'store.failed', level: 'alarm', data: { code: error.code, message: error.message } })
    },
    observeHealth(health) {
      metrics.onScrape(() => {
        const { ready, checks } = health()
        metrics.ready.set({}, ready ? 1 : 0)
        for (const { name, ok } of checks) metrics.healthCheck.set({ check: within(HEALTH_CHECKS, name) }, ok ? 1 : 0)
      })
    },
    stop() {
      events.close()
      lag.stop()
      metrics.close()
    },
  }
}

function countLogLines(metrics: Metrics, log: RootLog): void {
  let counted = log.lines()
  metrics.onScrape(() => {
    const lines = { ...log.lines() }
    for (const level of LOG_LEVELS) metrics.logLines.inc({ level }, lines[level] - counted[level])
    counted = lines
  })
}
