import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TokenBuckets } from '../../src/admin/token-buckets.ts'
import { isLoopbackHost } from '../../src/config/host-port.ts'
import { ManualClock } from '../observe/manual-clock.ts'
import { ask, openPort, problemOf } from './open-port.ts'

test('over any time a key gets at most its burst and its rate, and gets that', () => {
  const step = fc.record({ wait: fc.integer({ min: 0, max: 5_000 }), takes: fc.integer({ min: 0, max: 30 }) })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 50 }),
      (steps, perSecond, burst) => {
        const clock = new ManualClock()
        const buckets = new TokenBuckets(clock, { perSecond, burst, maxKeys: 10 })
        const start = clock.ms
        let granted = 0
        for (const { wait, takes } of steps) {
          clock.ms += wait
          for (let n = 0; n < takes; n += 1) if (buckets.take('a')) granted += 1
          assert.ok(granted <= burst + ((clock.ms - start) / 1000) * perSecond + 1e-6)
        }
        clock.ms += buckets.waitMs('a')
        assert.equal(buckets.take('a'), true)
      },
    ),
    // 0.08 + 0.092 x 10 is less than 1 in binary fractions
    {
      examples: [
        [
          [
            { wait: 0, takes: 1 },
            { wait: 8, takes: 1 },
          ],
          10,
          1,
        ],
      ],
    },
  )
})

test('keys do not share tokens, and memory is bounded: the least recently used is forgotten', () => {
  const buckets = new TokenBuckets(new ManualClock(), { perSecond: 1, burst: 1, maxKeys: 3 })
  for (const key of ['a', 'b', 'c']) assert.deepEqual([buckets.take(key), buckets.take(key)], [true, false])
  buckets.take('a')
  buckets.take('d')
  assert.equal(buckets.size, 3)
  assert.equal(buckets.take('a'), false)
  assert.equal(buckets.take('b'), true)
  for (let n = 0; n < 1_000; n += 1) buckets.take(`key ${n}`)
  assert.equal(buckets.size, 3)
})

test('loopback is what no other machine reaches', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost', '::ffff:127.0.0.1'])
    assert.equal(isLoopbackHost(host), true, host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'localhost.evil', '127.0.0.1.nip.io'])
    assert.equal(isLoopbackHost(host), false, host)
})

test('the port answers 429 with Retry-After past the burst, before it looks at any token; another address goes on', async (t) => {
  const port = await openPort(t, { settings: { requestsPerSecond: 1, burst: 3 } })
  for (let n = 0; n < 3; n += 1) assert.equal((await ask(port.url, '/health', { localAddress: '127.0.0.4' })).status, 200)
  const refused = await ask(port.url, '/mesh/self', { localAddress: '127.0.0.4', token: 'wrong' })
  assert.deepEqual([refused.status, problemOf(refused).code, refused.headers['retry-after']], [429, 'rate-limited', '1'])
  assert.equal((await ask(port.url, '/nothing', { localAddress: '127.0.0.4' })).status, 429)
  assert.equal(port.reported.length, 0)
  assert.equal((await ask(port.url, '/health', { localAddress: '127.0.0.5' })).status, 200)
})

test('a token that is given back may be taken again, and nobody gets more than the burst by it', () => {
  const clock = new ManualClock()
  const buckets = new TokenBuckets(clock, { perSecond: 1, burst: 2, maxKeys: 10 })
  buckets.give('unknown')
  assert.equal(buckets.size, 0)
  for (let n = 0; n < 5; n += 1) {
    assert.equal(buckets.take('a'), true)
    buckets.give('a')
    buckets.give('a')
  }
  assert.deepEqual([buckets.take('a'), buckets.take('a'), buckets.take('a')], [true, true, false])
})
