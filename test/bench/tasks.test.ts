import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { runTask } from '../../scripts/bench/client-tasks.ts'
import { serve } from '../../scripts/bench/listener.ts'
import { startPlain } from '../../scripts/bench/plain-stack.ts'
import type { Task } from '../../scripts/bench/tasks.ts'
import { startX0 } from '../../scripts/bench/x0-stack.ts'

const TASKS: readonly Task[] = [
  { kind: 'dial', count: 2 },
  { kind: 'connections', count: 4, parallel: 2 },
  // twice the largest window: a writer that does not wait for drain, or a listener that miscounts, would show
  { kind: 'throughput', direction: 'up', bytes: 4_194_304, chunk: 65_536 },
  { kind: 'throughput', direction: 'down', bytes: 1_000_001, chunk: 1024 },
  { kind: 'ping-pong', count: 20 },
  { kind: 'stream-each', count: 5 },
]

for (const [name, start] of [
  ['x0', startX0],
  ['plain', startPlain],
] as const) {
  describe(`the tasks of the benchmark over ${name}, on real sockets`, { timeout: 60_000 }, () => {
    it('bring a figure each, and leave no connection behind', async () => {
      const listener = await start(['/ip4/127.0.0.1/tcp/0'])
      const diallers = [await start([]), await start([])]
      try {
        await serve(listener)
        const address = listener.getMultiaddrs()[0]
        assert.ok(address)
        for (const task of TASKS) {
          const figures = await runTask(task, multiaddr(address.toString()), async (index) => {
            const host = diallers[index]
            assert.ok(host)
            return host
          })
          assert.ok(Object.keys(figures).length > 0)
          for (const [figure, value] of Object.entries(figures)) assert.ok(value > 0 && Number.isFinite(value), figure)
          // plain Noise has no verdict: the row must not come out of thin air
          if (task.kind === 'dial') assert.equal('dial.verdict.median' in figures, name === 'x0')
          assert.deepEqual(
            diallers.map((host) => host.getConnections().length),
            [0, 0],
          )
        }
      } finally {
        await Promise.all([listener, ...diallers].map((host) => host.stop()))
      }
    })
  })
}
