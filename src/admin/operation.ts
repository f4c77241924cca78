import type { FastifyReply } from 'fastify'
import type { AdminContext } from './admin-context.ts'
import { NodeFault } from './node-view.ts'
import { ApiProblem } from './problem.ts'

/** Bounds what clients may have the node do at a time; handshakes and pings share one. */
export class OperationGate {
  readonly #most: number
  #running = 0

  constructor(most: number) {
    this.#most = most
  }

  /**
   * Runs `work`, whose signal aborts when the caller hangs up, the time is over or the port closes.
   * @throws ApiProblem busy; NodeFault timeout; whatever `work` throws
   */
  async run<T>(reply: FastifyReply, context: AdminContext, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#running >= this.#most) {
      throw new ApiProblem('busy', `${this.#most} handshakes and pings are under way`, { 'retry-after': '1' })
    }
    const controller = new AbortController()
    const abort = () => controller.abort()
    let late = false
    const timer = context.clock.after(context.times.operationMs, () => {
      late = true
      abort()
    })
    reply.raw.once('close', abort)
    context.closing.addEventListener('abort', abort)
    this.#running += 1
    try {
      return await work(controller.signal)
    } catch (cause) {
      if (late) throw new NodeFault('timeout', `given up after ${context.times.operationMs / 1000} s`, { cause })
      if (context.closing.aborted) throw new NodeFault('not-ready', 'the node is stopping', { cause })
      throw cause
    } finally {
      this.#running -= 1
      timer.cancel()
      reply.raw.off('close', abort)
      context.closing.removeEventListener('abort', abort)
    }
  }
}
