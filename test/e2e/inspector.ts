import assert from 'node:assert/strict'
import { once } from 'node:events'
import { until } from '../host/testing.ts'
import type { Daemon } from './daemon.ts'

/** For DaemonOptions.env: the node says on stderr where its inspector listens, on a free port of loopback. */
export const INSPECTED: Readonly<Record<string, string>> = { NODE_OPTIONS: '--inspect=127.0.0.1:0' }

/** Node's inspector of a daemon: the only way to collect the garbage of another process. */
export class Inspector {
  readonly #socket: WebSocket
  readonly #answers = new Map<number, (result: unknown) => void>()
  #asked = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const { id, result }: { id?: number; result?: unknown } = JSON.parse(String(data))
      if (id !== undefined) this.#answers.get(id)?.(result)
    })
  }

  /** Bytes that the node holds on to, heap and buffers: what is left after a full garbage collection. */
  async heldBytes(): Promise<number> {
    await this.#ask('HeapProfiler.collectGarbage')
    const expression = 'process.memoryUsage().heapUsed + process.memoryUsage().external'
    const { result } = (await this.#ask('Runtime.evaluate', { expression, returnByValue: true })) as {
      result: { value: unknown }
    }
    assert.ok(typeof result.value === 'number')
    return result.value
  }

  close(): void {
    this.#socket.close()
  }

  async #ask(method: string, params: object = {}): Promise<unknown> {
    this.#asked += 1
    const id = this.#asked
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.#answers.set(id, resolve)
    this.#socket.send(JSON.stringify({ id, method, params }))
    return await promise.finally(() => this.#answers.delete(id))
  }
}

/** @param node was started with INSPECTED */
export async function inspect(node: Daemon): Promise<Inspector> {
  // `bin/x0` starts itself again in the same process; the last one is the node
  const address = (): string | undefined => [...node.stderr().matchAll(/ws:\/\/127\.0\.0\.1:\d+\/\S+/g)].at(-1)?.[0]
  await until('the inspector listens', () => address() !== undefined)
  const socket = new WebSocket(address() ?? '')
  await once(socket, 'open')
  return new Inspector(socket)
}
