import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { test } from 'node:test'
import { type ChannelEvent, DOOR_RESULTS } from '../../src/channel/channel-event.ts'
import { channelReporter } from '../../src/observe/channel-reports.ts'
import { EVENT_TYPES, type NodeEvent } from '../../src/observe/event.ts'
import { SPARING_QUIET_MS } from '../../src/observe/limits.ts'
import { ManualClock } from './manual-clock.ts'

const REFUSED = {
  type: 'refused',
  role: 'responder',
  protocol: '/x0/noise-mlkem768-mldsa65/1.0.0',
  code: 'malformed-message',
  by: 'self',
  message: 'no',
  remoteAddress: '/ip4/127.0.0.2/tcp/1',
  remotePeerId: undefined,
  durationMs: 1,
} as const satisfies ChannelEvent

function reporter(): { clock: ManualClock; told: Omit<NodeEvent, 'at'>[]; see: (event: ChannelEvent) => void } {
  const clock = new ManualClock()
  const told: Omit<NodeEvent, 'at'>[] = []
  return { clock, told, see: channelReporter((event) => told.push(event), clock) }
}

test('a flood of refused strangers costs a line for each doubling; a quiet minute makes the next one news', () => {
  const { clock, told, see } = reporter()
  for (let count = 1; count <= 1_000; count += 1) {
    clock.ms += 10
    see(REFUSED)
  }
  assert.deepEqual(
    told.map(({ data }) => data.times ?? 1),
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  )
  see({ ...REFUSED, code: 'timeout' })
  assert.deepEqual([told.length, told.at(-1)?.type, told.at(-1)?.data.times], [11, 'handshake.failed', undefined])
  clock.ms += SPARING_QUIET_MS - 1
  see(REFUSED)
  assert.equal(told.length, 11, 'the 1,001st')
  clock.ms += SPARING_QUIET_MS
  see(REFUSED)
  assert.deepEqual([told.length, told.at(-1)?.data.times], [12, undefined])
})

test('refusals of our own dials and of peers that proved themselves are all told', () => {
  const { told, see } = reporter()
  for (let count = 0; count < 5; count += 1) {
    see({ ...REFUSED, role: 'initiator' })
    see({ ...REFUSED, remotePeerId: 'p' })
  }
  assert.equal(told.length, 10)
})

test('a blocked peer fills the log no more than a stranger does', () => {
  const { told, see } = reporter()
  for (let count = 0; count < 100; count += 1) see({ ...REFUSED, code: 'blocked', remotePeerId: 'p' })
  assert.equal(told.length, 7)
  assert.deepEqual([told[0]?.type, told[0]?.peer, told[6]?.data.times], ['handshake.refused', 'p', 64])
})

test('a downgrade is an alarm where this node saw it, not where a peer says so; strangers cannot fill the list of alarms', () => {
  const { told, see } = reporter()
  const alarms = (): number => told.filter(({ type, level }) => type === 'downgrade.attempted' && level === 'alarm').length
  see({ ...REFUSED, role: 'initiator', code: 'protocol-mismatch', by: 'peer' })
  assert.equal(alarms(), 0)
  see({ ...REFUSED, role: 'initiator', code: 'protocol-mismatch' })
  assert.equal(alarms(), 1)
  for (let count = 0; count < 100; count += 1) see({ ...REFUSED, code: 'protocol-mismatch' })
  assert.equal(alarms(), 1 + 7)
})

test('of visits at the join door the log tells those that we failed to answer, and no others', () => {
  const { told, see } = reporter()
  const visit = { type: 'door', message: 'the disk is full', remoteAddress: 'x', remotePeerId: 'p', durationMs: 1 } as const
  for (const result of DOOR_RESULTS) see({ ...visit, result })
  assert.deepEqual(told, [{ type: 'join.failed', level: 'warn', peer: 'p', data: { message: 'the disk is full', address: 'x' } }])
})

test('every type of event has a place that reports it', async () => {
  const sources: string[] = []
  for await (const path of glob('src/**/*.ts', { cwd: new URL('../..', import.meta.url).pathname })) {
    if (!path.endsWith('observe/event.ts')) sources.push(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))
  }
  const text = sources.join('\n')
  for (const type of EVENT_TYPES) assert.ok(text.includes(`'${type}'`), `nothing reports ${type}`)
})
