import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { PolicyDocument } from '../../src/admin/policy-documents.ts'
import { policyText } from '../../src/cli/policy.ts'
import { fakeNode, temporaryHome, x0 } from './fake-node.ts'

const POLICY = `version: 1
rules:
  - { name: ops-ssh, effect: allow, from: [group:ops], to: ["spiffe://fleet/node/db-*"], actions: [connect:ssh] }
  - { name: no-guests, priority: 9, effect: deny, from: [group:guests], actions: ["*"] }
tests:
  - { from: spiffe://fleet/node/a, groups: [ops], to: spiffe://fleet/node/db-1, action: connect:ssh, expect: allow, rule: ops-ssh }
  - { from: spiffe://fleet/node/a, groups: [ops, guests], to: spiffe://fleet/node/db-1, action: connect:ssh, expect: deny }
`
const FAILING = `${POLICY}  - { from: spiffe://fleet/node/a, action: relay, expect: allow }\n`

async function document(t: TestContext, text: string): Promise<{ file: string; home: string }> {
  const home = await temporaryHome(t)
  const file = join(home, 'policy.yaml')
  await writeFile(file, text)
  return { file, home }
}

describe('x0 policy test', () => {
  it('prints a table of the tests and ends well where all pass', async (t) => {
    const { home } = await document(t, POLICY)
    const { code, out, err } = await x0(['policy', 'test', '--home', home])
    assert.equal(code, 0, err)
    assert.deepEqual(
      out.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | ')),
      [
        'LINE | FROM | ACTION | TO | EXPECTED | DECIDED | RESULT',
        '6 | spiffe://fleet/node/a (ops) | connect:ssh | spiffe://fleet/node/db-1 | allow by ops-ssh | allow by ops-ssh | ok',
        '7 | spiffe://fleet/node/a (ops guests) | connect:ssh | spiffe://fleet/node/db-1 | deny | deny by no-guests | ok',
        '',
      ],
    )
  })

  it('ends with 8 where a test fails, and says which', async (t) => {
    const { file } = await document(t, FAILING)
    const text = await x0(['policy', 'test', file])
    assert.equal(text.code, 8)
    assert.match(text.out, /^8 .* allow +deny by default +FAILED$/m)
    assert.match(text.err, /1 of 3 tests of .* failed/)
    const json = JSON.parse((await x0(['policy', 'test', file, '--json'])).out)
    assert.deepEqual([json.schema, json.ok, json.tests.length], ['x0.policy-test/v1', false, 3])
    assert.deepEqual(json.tests[2], {
      line: 8,
      from: 'spiffe://fleet/node/a',
      to: 'any',
      action: 'relay',
      at: '1970-01-01T00:00:00.000Z',
      expect: 'allow',
      rule: null,
      passed: false,
      decided: { effect: 'deny', rule: 'default', reason: 'no-rule' },
    })
  })

  it('ends with 7 where the document is wrong or not there, with every problem and its line', async (t) => {
    const { file, home } = await document(t, POLICY.replace('group:ops', 'ops').replace('connect:ssh', 'conect:ssh'))
    const { code, err } = await x0(['policy', 'test', file])
    assert.equal(code, 7)
    assert.match(err, /policy\.yaml line 3: rules\[0\]\.from\[0\]: found "ops", expected any, group:NAME/)
    assert.match(err, /policy\.yaml line 3: rules\[0\]\.actions\[0\]: "conect:ssh" is no action/)
    assert.deepEqual(JSON.parse((await x0(['policy', 'test', file, '--json'])).out).ok, false)
    assert.equal((await x0(['policy', 'test', join(home, 'none')])).code, 7)
  })

  it('says that a document has no tests', async (t) => {
    const { file } = await document(t, POLICY.split('tests:')[0] ?? '')
    const { code, out, err } = await x0(['policy', 'test', file])
    assert.deepEqual([code, out], [0, ''])
    assert.match(err, /can be used: 2 rules\. It has no tests/)
  })
})

describe('x0 policy explain', () => {
  const asked = ['policy', 'explain', 'spiffe://fleet/node/a', 'connect:ssh', 'spiffe://fleet/node/db-1']

  it('answers by a file, without any node', async (t) => {
    const { file } = await document(t, POLICY)
    const { code, out, err } = await x0([
      ...asked,
      '--group',
      'ops',
      '--group',
      'guests',
      '--file',
      file,
      '--at',
      '2026-11-25T10:00:00Z',
    ])
    assert.equal(code, 0, err)
    assert.deepEqual(
      out.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | ')),
      [
        'decision | deny',
        'rule | no-guests (the rule says so)',
        'at | 2026-11-25T10:00:00.000Z',
        'audit trail | yes',
        '',
        'PRIORITY | RULE | EFFECT | WHY',
        '9 | no-guests | deny | decides: deny',
        '0 | ops-ssh | allow | no-guests has priority 9',
        '',
      ],
    )
  })

  it('asks the running node with the same words', async (t) => {
    const answer = {
      schema: 'x0.policy-explanation/v1',
      effect: 'deny',
      rule: 'default',
      reason: 'no-rule',
      audit: true,
      at: '2026-11-25T10:00:00.000Z',
      rules: [],
    }
    const { home, seen } = await fakeNode(t, () => ({ body: answer }))
    const { code, out } = await x0([...asked, '--group', 'ops', '--to-group', 'servers', '--home', home])
    assert.equal(code, 0)
    assert.match(out, /^rule +default \(no rule fits that holds now\)$/m)
    assert.deepEqual([seen[0]?.method, seen[0]?.url], ['POST', '/policy/explain'])
    assert.deepEqual(JSON.parse(seen[0]?.body ?? ''), {
      source: 'spiffe://fleet/node/a',
      action: 'connect:ssh',
      destination: 'spiffe://fleet/node/db-1',
      groups: ['ops'],
      destinationGroups: ['servers'],
    })
  })

  it('ends with 2 for what is no party, action or time, and with 7 for a bad document', async (t) => {
    const { file } = await document(t, POLICY)
    const code = async (...args: string[]): Promise<number> => (await x0(['policy', 'explain', ...args, '--file', file])).code
    assert.equal(await code('10.0.0.1', 'relay', 'spiffe://fleet/node/a'), 2)
    assert.equal(await code('spiffe://fleet/node/*', 'relay', 'spiffe://fleet/node/a'), 2)
    assert.equal(await code('spiffe://fleet/node/b', 'fly', 'spiffe://fleet/node/a'), 2)
    assert.equal(await code('spiffe://fleet/node/b', 'relay', 'spiffe://fleet/node/a', '--at', 'noon'), 2)
    await writeFile(file, 'version: 2')
    assert.equal(await code('spiffe://fleet/node/b', 'relay', 'spiffe://fleet/node/a'), 7)
  })
})

describe('x0 policy show', () => {
  const rule = {
    name: 'one',
    priority: 5,
    effect: 'allow' as const,
    audit: true,
    from: ['any'],
    to: ['any'],
    actions: ['relay'],
    when: 'every day 08:00-18:00 UTC',
    rate: { limit: 2, periodMs: 60_000 },
  }
  const shown: PolicyDocument = {
    schema: 'x0.policy/v1',
    file: '/home/policy.yaml',
    hash: 'ab',
    since: '2026-01-01T00:00:00.000Z',
    rules: [rule, { ...rule, name: 'two', audit: false, when: null, rate: null }],
  }

  it('shows the rules in the order in which they decide, with their conditions', () => {
    const lines = policyText({ color: false }, shown, Date.parse('2026-01-01T00:01:00.000Z')).split('\n')
    assert.deepEqual(
      lines.map((line) => line.replaceAll(/ {2,}/g, ' | ')),
      [
        'file | /home/policy.yaml',
        'hash | ab',
        'in force for | 1m00s',
        'rules | 2',
        '',
        'PRIORITY | RULE | EFFECT | FROM | TO | ACTIONS | CONDITIONS',
        '5 | one | allow | any | any | relay | every day 08:00-18:00 UTC, 2 in 60s, audit',
        '5 | two | allow | any | any | relay | -',
        '',
      ],
    )
  })

  it('says of a node without a document that everything is denied', async (t) => {
    const { home } = await fakeNode(t, () => ({ body: { ...shown, hash: null, rules: [] } }))
    assert.match((await x0(['policy', 'show', '--home', home])).out, /^hash +there is no file: everything is denied$/m)
    assert.equal(JSON.parse((await x0(['policy', 'show', '--home', home, '--json'])).out).hash, null)
  })
})
