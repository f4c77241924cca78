import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FloodGate } from '../../src/channel/flood-gate.ts'
import { GOOD_ADDRESS_MS, MAX_TRACKED_ADDRESSES } from '../../src/channel/limits.ts'
import { seeded } from '../crypto/backends.ts'

test('whatever comes: never above the limits, and every place is given back', (t) => {
  const limits = fc.record({
    perAddressPerSecond: fc.integer({ min: 1, max: 20 }),
    perAddressBurst: fc.integer({ min: 1, max: 20 }),
    concurrent: fc.integer({ min: 1, max: 40 }),
  })
  const step = fc.record({
    address: fc.integer({ min: 0, max: 6 }),
    wait: fc.nat({ max: 400 }),
    end: fc.boolean(),
    good: fc.boolean(),
  })
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 120 }), (limit, steps) => {
      const gate = new FloodGate(limit)
      const underWay: string[] = []
      const started = new Map<string, number[]>()
      let now = 0
      for (const { address, wait, end, good } of steps) {
        now += wait
        if (end) {
          const done = underWay.shift()
          if (done !== undefined) gate.end(done, good, now)
        }
        const key = `10.0.0.${address}`
        if (gate.begin(key, now) !== undefined) continue
        underWay.push(key)
        started.set(key, [...(started.get(key) ?? []), now])
        assert.equal(gate.underWay, underWay.length)
        assert(underWay.length <= limit.concurrent)
        const own = underWay.filter((one) => one === key).length
        assert(own <= Math.max(2, Math.ceil(limit.concurrent / 4)), `${own} of ${limit.concurrent} places`)
      }
      // token bucket: in any span no more than the burst and what flows in meanwhile
      for (const times of started.values()) {
        for (const [first, from] of times.entries()) {
          for (const [more, to] of times.slice(first).entries()) {
            const allowed = limit.perAddressBurst + ((to - from) / 1_000) * limit.perAddressPerSecond
            assert(more + 1 <= allowed + 1e-6, `${more + 1} handshakes in ${to - from} ms`)
          }
        }
      }
      for (const key of underWay) gate.end(key, false, now)
      assert.equal(gate.underWay, 0)
    }),
    seeded(t, 300),
  )
})

const LIMITS = { perAddressPerSecond: 10, perAddressBurst: 4, concurrent: 16 }

test('each reason to shed, in the order that they are asked', () => {
  const gate = new FloodGate(LIMITS)
  for (let taken = 0; taken < 4; taken += 1) assert.equal(gate.begin('a', 0), undefined)
  assert.equal(gate.begin('a', 0), 'address-rate')
  assert.equal(gate.begin('a', 100), 'address-concurrency')
  for (const key of ['b', 'c']) for (let taken = 0; taken < 4; taken += 1) assert.equal(gate.begin(key, 0), undefined)
  assert.equal(gate.begin('d', 0), 'concurrency')
  assert.equal(gate.underWay, 12)
})

test('the last quarter of the places is for addresses that were good within the hour', () => {
  const gate = new FloodGate(LIMITS)
  assert.equal(gate.begin('friend', 0), undefined)
  gate.end('friend', true, 0)
  for (const key of ['b', 'c', 'd']) for (let taken = 0; taken < 4; taken += 1) gate.begin(key, 0)
  assert.equal(gate.underWay, 12)
  assert.equal(gate.begin('stranger', 1), 'concurrency')
  assert.equal(gate.begin('friend', GOOD_ADDRESS_MS - 1), undefined)
  assert.equal(gate.begin('friend', GOOD_ADDRESS_MS + 1), 'concurrency')
})

test('a failed handshake makes nobody good', () => {
  const gate = new FloodGate(LIMITS)
  gate.begin('x', 0)
  gate.end('x', false, 0)
  for (const key of ['b', 'c', 'd']) for (let taken = 0; taken < 4; taken += 1) gate.begin(key, 0)
  assert.equal(gate.begin('x', 1), 'concurrency')
})

test('a hundred thousand strangers push no friend out, and forget no place that is taken', () => {
  const gate = new FloodGate({ ...LIMITS, concurrent: 8 })
  gate.begin('friend', 0)
  gate.end('friend', true, 0)
  gate.begin('at work', 0)
  for (let stranger = 0; stranger < 100_000; stranger += 1) {
    const key = `s${stranger}`
    if (gate.begin(key, 1) === undefined) gate.end(key, false, 1)
  }
  for (const key of ['b', 'c', 'd']) for (let taken = 0; taken < 2; taken += 1) gate.begin(key, 2)
  assert.equal(gate.underWay, 6)
  assert.equal(gate.begin('stranger', 2), 'concurrency')
  assert.equal(gate.begin('friend', 2), undefined)
  gate.end('at work', false, 3)
  assert.equal(gate.underWay, 6)
})

test('where all are good, the one heard of longest ago makes room', () => {
  const gate = new FloodGate({ ...LIMITS, concurrent: 8 })
  for (let friend = 0; friend <= MAX_TRACKED_ADDRESSES; friend += 1) {
    assert.equal(gate.begin(`f${friend}`, 0), undefined)
    gate.end(`f${friend}`, true, 0)
  }
  // a stranger takes the oldest friend's line in the table, and is held to its own limits
  for (let taken = 0; taken < 2; taken += 1) assert.equal(gate.begin('b', 0), undefined)
  assert.equal(gate.begin('b', 0), 'address-concurrency')
  for (const key of ['c', 'd']) for (let taken = 0; taken < 2; taken += 1) assert.equal(gate.begin(key, 0), undefined)
  // the first made room for the last friend, three more for b, c and d
  for (const gone of ['f0', 'f1', 'f2', 'f3']) assert.equal(gate.begin(gone, 0), 'concurrency', gone)
  assert.equal(gate.begin(`f${MAX_TRACKED_ADDRESSES}`, 0), undefined)
})

test('the table is bounded: an address out of tokens is forgotten after enough others', () => {
  const gate = new FloodGate({ perAddressPerSecond: 1, perAddressBurst: 1, concurrent: 8 })
  const visit = (key: string) => {
    const shed = gate.begin(key, 0)
    if (shed === undefined) gate.end(key, false, 0)
    return shed
  }
  visit('first')
  assert.equal(visit('first'), 'address-rate')
  for (let other = 0; other < MAX_TRACKED_ADDRESSES; other += 1) visit(`o${other}`)
  assert.equal(visit('first'), undefined)
})

test('time that stands still or goes back gives no tokens', () => {
  const gate = new FloodGate({ perAddressPerSecond: 1_000, perAddressBurst: 1, concurrent: 8 })
  assert.equal(gate.begin('a', 1_000), undefined)
  gate.end('a', false, 1_000)
  assert.equal(gate.begin('a', 1_000), 'address-rate')
  assert.equal(gate.begin('a', 0), 'address-rate')
})
