import type { EventLoopLag } from '../observe/event-loop-lag.ts'
import type { NamedCheck } from '../observe/health.ts'
import type { StoreError } from '../store/store-error.ts'
import { HEALTH_CLOCK_OFFSET_MS, HEALTH_LAG_MS } from './limits.ts'
import { clockOffsetOf } from './overlay-metrics.ts'
import type { Overlay } from './overlay-parts.ts'

export interface HealthSources {
  /** The one of now: it changes with the network. */
  readonly overlay: () => Pick<Overlay, 'host' | 'supervisor' | 'liveness'>
  readonly lag: EventLoopLag
  /** False for a node that is only to dial: `listen` is empty. */
  readonly listens: boolean
  /** Why the store takes no more writes, where it does not. */
  readonly storeFailure: () => StoreError | undefined
}

/** What makes this node well, in the words of an operator. */
export function healthChecks({ overlay, lag, listens, storeFailure }: HealthSources): NamedCheck[] {
  const upCount = (): number =>
    overlay()
      .supervisor.peers()
      .filter(({ status }) => status === 'up/direct').length
  return [
    {
      name: 'listening',
      critical: true,
      run: () => {
        if (!listens) return { ok: true, detail: 'not asked to: this node only dials' }
        const addresses = overlay().host.getMultiaddrs().length
        return { ok: addresses > 0, detail: `${addresses} addresses` }
      },
    },
    {
      name: 'peers',
      critical: false,
      run: () => {
        const up = upCount()
        const wanted = overlay()
          .supervisor.peers()
          .filter((peer) => peer.wanted).length
        return { ok: up > 0 || wanted === 0, detail: wanted === 0 && up === 0 ? 'nobody to connect to was named' : `${up} up` }
      },
    },
    {
      name: 'store',
      critical: true,
      run: () => {
        const failure = storeFailure()
        return {
          ok: failure === undefined,
          detail: failure === undefined ? 'takes writes' : `takes no writes: ${failure.message}`,
        }
      },
    },
    {
      name: 'clock',
      critical: false,
      run: () => {
        const offset = clockOffsetOf(overlay())
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
