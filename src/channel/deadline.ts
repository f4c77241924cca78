import type { Clock } from '../platform/clock.ts'

/**
 * An AbortSignal that fires after `ms` or with `outer`, and leaves nothing behind on `outer` once disposed.
 * (AbortSignal.any keeps its sources alive for as long as they live.)
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController()
  readonly #cancel: () => void

  constructor(clock: Clock, ms: number, outer?: AbortSignal) {
    const timer = clock.after(ms, () => this.#controller.abort(new Error(`no answer within ${ms} ms`)))
    const onOuter = (): void => this.#controller.abort(outer?.reason)
    if (outer?.aborted) onOuter()
    outer?.addEventListener('abort', onOuter)
    this.#cancel = () => {
      timer.cancel()
      outer?.removeEventListener('abort', onOuter)
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  [Symbol.dispose](): void {
    this.#cancel()
  }
}
