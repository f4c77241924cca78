import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { PolicyGate } from '../../src/trust/policy/gate.ts'
import { MAX_POLICY_BYTES, POLICY_POLL_MS } from '../../src/trust/policy/limits.ts'
import { LivePolicy, type PolicyChange } from '../../src/trust/policy/live-policy.ts'
import { NOBODY } from '../../src/trust/policy/party.ts'
import { HandClock } from '../channel/hand-clock.ts'
import { until } from '../host/testing.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'

const rule = (name: string, more = ''): string => `  - { name: ${name}, effect: allow, from: [any], actions: [relay]${more} }\n`
const documentOf = (...rules: string[]): string => `version: 1\nrules:\n${rules.join('')}`

async function watched(t: TestContext, text?: string, isNamed = false) {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'policy.yaml')
  if (text !== undefined) await writeFile(file, text)
  const clock = new HandClock()
  const changes: PolicyChange[] = []
  const policy = await LivePolicy.open({ file, isNamed, clock, onChange: (change) => changes.push(change) })
  t.after(() => policy.close())
  const told = (): string[] =>
    changes.map((change) =>
      change.result === 'refused'
        ? change.error.message.replaceAll(file, 'FILE')
        : `${change.result} ${change.policy.document.rules.map(({ name }) => name).join(' ')}`,
    )
  /** Lets the node look at the file, and waits until it has told `count` changes. */
  const look = async (count: number): Promise<void> => {
    clock.advance(POLICY_POLL_MS)
    await until(`${count} changes`, () => changes.length >= count && clock.pending === 1)
  }
  /** Lets the node look, for what it must not tell: the next look is planned when this one is over. */
  const lookInVain = async (): Promise<void> => {
    assert.equal(clock.pending, 1)
    clock.advance(POLICY_POLL_MS)
    await until('the look is over', () => clock.pending === 1)
  }
  return { folder, file, clock, policy, told, look, lookInVain }
}

test('a node without a file denies everything, until there is one, and again when it is gone', async (t) => {
  const { file, policy, told, look } = await watched(t)
  assert.deepEqual([policy.current.hash, policy.current.document.rules.length, told()], [undefined, 0, []])
  const text = documentOf(rule('one'))
  await writeFile(file, text)
  await look(1)
  assert.equal(policy.current.hash, createHash('sha256').update(text).digest('hex'))
  await rm(file)
  await look(2)
  assert.equal(policy.current.hash, undefined)
  assert.deepEqual(told(), ['loaded one', 'removed '])
})

test('a file that the operator named and that is not there is told', async (t) => {
  const { file, told, look } = await watched(t, undefined, true)
  assert.deepEqual(told(), ['FILE: there is no such file, so everything is denied'])
  await writeFile(file, documentOf(rule('one')))
  await look(2)
  await rm(file)
  await look(3)
  assert.deepEqual(told().slice(1), ['loaded one', 'removed '])
})

test('a changed document is in force at the next look, however it was replaced', async (t) => {
  const { folder, file, told, look, policy } = await watched(t, documentOf(rule('one')))
  await writeFile(file, documentOf(rule('two')))
  await look(2)
  await writeFile(join(folder, 'new'), documentOf(rule('six')))
  await rename(join(folder, 'new'), file)
  await look(3)
  // as Kubernetes does: a link to a folder that is swapped
  await mkdir(join(folder, 'v1'))
  await writeFile(join(folder, 'v1', 'p'), documentOf(rule('ten')))
  await rm(file)
  await symlink(join(folder, 'v1', 'p'), file)
  await look(4)
  assert.deepEqual(told(), ['loaded one', 'loaded two', 'loaded six', 'loaded ten'])
  assert.deepEqual(
    policy.current.compiled.rules.map(({ name }) => name),
    ['ten'],
  )
})

test('a document that cannot be used changes nothing, is told once a change, and the next good one is taken', async (t) => {
  const { file, told, look, lookInVain, policy } = await watched(t, documentOf(rule('one')))
  const before = policy.current
  await writeFile(file, 'version: 1\nrules: [{ name: x }]')
  await look(2)
  await lookInVain()
  assert.equal(policy.current, before)
  await writeFile(file, '')
  await look(3)
  await writeFile(file, Buffer.from([0x76, 0xff, 0xfe]))
  await look(4)
  await writeFile(file, 'x'.repeat(MAX_POLICY_BYTES + 1))
  await look(5)
  assert.equal(policy.current, before)
  await writeFile(file, documentOf(rule('two')))
  await look(6)
  assert.deepEqual(
    told().map((line) => line.split('\n')[0]),
    [
      'loaded one',
      'FILE line 2: rules[0].effect: missing, expected one of allow, deny',
      'FILE line 1: found no value, expected a section with version, rules, tests',
      'FILE: it is not UTF-8',
      'FILE: it has 1048577 bytes, at most 1048576 are allowed',
      'loaded two',
    ],
  )
})

test('a document that is bad at the start leaves everything denied; what cannot be read is told once, not at every look', async (t) => {
  const { file, told, look, lookInVain, policy } = await watched(t, 'version: 3')
  assert.deepEqual([policy.current.hash, told().length], [undefined, 1])
  await rm(file)
  await mkdir(file)
  await look(2)
  await lookInVain()
  assert.equal(told().length, 2)
  assert.match(told()[1] ?? '', /^FILE: it cannot be read \(EISDIR/)
})

test('an asked-for reading takes what has changed, and tells again why a document is refused', async (t) => {
  const { file, told, policy } = await watched(t, documentOf(rule('one')))
  await policy.reload()
  assert.equal(told().length, 1, 'nothing has changed')
  await writeFile(file, documentOf(rule('two')))
  await policy.reload()
  await writeFile(file, 'version: 2')
  await policy.reload()
  await policy.reload()
  assert.equal(told().length, 4)
  assert.deepEqual(
    policy.current.document.rules.map(({ name }) => name),
    ['two'],
  )
})

test('the gate asks the document in force, and a change of other rules gives no rate back', async (t) => {
  const rated = rule('rated', ', rate: { per: hour, limit: 2 }')
  const { file, clock, policy } = await watched(t, documentOf(rated))
  const decisions: string[] = []
  const gate = new PolicyGate({
    policy,
    clock,
    onDecision: ({ action }, { effect, rule: name, reason }) => decisions.push(`${action} ${effect} ${name} ${reason}`),
  })
  const wish = { source: { ...NOBODY, x0Id: 'x0a' }, action: 'relay', destination: NOBODY } as const
  gate.ask(wish)
  gate.ask(wish)
  assert.equal(gate.explain(wish).decision.reason, 'rate')
  gate.ask(wish)
  await writeFile(file, documentOf(rated, rule('other', ', to: [group:servers]')))
  await policy.reload()
  gate.ask(wish)
  gate.ask({ ...wish, action: 'renew' })
  assert.equal(decisions.length, 5, 'an explanation tells nobody')
  await writeFile(file, documentOf(rule('rated', ', rate: { per: hour, limit: 3 }')))
  await policy.reload()
  gate.ask(wish)
  assert.deepEqual(decisions, [
    'relay allow rated rule',
    'relay allow rated rule',
    'relay deny rated rate',
    'relay deny rated rate',
    'renew deny default no-rule',
    'relay allow rated rule',
  ])
})
