import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../platform/clock.ts'
import { LOOP_LAG_RESOLUTION_MS, LOOP_LAG_WINDOW_MS } from './limits.ts'

export interface LoopLag {
  /** Milliseconds beyond the sampling interval. */
  readonly p50: number
  readonly p99: number
}

/**
 * How late this process's timers run. The kernel of it is one histogram; readings cover the last one to two windows,
 * so that a scrape, a status command and a health check do not reset each other's figures.
 */
export class EventLoopLag {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #histogram: ReturnType<typeof monitorEventLoopDelay>
  #windowStart: number
  #previous: LoopLag = { p50: 0, p99: 0 }

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
    this.#histogram = monitorEventLoopDelay({ resolution: LOOP_LAG_RESOLUTION_MS })
    this.#histogram.enable()
    this.#windowStart = clock.monotonic()
  }

  /** The worse of the window that runs and the one before it. */
  read(): LoopLag {
    const current = this.#current()
    const previous = this.#previous
    const now = this.#clock.monotonic()
    if (now - this.#windowStart >= LOOP_LAG_WINDOW_MS) {
      this.#previous = current
      this.#histogram.reset()
      this.#windowStart = now
    }
    return { p50: Math.max(current.p50, previous.p50), p99: Math.max(current.p99, previous.p99) }
  }

  stop(): void {
    this.#histogram.disable()
  }

  #current(): LoopLag {
    if (this.#histogram.count === 0) return { p50: 0, p99: 0 }
    const late = (percentile: number) => Math.max(0, this.#histogram.percentile(percentile) / 1e6 - LOOP_LAG_RESOLUTION_MS)
    return { p50: late(50), p99: late(99) }
  }
}
