import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assessHealth, type NamedCheck } from '../../src/observe/health.ts'

const check = (name: string, critical: boolean, ok: boolean): NamedCheck => ({
  name,
  critical,
  run: () => ({ ok, detail: `${name} said so` }),
})

test('ready and ok where all passes; a failed check that is not critical only degrades', () => {
  assert.deepEqual(assessHealth('running', [check('store', true, true)]), {
    status: 'ok',
    ready: true,
    checks: [{ name: 'store', ok: true, detail: 'store said so' }],
  })
  const degraded = assessHealth('running', [check('store', true, true), check('clock', false, false)])
  assert.deepEqual([degraded.status, degraded.ready], ['degraded', true])
  const broken = assessHealth('running', [check('store', true, false), check('clock', false, true)])
  assert.deepEqual([broken.status, broken.ready], ['degraded', false])
})

test('never ready while it starts or drains, whatever the checks say', () => {
  for (const phase of ['starting', 'draining'] as const) {
    const state = assessHealth(phase, [check('store', true, true)])
    assert.deepEqual([state.status, state.ready], [phase, false])
  }
})

test('a check that throws has failed, with its reason', () => {
  const run = () => {
    throw new Error('the store is closed')
  }
  const state = assessHealth('running', [{ name: 'store', critical: true, run }])
  assert.deepEqual(state, {
    status: 'degraded',
    ready: false,
    checks: [{ name: 'store', ok: false, detail: 'the store is closed' }],
  })
})
