import type { EventLoopLag } from '../observe/event-loop-lag.ts'
import type { NamedCheck } from '../observe/health.ts'
import { HEALTH_CLOCK_OFFSET_MS, HEALTH_LAG_MS } from './limits.ts'
import type { Overlay } from './overlay.ts'
import { clockOffsetOf } from './overlay-metrics.ts'

/** What makes this node well, in the words of an operator. `storeFault` says what is wrong with the store, if anything. */
export function healthChecks(overlay: Overlay, lag: EventLoopLag, storeFault: () => string | undefined): NamedCheck[] {
  const { host, supervisor } = overlay
  const upCount = (): number => supervisor.peers().filter(({ status }) => status === 'up/direct').length
  return [
    {
      name: 'listening',
      critical: true,
      run: () => {
        const addresses = host.getMultiaddrs().length
        return { ok: addresses > 0, detail: `${addresses} addresses` }
      },
    },
    {
      name: 'peers',
      critical: false,
      run: () => {
        const up = upCount()
        const wanted = supervisor.peers().filter((peer) => peer.wanted).length
        return { ok: up > 0 || wanted === 0, detail: wanted === 0 && up === 0 ? 'nobody to connect to was named' : `${up} up` }
      },
    },
    { name: 'store', critical: true, run: () => ({ ok: storeFault() === undefined, detail: storeFault() ?? 'takes writes' }) },
    {
      name: 'clock',
      critical: false,
      run: () => {
        const offset = clockOffsetOf(overlay)
        if (offset === undefined) return { ok: true, detail: 'no peer to compare with' }
        return { ok: Math.abs(offset) < HEALTH_CLOCK_OFFSET_MS, detail: `${Math.round(offset)} ms off the median of the peers` }
      },
    },
    {
      name: 'event-loop',
      critical: false,
      run: () => {
        const { p99 } = lag.read()
        return { ok: p99 < HEALTH_LAG_MS, detail: `p99 ${p99.toFixed(1)} ms late` }
      },
    },
  ]
}
