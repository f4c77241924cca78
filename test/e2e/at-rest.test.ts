import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { until } from '../host/testing.ts'
import { type Daemon, launch, start } from './daemon.ts'

const PEERS = 5
/** What a node at rest may need: resident MB, per cent of a core, bytes a second on the wire. */
const GOAL = { megabytes: 130, cpu: 2, wire: 1_000 }
/**
 * X0_LONG measures as the goals are meant, on a machine that does nothing else. The short form sees more of the start's
 * searches, which fade away, and runs beside other tests: it only notices what is far off.
 */
const [SETTLE_S, MEASURE_S, MOST] =
  process.env.X0_LONG === undefined ? [20, 20, { megabytes: 150, cpu: 5, wire: 2_000 }] : [40, 30, GOAL]
/** Of a second of CPU time, as /proc counts it. */
const TICKS = 100

interface Reading {
  readonly at: number
  readonly cpuSeconds: number
  readonly wireBytes: number
}

test(`a node at rest with ${PEERS} peers needs little memory, time and wire`, {
  timeout: 240_000,
  skip: process.platform !== 'linux' && 'it reads /proc',
}, async (t) => {
  const node = await start(t, { measured: true })
  const others = await Promise.all(Array.from({ length: PEERS }, () => launch(t, { bootstrap: [node.line], measured: true })))
  for (const other of others) await other.listening()
  await until('all are connected', async () => (await node.status()).peers.up === PEERS, 20_000)
  await pass(SETTLE_S)
  const before = await read(node)
  await pass(MEASURE_S)
  const after = await read(node)
  assert.equal((await node.status()).peers.up, PEERS)

  const seconds = (after.at - before.at) / 1000
  const megabytes = (await residentBytes(node)) / 1e6
  const cpu = (100 * (after.cpuSeconds - before.cpuSeconds)) / seconds
  const wire = (after.wireBytes - before.wireBytes) / seconds
  t.diagnostic(
    `resident ${megabytes.toFixed(0)} MB (goal ${GOAL.megabytes}, at most ${MOST.megabytes} here), CPU ${cpu.toFixed(2)} % of a core (goal ${GOAL.cpu}, at most ${MOST.cpu}), wire ${wire.toFixed(0)} B/s (goal ${GOAL.wire}, at most ${MOST.wire})`,
  )
  assert.ok(megabytes < MOST.megabytes, `${megabytes} MB resident`)
  assert.ok(cpu < MOST.cpu, `${cpu} % of a core`)
  assert.ok(wire < MOST.wire, `${wire} bytes a second`)
})

/** The thing measured is what a node does while time passes. */
async function pass(seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000
  await new Promise((resolve) => setTimeout(resolve, end - performance.now()))
}

async function read(node: Daemon): Promise<Reading> {
  const wireBytes = await node.metric('x0_network_bytes_total')
  const stat = await readFile(`/proc/${node.pid}/stat`, 'utf8')
  // After the name in parentheses; utime and stime are fields 14 and 15 of proc_pid_stat(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { at: performance.now(), cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS, wireBytes }
}

async function residentBytes(node: Daemon): Promise<number> {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${node.pid}/status`, 'utf8'))?.[1])
}
