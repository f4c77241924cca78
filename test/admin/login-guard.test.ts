import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  ACCOUNT_FAILURES,
  GOOD_ADDRESSES,
  LOGIN_FAILURES_PER_MINUTE,
  MAX_TRACKED_CLIENTS,
  REGISTRATIONS_PER_MINUTE,
} from '../../src/admin/limits.ts'
import { LoginGuard } from '../../src/admin/login-guard.ts'
import { ManualClock } from '../observe/manual-clock.ts'

test('whatever guessers do, an address and an account are tried no oftener than the limits allow', () => {
  const step = fc.record({
    client: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    email: fc.constantFrom('x', 'y'),
    ms: fc.integer({ min: 0, max: 20_000 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const clock = new ManualClock()
      const started = clock.ms
      const guard = new LoginGuard(clock)
      const looked = new Map<string, number>()
      const count = (key: string) => looked.set(key, (looked.get(key) ?? 0) + 1)
      for (const { client, email, ms } of steps) {
        clock.ms += ms
        if (guard.take(client, email) > 0) continue
        count(`client ${client}`)
        count(`email ${email}`)
        const minutes = (clock.ms - started) / 60_000
        assert.ok((looked.get(`client ${client}`) ?? 0) <= LOGIN_FAILURES_PER_MINUTE * (1 + minutes) + 1e-6)
        assert.ok((looked.get(`email ${email}`) ?? 0) <= ACCOUNT_FAILURES.burst + ACCOUNT_FAILURES.perMinute * minutes + 1e-6)
      }
    }),
  )
})

test('the time to wait is the time that it takes, and what was no guess is given back', () => {
  const clock = new ManualClock()
  const guard = new LoginGuard(clock)
  for (let n = 0; n < 1_000; n += 1) {
    assert.equal(guard.take('a', 'x'), 0)
    guard.giveBack('a', 'x')
  }
  for (let n = 0; n < LOGIN_FAILURES_PER_MINUTE; n += 1) assert.equal(guard.take('a', 'x'), 0)
  const wait = guard.take('a', 'x')
  assert.equal(wait, 12_000)
  clock.ms += wait - 1
  assert.equal(guard.take('a', 'x'), 1)
  clock.ms += 1
  assert.equal(guard.take('a', 'x'), 0)
})

test('a good address is free of what strangers do to the account, not of its own failures; the latest few are good', () => {
  const clock = new ManualClock()
  const guard = new LoginGuard(clock)
  const enter = (client: string) => {
    assert.equal(guard.take(client, 'x'), 0)
    guard.giveBack(client, 'x')
    guard.remember(client, 'x')
  }
  for (let n = 0; n <= GOOD_ADDRESSES; n += 1) enter(`home ${n}`)
  for (let n = 0; n < ACCOUNT_FAILURES.burst; n += 1) assert.equal(guard.take(`stranger ${n}`, 'x'), 0)
  assert.ok(guard.take('home 0', 'x') > 0, 'the least recent is forgotten')
  for (let n = 0; n < LOGIN_FAILURES_PER_MINUTE; n += 1) assert.equal(guard.take('home 1', 'x'), 0)
  assert.equal(guard.take('home 1', 'x'), 12_000)
  assert.equal(guard.take('home 2', 'x'), 0)
  assert.ok(guard.take('home 2', 'y') === 0, 'another account has its own count')
  assert.equal(guard.take('stranger 0', 'x'), 30_000)
})

test('strangers register no more from one address than the limit allows', () => {
  const clock = new ManualClock()
  const guard = new LoginGuard(clock)
  for (let n = 0; n < REGISTRATIONS_PER_MINUTE; n += 1) assert.equal(guard.takeRegistration('a'), 0)
  assert.equal(guard.takeRegistration('a'), 12_000)
  assert.equal(guard.takeRegistration('b'), 0)
  clock.ms += 12_000
  assert.equal(guard.takeRegistration('a'), 0)
})

test('a flood of names makes it forget the least recent, not grow', () => {
  const guard = new LoginGuard(new ManualClock())
  guard.remember('home', 'first')
  for (let n = 0; n < MAX_TRACKED_CLIENTS; n += 1) guard.remember('home', `name ${n}`)
  const tries = (email: string) => {
    for (let n = 0; n < ACCOUNT_FAILURES.burst; n += 1) guard.take(`${email} stranger ${n}`, email)
    return guard.take('home', email)
  }
  assert.equal(tries('first'), 30_000, 'the least recent is a stranger now')
  assert.equal(tries(`name ${MAX_TRACKED_CLIENTS - 1}`), 0)
})
