import { formatX0Id } from '../identity/x0-id.ts'
import { Sparing } from '../observe/sparing.ts'
import type { Telemetry } from '../observe/telemetry.ts'
import { systemClock } from '../platform/clock.ts'
import type { Revocation } from '../trust/revocation.ts'
import type { SponsorEvent } from '../trust/sponsor-event.ts'

/**
 * Counts and tells what happens at the door. Refusals are told sparingly: strangers must not fill the event log.
 * @param spread tells a revocation of this node to the network
 */
export function sponsorReporter(
  { report, metrics, log }: Pick<Telemetry, 'report' | 'metrics' | 'log'>,
  spread: (revocation: Revocation) => void,
): (event: SponsorEvent) => void {
  const sparing = new Sparing(systemClock)
  return (event) => {
    switch (event.type) {
      case 'admitted': {
        const { by, x0Id, name } = event
        metrics.joins.inc({ result: 'admitted' })
        const data = { answer: 'admitted', by, x0Id, name, expiresAt: new Date(event.expiresAt).toISOString() }
        report({ type: 'join.answered', level: 'info', data })
        return
      }
      case 'asked': {
        metrics.joins.inc({ result: 'pending' })
        const data = { answer: 'pending', x0Id: event.x0Id, name: event.name ?? '', note: event.note }
        report({ type: 'join.answered', level: 'info', data })
        return
      }
      case 'refused': {
        metrics.joins.inc({ result: 'refused' })
        const times = sparing.next(event.code)
        if (times === undefined) return
        const data = { code: event.code, kind: event.kind ?? 'unreadable', ...(times === 1 ? {} : { times }) }
        report({ type: 'join.refused', level: 'warn', data })
        return
      }
      case 'revoked': {
        const { subject, reason } = event.revocation
        report({ type: 'revocation.signed', level: 'warn', data: { x0Id: formatX0Id(subject), reason } })
        spread(event.revocation)
        return
      }
      case 'store-failed':
        metrics.joins.inc({ result: 'failed' })
        log.error({ err: event.error }, 'a request to join could not be granted: the disk failed')
    }
  }
}
