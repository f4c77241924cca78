/** A pending callback. */
export interface Timer {
  /** Forgets the callback; harmless when it has run already. */
  cancel(): void
}

/** The only door to time. Pure cores take `now` as a number; shells take a Clock and ask it. */
export interface Clock {
  /** Wall clock in milliseconds since the Unix epoch. It may jump. */
  now(): number
  /** Milliseconds since an arbitrary origin. It never goes back. */
  monotonic(): number
  /** Calls `run` once after `ms` milliseconds. The timer does not keep the process alive. */
  after(ms: number, run: () => void): Timer
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const handle = setTimeout(run, ms)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}
