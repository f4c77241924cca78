import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { nativeBackend } from '../../src/crypto/native.ts'
import { openNetwork } from '../../src/trust/open-network.ts'
import { makeEnd } from '../channel/two-ends.ts'
import { until } from '../host/testing.ts'
import { start } from './daemon.ts'
import { meetRaw } from './raw-client.ts'

const FLOODER = fileURLToPath(new URL('flooder.ts', import.meta.url))
const RATE = 300
const SECONDS = process.env.X0_LONG === undefined ? 8 : 30
const EVERY_MS = 200
/** An honest node waits at most this long, 95 times in 100. */
const P95_MS = 2_000
/**
 * Resident growth that is still no leak, bytes a second: garbage that waits for its collection comes and goes by tens of
 * MB. One leaked handshake is about 20 kB, and the node takes 10 a second from one address.
 */
const MOST_GROWTH = 1_500_000

test(`${RATE} bogus handshakes a second for ${SECONDS} s: an honest node still gets in, and memory stays flat`, async (t) => {
  const node = await start(t, { measured: true })
  const [address = ''] = node.api.addresses
  const honest = await makeEnd({ networkId: openNetwork(nativeBackend()).id, offers: ['/x0/noise-mlkem768-mldsa65/1.0.0'] })

  const calm: number[] = []
  for (let count = 0; count < 10; count += 1) calm.push(await timed(() => meetRaw(honest.encrypter, address, '127.0.0.3')))

  const flooder = spawn(process.execPath, [FLOODER, String(node.port), '127.0.0.2', String(RATE), String(SECONDS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => flooder.kill())
  const report = once(flooder.stdout.setEncoding('utf8'), 'data')
  let flooding = true
  const flooded = once(flooder, 'exit').then(() => {
    flooding = false
  })

  const memory: { atMs: number; rss: number }[] = []
  const asked: number[] = []
  const watch = async (): Promise<void> => {
    while (flooding) {
      asked.push(
        await timed(async () => {
          const { memoryBytes } = await node.status()
          memory.push({ atMs: performance.now(), rss: memoryBytes.rss })
        }),
      )
      await setTimeout(250)
    }
  }
  const dials: Promise<number>[] = []
  const dial = async (): Promise<void> => {
    while (flooding) {
      dials.push(timed(() => meetRaw(honest.encrypter, address, '127.0.0.3')))
      await setTimeout(EVERY_MS)
    }
  }
  await Promise.all([watch(), dial(), flooded])
  // every one of them: a single refusal fails the test
  const waits = await Promise.all(dials)
  const told: { opened: number; answered: number; hungUp: number } = JSON.parse(String((await report)[0]))

  // the first third warms caches and heaps up
  const settled = memory.filter(({ atMs }) => atMs > (memory[0]?.atMs ?? 0) + (SECONDS * 1000) / 3)
  const growth = slope(settled)
  const megabytes = memory.map(({ rss }) => Math.round(rss / 1e6))
  t.diagnostic(`flooder: ${JSON.stringify(told)}`)
  t.diagnostic(
    `honest handshakes: ${waits.length}, p50 ${at(waits, 0.5)} p95 ${at(waits, 0.95)} max ${at(waits, 1)} ms; calm p50 ${at(calm, 0.5)} ms`,
  )
  t.diagnostic(`status answered ${asked.length} times, p95 ${at(asked, 0.95)} ms`)
  t.diagnostic(
    `resident MB: ${megabytes[0]} at first, ${Math.max(...megabytes)} at most, ${megabytes.at(-1)} at last; ${(growth / 1000).toFixed(0)} kB/s`,
  )

  assert.ok(told.opened >= RATE * SECONDS * 0.9, 'the flood was as heavy as it should be')
  assert.ok(waits.length >= (SECONDS * 1000) / EVERY_MS / 2, 'honest dials went on all the time')
  assert.ok(at(waits, 0.95) < P95_MS)
  assert.ok(at(asked, 0.95) < P95_MS, 'the admin port answers')
  assert.ok(growth < MOST_GROWTH, `${growth} bytes a second`)
  const shed = await node.metric('x0_handshakes_shed_total')
  const refusedAtTheDoor = await node.metric('x0_peer_faults_total', { fault: 'inbound-rate' })
  t.diagnostic(`shed ${shed}, refused before a byte was read ${refusedAtTheDoor}`)
  assert.ok(shed > 0 && refusedAtTheDoor > 0)
  assert.ok((await node.metric('x0_handshakes_total', { role: 'responder', result: 'accepted' })) >= waits.length)
  // message B went out only as often as one address may have it: that is what the flood could buy
  assert.ok(told.answered <= 40 + 10 * (SECONDS + 1), `${told.answered} signatures for the flooder`)
  await until(
    'nothing of the flood is left',
    async () => (await node.status()).suites['noise-xxhfs-mlkem768-mldsa65'] === undefined,
  )
  assert.ok(node.alive)
  assert.equal(await node.end(), 0)
  assert.doesNotMatch(node.stderr(), /fatal/)
})

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** The value below which the share `part` of `values` lies, to a tenth. */
function at(values: readonly number[], part: number): number {
  const ordered = values.toSorted((a, b) => a - b)
  return Number((ordered[Math.min(ordered.length - 1, Math.ceil(part * ordered.length) - 1)] ?? Number.NaN).toFixed(1))
}

/** Least squares, in bytes a second. */
function slope(points: readonly { atMs: number; rss: number }[]): number {
  const mean = (pick: (point: { atMs: number; rss: number }) => number): number =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length
  const middle = mean(({ atMs }) => atMs)
  const level = mean(({ rss }) => rss)
  const top = points.reduce((sum, { atMs, rss }) => sum + (atMs - middle) * (rss - level), 0)
  const bottom = points.reduce((sum, { atMs }) => sum + (atMs - middle) ** 2, 0)
  return (1000 * top) / bottom
}
