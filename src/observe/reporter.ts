import { isDeepStrictEqual } from 'node:util'
import type { Log } from '../platform/log.ts'
import type { NodeEvent, Report } from './event.ts'
import type { EventLog } from './event-log.ts'
import type { Metrics } from './metrics.ts'

/** Alarms kept for `x0 status`: an operator reads a handful, the event log has the rest. */
const ALARMS_KEPT = 32

export interface Reporter {
  readonly report: Report
  /** The latest alarms, newest last. */
  alarms(): readonly NodeEvent[]
}

function isSameAlarm(one: NodeEvent, other: NodeEvent): boolean {
  return one.type === other.type && one.peer === other.peer && isDeepStrictEqual(one.data, other.data)
}

/** Joins the event log, the metrics and the log: each event goes to all three. */
export function createReporter(parts: { readonly events: EventLog; readonly metrics: Metrics; readonly log: Log }): Reporter {
  const alarms: NodeEvent[] = []
  return {
    alarms: () => alarms,
    report(event) {
      const logged = parts.events.report(event)
      parts.metrics.events.inc({ type: event.type })
      const fields = { ...(event.peer === undefined ? {} : { peer: event.peer }), ...event.data }
      if (event.level === 'info') parts.log.info(fields, event.type)
      else if (event.level === 'warn') parts.log.warn(fields, event.type)
      else {
        parts.log.error(fields, `ALARM ${event.type}`)
        // one that comes again with every retry must not push the others out
        const again = alarms.findIndex((alarm) => isSameAlarm(alarm, logged))
        if (again >= 0) alarms.splice(again, 1)
        alarms.push(logged)
        if (alarms.length > ALARMS_KEPT) alarms.shift()
      }
    },
  }
}
