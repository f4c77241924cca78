import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditReports } from '../../src/observe/audit-reports.ts'
import type { NodeEvent } from '../../src/observe/event.ts'
import { EventLoopLag } from '../../src/observe/event-loop-lag.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import { policyReports } from '../../src/observe/policy-reports.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { createLog } from '../../src/platform/log.ts'
import type { AuditData } from '../../src/trust/audit/kinds.ts'
import { CompiledPolicy } from '../../src/trust/policy/compile.ts'
import type { Wish } from '../../src/trust/policy/gate.ts'
import { PolicyError } from '../../src/trust/policy/policy-error.ts'
import { readPolicy } from '../../src/trust/policy/read-document.ts'
import { ManualClock } from './manual-clock.ts'

function telemetry(t: { after(run: () => void): void }) {
  const lag = new EventLoopLag(systemClock)
  const metrics = new Metrics({ version: '0', nodeVersion: '0', backend: 'native', httpRoutes: [], lag })
  t.after(() => {
    metrics.close()
    lag.stop()
  })
  const events: Omit<NodeEvent, 'at'>[] = []
  const lines: string[] = []
  const log = createLog({ level: 'info', format: 'text', output: { write: (line) => lines.push(line) }, now: () => 0 })
  const series = async (name: string): Promise<string[]> =>
    (await metrics.text()).split('\n').filter((line) => line.startsWith(name) && !line.endsWith(' 0'))
  return { metrics, log, report: (event: Omit<NodeEvent, 'at'>) => events.push(event), events, lines, series }
}

const wish: Wish = {
  source: { spiffeId: 'spiffe://fleet/node/a', x0Id: 'x0a', groups: ['ops', 'night'] },
  action: 'connect:ssh',
  destination: { spiffeId: undefined, x0Id: 'x0b', groups: [] },
}

test('every decision is counted; denials and what is marked are recorded; denials are told sparingly', async (t) => {
  const { metrics, report, events, series } = telemetry(t)
  const recorded: unknown[][] = []
  const audit = { record: (...entry: [string, AuditData, string?]) => recorded.push(entry) }
  const { onDecision } = policyReports({ metrics, report: (event) => report(event) }, audit, new ManualClock())
  onDecision(wish, { effect: 'allow', rule: 'one', reason: 'rule', audit: false })
  onDecision(wish, { effect: 'allow', rule: 'two', reason: 'rule', audit: true })
  for (let times = 0; times < 100; times += 1)
    onDecision(wish, { effect: 'deny', rule: 'default', reason: 'no-rule', audit: true })
  onDecision({ ...wish, action: 'relay' }, { effect: 'deny', rule: 'one', reason: 'rate', audit: true })
  assert.deepEqual(await series('x0_policy_decisions_total'), [
    'x0_policy_decisions_total{effect="allow",action="connect"} 2',
    'x0_policy_decisions_total{effect="deny",action="connect"} 100',
    'x0_policy_decisions_total{effect="deny",action="relay"} 1',
  ])
  const names = { source: 'spiffe://fleet/node/a', sourceX0Id: 'x0a', sourceGroups: 'ops night', destinationX0Id: 'x0b' }
  assert.deepEqual(recorded[0], ['policy.allowed', { action: 'connect:ssh', rule: 'two', reason: 'rule', ...names }, 'x0a'])
  assert.deepEqual(recorded[1], ['policy.denied', { action: 'connect:ssh', rule: 'default', reason: 'no-rule', ...names }, 'x0a'])
  assert.equal(recorded.length, 1 + 100 + 1)
  assert.deepEqual(
    events.map(({ type, data }) => `${type} ${data.action} ${data.times}`),
    [...[1, 2, 4, 8, 16, 32, 64].map((times) => `policy.denied connect:ssh ${times}`), 'policy.denied relay 1'],
  )
})

test('a document that is taken, gone or refused is counted, told and recorded', async (t) => {
  const { metrics, report, events, series } = telemetry(t)
  const recorded: unknown[][] = []
  const audit = { record: (...entry: [string, AuditData, string?]) => recorded.push(entry) }
  const { onChange } = policyReports({ metrics, report: (event) => report(event) }, audit, new ManualClock())
  const document = readPolicy('{"version":1,"rules":[{"name":"a","effect":"deny","from":["any"],"actions":["relay"]}]}', 'p')
  onChange({ result: 'loaded', policy: { document, compiled: new CompiledPolicy(document), hash: 'ab', since: 0 } })
  assert.deepEqual(await series('x0_policy_rules'), ['x0_policy_rules 1'])
  assert.deepEqual(await series('x0_policy_loaded'), ['x0_policy_loaded 1'])
  const problem = { code: 'missing' as const, path: 'rules', where: 'p line 1', message: 'missing' }
  onChange({ result: 'refused', error: new PolicyError(problem, [{ ...problem, where: 'p line 2' }]) })
  assert.deepEqual(await series('x0_policy_loaded'), ['x0_policy_loaded 1'], 'the one before stays in force')
  const none = { rules: [], tests: [] }
  onChange({ result: 'removed', policy: { document: none, compiled: new CompiledPolicy(none), hash: undefined, since: 0 } })
  assert.deepEqual(await series('x0_policy_loaded'), [])
  assert.deepEqual(
    await series('x0_policy_reloads_total'),
    ['loaded', 'removed', 'refused'].map((result) => `x0_policy_reloads_total{result="${result}"} 1`),
  )
  const expected = [
    ['policy.loaded', { hash: 'ab', rules: 1 }],
    ['policy.refused', { code: 'missing', problem: 'p line 1: rules: missing', problems: 2 }],
    ['policy.removed', { hash: '', rules: 0 }],
  ]
  assert.deepEqual(recorded, expected)
  assert.deepEqual(
    events.map(({ type, level }) => [type, level]),
    [
      ['policy.loaded', 'info'],
      ['policy.refused', 'alarm'],
      ['policy.removed', 'warn'],
    ],
  )
})

test('the audit trail counts its entries, and alarms where it is damaged or cannot be written', async (t) => {
  const parts = telemetry(t)
  const { onRecorded, onSuppressed, onDamaged, onError } = auditReports({ ...parts, report: (event) => parts.report(event) })
  onRecorded?.('policy.denied')
  onSuppressed?.('policy.denied')
  onDamaged({ fault: 'truncated', n: 7, message: 'entry 7 is gone' })
  onError(new Error('disk'))
  assert.deepEqual(await parts.series('x0_audit_'), [
    'x0_audit_entries_total{kind="policy.denied"} 1',
    'x0_audit_suppressed_total 1',
  ])
  assert.deepEqual(parts.events, [
    { type: 'audit.damaged', level: 'alarm', data: { fault: 'truncated', n: 7, message: 'entry 7 is gone' } },
    { type: 'audit.failed', level: 'alarm', data: { message: 'disk' } },
  ])
  assert.equal(parts.lines.length, 1)
})
