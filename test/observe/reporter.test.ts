import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventLog } from '../../src/observe/event-log.ts'
import { EventLoopLag } from '../../src/observe/event-loop-lag.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import { createReporter } from '../../src/observe/reporter.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { createLog } from '../../src/platform/log.ts'

test('an alarm that comes again with every retry is listed once, at its last time, and every event is logged', (t) => {
  const lag = new EventLoopLag(systemClock)
  const metrics = new Metrics({ version: '0.0.0', nodeVersion: process.version, backend: 'native', httpRoutes: [], lag })
  t.after(() => {
    lag.stop()
    metrics.close()
  })
  const lines: string[] = []
  const log = createLog({ level: 'info', format: 'text', output: { write: (line) => lines.push(line) }, now: Date.now })
  const events = new EventLog(systemClock)
  const { report, alarms } = createReporter({ events, metrics, log })
  const mismatch = (peer: string, seen: string): void => report({ type: 'pin.mismatch', level: 'alarm', peer, data: { seen } })
  mismatch('a', 'x')
  mismatch('b', 'x')
  for (let retry = 0; retry < 100; retry += 1) mismatch('a', 'x')
  mismatch('a', 'y')
  assert.deepEqual(
    alarms().map(({ peer, data }) => [peer, data.seen]),
    [
      ['b', 'x'],
      ['a', 'x'],
      ['a', 'y'],
    ],
  )
  assert.equal(events.lastId, 103)
  assert.equal(lines.length, 103)
})
