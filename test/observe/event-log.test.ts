import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EventLog, EventLogError } from '../../src/observe/event-log.ts'
import { EVENT_MAX_FIELD_LENGTH, EVENT_MAX_FIELDS } from '../../src/observe/limits.ts'
import { ManualClock } from './manual-clock.ts'

const up = (n: number) => ({ type: 'peer.up', level: 'info', peer: 'p', data: { n } }) as const
const numbers = (batch: { events: readonly { data: object }[] } | undefined) =>
  batch?.events.map(({ data }) => ('n' in data ? data.n : undefined))

test('since() gives what is kept after an id and counts what is gone, for every sequence of reports', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 60 }),
      fc.integer({ min: 0, max: 60 }),
      (capacity, reports, after) => {
        const log = new EventLog(new ManualClock(), { capacity })
        for (let n = 1; n <= reports; n += 1) assert.equal(log.report(up(n)).id, n)
        const from = after > reports ? 0 : after
        const wanted = Array.from({ length: reports - from }, (_, at) => from + 1 + at)
        const kept = wanted.slice(-capacity)
        assert.deepEqual(numbers(log.since(after)), kept)
        assert.equal(log.since(after).missed, wanted.length - kept.length)
      },
    ),
  )
})

test('an event is stamped with the wall clock and cannot be changed by who reported it', () => {
  const clock = new ManualClock()
  const log = new EventLog(clock)
  const data: Record<string, number> = { n: 1 }
  clock.ms = 1_700_000_000_000
  log.report({ type: 'peer.up', level: 'info', data })
  data.n = 2
  const [event] = log.since(0).events
  assert.deepEqual(event, { type: 'peer.up', level: 'info', data: { n: 1 }, at: 1_700_000_000_000, id: 1 })
})

test('long fields are cut and surplus ones dropped, so that peers cannot fill the memory', () => {
  const log = new EventLog(new ManualClock())
  const many = Object.fromEntries(Array.from({ length: EVENT_MAX_FIELDS + 5 }, (_, at) => [`k${at}`, 'x'.repeat(10_000)]))
  const { data } = log.report({ type: 'peer.dial-failed', level: 'warn', data: many })
  assert.equal(Object.keys(data).length, EVENT_MAX_FIELDS)
  assert.equal(String(data.k0).length, EVENT_MAX_FIELD_LENGTH)
  assert.ok(String(data.k0).endsWith('…'))
})

test('a subscriber waits for events, gets them in order, and ends when it closes', async () => {
  const log = new EventLog(new ManualClock())
  log.report(up(1))
  const subscription = log.subscribe()
  const first = subscription.next()
  log.report(up(2))
  assert.deepEqual(numbers(await first), [2])
  log.report(up(3))
  log.report(up(4))
  assert.deepEqual(numbers(await subscription.next()), [3, 4])
  const last = subscription.next()
  subscription.close()
  assert.equal(await last, undefined)
  assert.equal(await subscription.next(), undefined)
  assert.equal(log.subscribers, 0)
})

test('a slow subscriber loses the oldest events and is told how many; the log does not wait for it', async () => {
  const log = new EventLog(new ManualClock(), { capacity: 10 })
  const subscription = log.subscribe({ queue: 3 })
  log.report(up(1))
  await subscription.next()
  for (let n = 2; n <= 6; n += 1) log.report(up(n))
  const behind = await subscription.next()
  assert.deepEqual([behind?.missed, numbers(behind)], [2, [4, 5, 6]])
  for (let n = 7; n <= 40; n += 1) log.report(up(n))
  const overrun = await subscription.next()
  assert.deepEqual([overrun?.missed, numbers(overrun)], [31, [38, 39, 40]])
})

test('a resume reads the whole ring whatever the queue, and an id of another process reads all', async () => {
  const log = new EventLog(new ManualClock(), { capacity: 10 })
  for (let n = 1; n <= 8; n += 1) log.report(up(n))
  assert.deepEqual(numbers(await log.subscribe({ after: 2, queue: 1 }).next()), [3, 4, 5, 6, 7, 8])
  assert.deepEqual(numbers(await log.subscribe({ after: 99 }).next()), [1, 2, 3, 4, 5, 6, 7, 8])
  assert.deepEqual(numbers(await log.subscribe({ after: Number.NaN }).next()), [1, 2, 3, 4, 5, 6, 7, 8])
})

test('a reader of another process that waits at an empty log misses nothing later', async () => {
  const log = new EventLog(new ManualClock())
  const subscription = log.subscribe({ after: 2 })
  const seen: unknown[] = []
  for (let n = 1; n <= 4; n += 1) {
    const next = subscription.next()
    log.report(up(n))
    seen.push(...(numbers(await next) ?? []))
  }
  assert.deepEqual(seen, [1, 2, 3, 4])
})

test('subscribers are bounded, and closing the log ends them all but keeps what it holds', async () => {
  const log = new EventLog(new ManualClock(), { maxSubscribers: 2 })
  const first = log.subscribe()
  const second = log.subscribe()
  assert.throws(
    () => log.subscribe(),
    (error) => error instanceof EventLogError && error.code === 'too-many-subscribers',
  )
  second.close()
  log.subscribe()
  const pending = first.next()
  log.close()
  assert.equal(await pending, undefined)
  assert.equal(log.subscribers, 0)
  log.report(up(1))
  assert.deepEqual(numbers(log.since(0)), [1])
  assert.equal(await log.subscribe().next(), undefined)
})
