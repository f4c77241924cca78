import type { ChannelEvent } from '../channel/channel-event.ts'
import type { Suite } from '../channel/session.ts'
import type { Metrics } from './metrics.ts'

/** Counts what the secure channel reports. */
export function countChannelEvent(metrics: Metrics, event: ChannelEvent): void {
  switch (event.type) {
    case 'completed': {
      const { suite, role } = event.facts
      metrics.handshakeDuration.observe({ suite, role }, event.durationMs / 1000)
      metrics.handshakeBytes.inc({ suite, direction: 'sent' }, event.bytesSent)
      metrics.handshakeBytes.inc({ suite, direction: 'received' }, event.bytesReceived)
      return
    }
    case 'accepted':
      metrics.handshakes.inc({ suite: event.facts.suite, role: event.facts.role, result: 'accepted' })
      return
    case 'refused':
      metrics.handshakes.inc({ suite: suiteOf(event.protocol), role: event.role, result: event.code })
      if (event.code === 'protocol-mismatch') metrics.downgradeAttempts.inc({})
      return
    case 'shed':
      metrics.handshakesShed.inc({ reason: event.reason })
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

/** A refused handshake has no suite yet: what its protocol id would have given. */
function suiteOf(protocol: string): Suite | 'other' {
  if (protocol.startsWith('/x0/')) return 'noise-xxhfs-mlkem768-mldsa65'
  if (protocol.startsWith('/noise-mlkem768-hfs/')) return 'noise-xxhfs-mlkem768'
  return protocol === '/noise' ? 'noise-xx-classical' : 'other'
}
