import type { ChannelEvent } from '../channel/channel-event.ts'
import type { SessionFacts, Suite } from '../channel/session.ts'
import type { Metrics } from './metrics.ts'

/** Counts what the secure channel reports. A handshake's time and bytes count once it is accepted: until then it may fail. */
export function channelCounter(metrics: Metrics): (event: ChannelEvent) => void {
  /** How long the handshakes took that wait for their verdict, ms. A session that gets none takes its entry along. */
  const durations = new WeakMap<SessionFacts, number>()
  return (event) => {
    switch (event.type) {
      case 'completed':
        durations.set(event.facts, event.durationMs)
        return
      case 'accepted':
        countAccepted(metrics, event.facts, durations.get(event.facts))
        return
      case 'refused':
        metrics.handshakes.inc({ suite: suiteOf(event.protocol), role: event.role, result: 'refused' })
        metrics.handshakeRefusals.inc({ by: event.by, code: event.code })
        if (event.code === 'protocol-mismatch' && event.by === 'self') metrics.downgradeAttempts.inc({})
        return
      case 'shed':
        metrics.handshakesShed.inc({ reason: event.reason })
        return
      case 'door':
        metrics.joinVisits.inc({ result: event.result })
        return
      case 'pin-learned':
        metrics.pinEvents.inc({ event: 'learned' })
        return
      case 'pin-alarm':
        metrics.pinEvents.inc({ event: event.code === 'pin-frozen' ? 'frozen' : 'mismatch' })
        return
      case 'damaged':
        metrics.recordsDamaged.inc({})
        return
      case 'rekeyed':
        metrics.rekeys.inc({})
        return
    }
  }
}

function countAccepted(metrics: Metrics, { suite, role, flights }: SessionFacts, durationMs: number | undefined): void {
  metrics.handshakes.inc({ suite, role, result: 'accepted' })
  if (durationMs !== undefined) metrics.handshakeDuration.observe({ suite, role }, durationMs / 1000)
  // none of a classical session, whose encrypter does not measure: no series says that it took 0 bytes
  for (const { direction, bytes } of flights) metrics.handshakeBytes.inc({ suite, direction }, bytes)
}

/** A refused handshake has no suite yet: what its protocol id would have given. */
function suiteOf(protocol: string): Suite | 'other' {
  if (protocol.startsWith('/x0/')) return 'noise-xxhfs-mlkem768-mldsa65'
  if (protocol.startsWith('/noise-mlkem768-hfs/')) return 'noise-xxhfs-mlkem768'
  return protocol === '/noise' ? 'noise-xx-classical' : 'other'
}
