import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Budgets } from '../../src/trust/policy/budgets.ts'
import { MAX_BUCKETS } from '../../src/trust/policy/limits.ts'
import type { Rule } from '../../src/trust/policy/rule.ts'

const rated = (name: string, limit: number, periodMs: number): Rule => ({
  name,
  priority: 0,
  effect: 'allow',
  audit: false,
  from: [],
  to: [],
  actions: [],
  when: undefined,
  rate: { limit, periodMs },
})
const HOUR = 3_600_000

test('no source ever gets more than its limit at once and its share of the time that has passed', () => {
  const asks = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 30_000 })), { maxLength: 200 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), asks, (limit, list) => {
      const budgets = new Budgets()
      const rate = { limit, periodMs: 60_000 }
      const taken = new Map<string, number[]>()
      let now = 0
      for (const [source, wait] of list) {
        now += wait
        if (budgets.take('r', rate, source, now)) taken.set(source, [...(taken.get(source) ?? []), now])
      }
      for (const times of taken.values()) {
        times.forEach((from, first) => {
          times.slice(first).forEach((to, count) => {
            assert.ok(count + 1 <= limit + ((to - from) * limit) / 60_000 + 1e-6, `${count + 1} in ${to - from} ms`)
          })
        })
      }
    }),
  )
})

test('a clock that goes back gives nothing', () => {
  const budgets = new Budgets()
  const rate = { limit: 1, periodMs: 1_000 }
  assert.equal(budgets.take('r', rate, 'a', 5_000), true)
  for (const now of [4_000, 0, 5_000, 5_999]) assert.equal(budgets.take('r', rate, 'a', now), false, String(now))
  assert.equal(budgets.take('r', rate, 'a', 6_000), true)
})

test('a table full of used buckets admits nobody new, forgets nobody, and makes room when one is whole again', () => {
  const rules = [rated('one', 2, HOUR), rated('two', 2, HOUR)]
  const budgets = new Budgets()
  budgets.keepFor(rules)
  const rate = { limit: 2, periodMs: HOUR }
  const share = MAX_BUCKETS / 2
  for (let index = 0; index < share; index += 1) assert.ok(budgets.take('one', rate, `s${index}`, 0))
  for (let index = 0; index < 1_000; index += 1) assert.equal(budgets.take('one', rate, `new${index}`, 1), false)
  assert.equal(budgets.take('one', rate, 's0', 1), true, 'who is known has what is left')
  assert.equal(budgets.take('one', rate, 's0', 1), false, 'and no more')
  assert.equal(budgets.take('two', rate, 'new', 1), true, 'the other rule has its own places')
  assert.equal(budgets.size, share + 1)
  assert.equal(budgets.take('one', rate, 'new', HOUR + 1), true)
  assert.equal(budgets.size, share + 1)
})

test('a changed document keeps the buckets of rules that are the same, within the new shares', () => {
  const budgets = new Budgets()
  budgets.keepFor([rated('one', 1, HOUR), rated('two', 1, HOUR)])
  for (const rule of ['one', 'two']) assert.ok(budgets.take(rule, { limit: 1, periodMs: HOUR }, 'a', 0))
  budgets.keepFor([rated('one', 1, HOUR), rated('two', 1, HOUR / 2)])
  assert.equal(budgets.take('one', { limit: 1, periodMs: HOUR }, 'a', 1), false)
  assert.equal(budgets.take('two', { limit: 1, periodMs: HOUR / 2 }, 'a', 1), true)

  budgets.keepFor([rated('one', 1, HOUR)])
  for (let index = 0; index < 10_000; index += 1) budgets.take('one', { limit: 1, periodMs: HOUR }, `s${index}`, 2)
  const many = Array.from({ length: 16 }, (_, index) => rated(`r${index}`, 1, HOUR))
  budgets.keepFor([rated('one', 1, HOUR), ...many.slice(1)])
  assert.equal(budgets.size, MAX_BUCKETS / 16)
})
