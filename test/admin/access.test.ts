import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_TOKEN, ask, openPort, type Port, problemOf, READ_TOKEN } from './open-port.ts'

const REQUEST = {
  source: 'spiffe://fleet/node/a',
  groups: ['ops'],
  action: 'connect:ssh',
  destination: 'spiffe://fleet/node/db-1',
  at: '2026-11-25T10:00:00Z',
}

const explain = (port: Port, change: object = {}) =>
  ask(port.url, '/policy/explain', { method: 'POST', token: READ_TOKEN, body: JSON.stringify({ ...REQUEST, ...change }) })

test('the policy in force is shown in the order in which its rules decide', async (t) => {
  const port = await openPort(t)
  const { rules, hash, since } = JSON.parse((await ask(port.url, '/policy', { token: READ_TOKEN })).text)
  assert.deepEqual([hash, since], ['7'.repeat(64), '1970-01-01T00:00:00.000Z'])
  assert.deepEqual(rules, [
    {
      name: 'nobody-relays',
      priority: 5,
      effect: 'deny',
      audit: false,
      from: ['any'],
      to: ['any'],
      actions: ['relay'],
      when: null,
      rate: null,
    },
    {
      name: 'ops-ssh',
      priority: 0,
      effect: 'allow',
      audit: false,
      from: ['group:ops'],
      to: ['spiffe://fleet/node/db-*'],
      actions: ['connect:ssh'],
      when: 'mon,tue,wed,thu,fri 08:00-18:00 UTC',
      rate: { limit: 60, periodMs: 60_000 },
    },
  ])
})

test('an explanation names the rule that decides, at the time that is asked for', async (t) => {
  const port = await openPort(t)
  const { effect, rule, reason, at, rules } = JSON.parse((await explain(port)).text)
  assert.deepEqual([effect, rule, reason, at], ['allow', 'ops-ssh', 'rule', '2026-11-25T10:00:00.000Z'])
  assert.deepEqual(rules, [{ name: 'ops-ssh', effect: 'allow', priority: 0, outcome: 'decides', why: 'decides: allow' }])
  const sunday = JSON.parse((await explain(port, { at: '2026-11-29T10:00:00Z' })).text)
  assert.deepEqual([sunday.effect, sunday.rule, sunday.rules[0].outcome], ['deny', 'default', 'closed'])
})

test('what is no party, action or time is refused with a sentence about it', async (t) => {
  const port = await openPort(t)
  const told = async (change: object): Promise<string> => {
    const { status, code, detail } = problemOf(await explain(port, change))
    return `${status} ${code} ${detail}`
  }
  assert.match(await told({ source: '10.0.0.1' }), /^400 request-invalid source: expected spiffe:/)
  assert.match(await told({ destination: 'spiffe://fleet/**' }), /^400 request-invalid destination: expected one node/)
  assert.match(await told({ action: 'fly' }), /^400 request-invalid action: "fly" is no action/)
  assert.match(await told({ at: 'noon' }), /^400 request-invalid at: expected a time/)
  assert.match(await told({ address: '10.0.0.1' }), /^400 request-invalid .*address/)
})

test('the audit trail is for admins, in pages of a bounded size', async (t) => {
  const port = await openPort(t)
  const asked: [from: number, limit: number][] = []
  const { head } = port.node.audit
  assert.ok(head !== undefined)
  port.node.audit = {
    ...port.node.audit,
    head: { ...head, first: 11, count: 500 },
    page: async (from, limit) => {
      asked.push([from, limit])
      return []
    },
  }
  assert.equal((await ask(port.url, '/audit', { token: READ_TOKEN })).status, 403)
  assert.equal((await ask(port.url, '/audit/verify', { token: READ_TOKEN })).status, 403)
  const paths = [
    '/audit',
    '/audit?limit=10',
    '/audit?since=0',
    '/audit?since=20&limit=99999',
    '/audit?limit=600',
    '/audit?limit=0',
  ]
  for (const path of paths) assert.equal((await ask(port.url, path, { token: ADMIN_TOKEN })).status, 200, path)
  assert.deepEqual(asked, [
    [451, 50],
    [491, 10],
    [1, 50],
    [21, 1_000],
    [11, 600],
  ])
  for (const path of ['/audit?since=-1', '/audit?limit=ten', '/audit?page=1', '/audit?since=1e3']) {
    assert.equal((await ask(port.url, path, { token: ADMIN_TOKEN })).status, 400, path)
  }
  port.node.audit = { ...port.node.audit, head: undefined }
  assert.equal(problemOf(await ask(port.url, '/audit', { token: ADMIN_TOKEN })).code, 'not-ready')
})
