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
import { INSPECTED, inspect } from './inspector.ts'
import { meetRaw } from './raw-client.ts'

const FLOODER = fileURLToPath(new URL('flooder.ts', import.meta.url))
const RATE = 300
const LONG = process.env.X0_LONG !== undefined
const SECONDS = LONG ? 30 : 8
const EVERY_MS = 200
/** A collection stops the node for some ten ms: seldom enough to be no load. */
const WEIGH_MS = 1_000
/** An honest node waits at most this long, 95 times in 100. */
const P95_MS = 2_000
/**
 * Growth that is still no leak, bytes a second. Of what is left after a garbage collection a leak of every handshake was
 * measured at 440 kB/s and none at 30, over X0_LONG: in the few seconds of the short form caches fill, 130 kB/s, and what is
 * under way comes and goes, so that it only notices worse. Resident memory, garbage included, moves by tens of MB and is
 * only kept from running away.
 */
const MOST_HELD_GROWTH = LONG ? 200_000 : 600_000
const MOST_RESIDENT_GROWTH = 1_500_000

interface Reading {
  readonly atMs: number
  readonly bytes: number
}

test(`${RATE} bogus handshakes a second for ${SECONDS} s: an honest node still gets in, and memory stays flat`, async (t) => {
  const node = await start(t, { measured: true, env: INSPECTED })
  const inspector = await inspect(node)
  t.after(() => inspector.close())
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

  const memory: Reading[] = []
  const held: Reading[] = []
  const asked: number[] = []
  const watch = async (): Promise<void> => {
    while (flooding) {
      asked.push(
        await timed(async () => {
          const { memoryBytes } = await node.status()
          memory.push({ atMs: performance.now(), bytes: memoryBytes.rss })
        }),
      )
      await setTimeout(250)
    }
  }
  const weigh = async (): Promise<void> => {
    while (flooding) {
      const bytes = await inspector.heldBytes()
      held.push({ atMs: performance.now(), bytes })
      await setTimeout(WEIGH_MS)
    }
  }
  const dials: Promise<number>[] = []
  const dial = async (): Promise<void> => {
    while (flooding) {
      dials.push(timed(() => meetRaw(honest.encrypter, address, '127.0.0.3')))
      await setTimeout(EVERY_MS)
    }
  }
  await Promise.all([watch(), weigh(), dial(), flooded])
  // every one of them: a single refusal fails the test
  const waits = await Promise.all(dials)
  const told: { opened: number; answered: number; hungUp: number } = JSON.parse(String((await report)[0]))

  // the first third warms caches and heaps up
  const settled = (readings: readonly Reading[]): Reading[] =>
    readings.filter(({ atMs }) => atMs > (readings[0]?.atMs ?? 0) + (SECONDS * 1000) / 3)
  const [growth, heldGrowth] = [slope(settled(memory)), slope(settled(held))]
  const megabytes = memory.map(({ bytes }) => Math.round(bytes / 1e6))
  t.diagnostic(`flooder: ${JSON.stringify(told)}`)
  t.diagnostic(
    `honest handshakes: ${waits.length}, p50 ${at(waits, 0.5)} p95 ${at(waits, 0.95)} max ${at(waits, 1)} ms; calm p50 ${at(calm, 0.5)} ms`,
  )
  t.diagnostic(`status answered ${asked.length} times, p95 ${at(asked, 0.95)} ms`)
  t.diagnostic(
    `resident MB: ${megabytes[0]} at first, ${Math.max(...megabytes)} at most, ${megabytes.at(-1)} at last; ${(growth / 1000).toFixed(0)} kB/s`,
  )
  t.diagnostic(
    `held after a collection, MB: ${held.map(({ bytes }) => (bytes / 1e6).toFixed(1)).join(' ')}; ${(heldGrowth / 1000).toFixed(0)} kB/s (at most ${MOST_HELD_GROWTH / 1000} here, 200 over X0_LONG)`,
  )

  assert.ok(told.opened >= RATE * SECONDS * 0.9, 'the flood was as heavy as it should be')
  assert.ok(waits.length >= (SECONDS * 1000) / EVERY_MS / 2, 'honest dials went on all the time')
  assert.ok(at(waits, 0.95) < P95_MS)
  assert.ok(at(asked, 0.95) < P95_MS, 'the admin port answers')
  assert.ok(heldGrowth < MOST_HELD_GROWTH, `${heldGrowth} bytes a second are held`)
  assert.ok(growth < MOST_RESIDENT_GROWTH, `${growth} resident bytes a second`)
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
  // a node waits for its inspectors before it ends
  inspector.close()
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
function slope(points: readonly Reading[]): number {
  const mean = (pick: (point: Reading) => number): number => points.reduce((sum, point) => sum + pick(point), 0) / points.length
  const middle = mean(({ atMs }) => atMs)
  const level = mean(({ bytes }) => bytes)
  const top = points.reduce((sum, { atMs, bytes }) => sum + (atMs - middle) * (bytes - level), 0)
  const bottom = points.reduce((sum, { atMs }) => sum + (atMs - middle) ** 2, 0)
  return (1000 * top) / bottom
}
