import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuditPage, AuditVerification } from '../../src/admin/audit-documents.ts'
import type { PolicyDocument, PolicyExplanation } from '../../src/admin/policy-documents.ts'
import { until } from '../host/testing.ts'
import { type Daemon, start, temporaryFolder, x0 } from './daemon.ts'

const RULES = 'version: 1\nrules:\n  - { name: ops-ssh, effect: allow, from: [group:ops], actions: [connect:ssh] }\n'
const ASKED = ['policy', 'explain', 'spiffe://fleet/node/a', 'connect:ssh', 'spiffe://fleet/node/b', '--group', 'ops']

const explained = async (node: Daemon): Promise<string> => {
  const { effect, rule } = await node.json<PolicyExplanation>('x0.policy-explanation/v1', ...ASKED)
  return `${effect} ${rule}`
}

test('a node denies everything, takes a document when one comes, keeps it when it is spoiled, and has a trail of it that outlives a kill', {
  timeout: 120_000,
}, async (t) => {
  const home = join(await temporaryFolder(t), 'home')
  const file = join(home, 'policy.yaml')
  const node = await start(t, { home })
  assert.equal(await explained(node), 'deny default')
  assert.equal((await node.json<PolicyDocument>('x0.policy/v1', 'policy', 'show')).hash, null)

  // by itself
  await writeFile(file, RULES)
  await until('it goes by the file', async () => (await node.metric('x0_policy_loaded')) === 1, 20_000)
  assert.equal(await explained(node), 'allow ops-ssh')

  await writeFile(file, `${RULES}  - { name: typo, effect: alow, from: [any], actions: [relay] }\n`)
  node.child.kill('SIGHUP')
  await until('it says why not', async () => (await node.status()).alarms.some(({ type }) => type === 'policy.refused'))
  const { alarms } = await node.status()
  assert.match(JSON.stringify(alarms), /policy\.yaml line 4: rules\[1\]\.effect: found the text alow/)
  assert.equal(await explained(node), 'allow ops-ssh')

  const { entries, x0Id } = await node.json<AuditPage>('x0.audit/v1', 'audit', 'show')
  assert.deepEqual(
    entries.map(({ kind, data }) => `${kind} ${data.rules ?? data.code ?? ''}`),
    ['audit.began ', 'policy.loaded 1', 'policy.refused out-of-bounds'],
  )
  const verified = await node.json<AuditVerification>('x0.audit-verification/v1', 'audit', 'verify')
  assert.deepEqual([verified.ok, verified.entries, verified.x0Id], [true, 3, x0Id])
  assert.equal(await node.end('SIGKILL'), 'SIGKILL')

  const offline = await x0(['audit', 'verify', '--home', home, '--x0-id', x0Id])
  assert.match(offline.stdout, /^3 entries, 1 to 3, are what /, offline.stderr)
  const exported = join(home, '..', 'trail.jsonl')
  assert.equal((await x0(['audit', 'export', exported, '--home', home])).code, 0)
  assert.equal((await x0(['audit', 'verify', exported, '--x0-id', x0Id])).code, 0)

  // the bad document is all there is now: a new process has none before it
  const again = await start(t, { home })
  assert.equal(await explained(again), 'deny default')
  assert.equal((await again.json<AuditVerification>('x0.audit-verification/v1', 'audit', 'verify')).entries, 4)
})
