import type { Clock, Timer } from '../platform/clock.ts'

/**
 * An AbortSignal that fires after `ms` or with `outer`, and leaves nothing behind on `outer` once disposed.
 * (AbortSignal.any keeps its sources alive for as long as they live.)
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController()
  readonly #timer: Timer
  readonly #release: () => void

  constructor(clock: Clock, ms: number, outer?: AbortSignal) {
    this.#timer = clock.after(ms, () => this.#controller.abort(new Error(`no answer within ${ms} ms`)))
    const onOuter = (): void => this.#controller.abort(outer?.reason)
    if (outer?.aborted) onOuter()
    else outer?.addEventListener('abort', onOuter)
    this.#release = () => outer?.removeEventListener('abort', onOuter)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Lets go of `outer`; the time goes on. */
  release(): void {
    this.#release()
  }

  [Symbol.dispose](): void {
    this.#timer.cancel()
    this.#release()
  }
}
