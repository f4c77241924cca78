import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Level } from 'level'
import { until } from '../host/testing.ts'
import { launch, start } from './daemon.ts'

const KILLS = 10
/** Milliseconds in which a kill may fall: of the start, from before the first file is written, and of the run. */
const KILL_WITHIN_MS = 1_000

test('a second daemon on the same home is refused with the process that has it, and does it no harm', {
  timeout: 90_000,
}, async (t) => {
  const node = await start(t)
  const second = await launch(t, { home: node.home })
  assert.equal(await second.ended(), 1)
  assert.match(second.stderr(), new RegExp(`is in use by process ${node.pid}; stop it first`))
  assert.equal(second.stdout(), '')
  assert.equal((await node.run('init')).code, 1)
  const status = await node.run('status')
  assert.equal(status.code, 0, 'the first one is still found')
  assert.equal(await node.end(), 0)
})

test(`killed at ${KILLS} random moments, a home always starts again as the same node`, { timeout: 180_000 }, async (t) => {
  const seed = Number(process.env.X0_SEED ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`X0_SEED=${seed}`)
  const random = randomFrom(seed)
  const first = await launch(t, { measured: true })
  const { home } = first
  let node = first
  let identity: string | undefined
  let listened = 0
  for (let round = 0; round < KILLS; round += 1) {
    if (random() < 0.5) await node.listening()
    const moment = performance.now() + random() * KILL_WITHIN_MS
    await until('the moment has come', () => performance.now() >= moment)
    assert.ok(node.alive, `round ${round}: it ended by itself: ${node.stderr()}`)
    assert.equal(await node.end('SIGKILL'), 'SIGKILL')
    const x0Id = /^x0 id +(\S+)$/m.exec(node.stdout())?.[1]
    if (x0Id !== undefined) {
      listened += 1
      identity ??= x0Id
      assert.equal(x0Id, identity, 'it is another node')
    }
    // Whatever the killed one left there, no command takes it for a running node.
    const status = await node.run('status')
    assert.equal(status.code, 3, status.stderr)
    node = await launch(t, { home, measured: true })
  }
  t.diagnostic(`${listened} of ${KILLS} kills came after the node listened`)
  await node.listening()
  if (identity !== undefined) assert.equal(node.api.x0Id, identity)
  assert.equal((await node.status()).ready, true)
  assert.deepEqual((await node.status()).alarms, [], 'nothing is damaged')
  assert.equal(await node.end(), 0)
  const last = await start(t, { home, measured: true })
  assert.equal(last.api.x0Id, node.api.x0Id)
})

test('the api.json of a node that was killed does not confuse anybody', { timeout: 90_000 }, async (t) => {
  const node = await start(t)
  const old = await readFile(join(node.home, 'api.json'), 'utf8')
  await node.end('SIGKILL')
  assert.equal(await readFile(join(node.home, 'api.json'), 'utf8'), old, 'it is still there')
  const gone = await node.run('status')
  assert.equal(gone.code, 3)
  assert.match(gone.stderr, new RegExp(`process ${node.pid}\\) is gone without a goodbye`))
  // Ids are given out again: this process lives, and is no node.
  await writeFile(join(node.home, 'api.json'), old.replace(`"pid": ${node.pid}`, `"pid": ${process.pid}`))
  assert.equal((await node.run('status')).code, 3)
  const again = await start(t, { home: node.home })
  assert.equal((await again.run('status')).code, 0)
})

test('a stored value that is not what was written is told, counted and left out; the node runs', {
  timeout: 90_000,
}, async (t) => {
  const peer = await start(t)
  const node = await start(t, { bootstrap: [peer.line] })
  await node.peerThat(peer.peerId, 'it is up', ({ state }) => state === 'up/direct')
  await until('the record of the peer is kept', async () => (await node.status()).dht.records > 0)
  assert.equal(await node.end(), 0)

  const store = new Level<string, Uint8Array>(join(node.home, 'store'), { keyEncoding: 'utf8', valueEncoding: 'view' })
  await store.open()
  const damaged: string[] = []
  for await (const [key, value] of store.iterator({ gte: '!records!', lt: '!records"' })) {
    const changed = value.slice()
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    await store.put(key, changed)
    damaged.push(key.slice('!records!'.length))
  }
  await store.close()
  assert.ok(damaged.length > 0)

  const again = await start(t, { home: node.home })
  const { alarms, ready } = await again.status()
  assert.equal(ready, true)
  const told = alarms.filter(({ type }) => type === 'store.corrupt').map(({ message }) => message)
  for (const key of damaged)
    assert.ok(
      told.some((message) => message === `namespace=records key=${key}`),
      told.join('\n'),
    )
  assert.ok((await again.metric('x0_store_errors_total', { code: 'corrupt' })) >= damaged.length)
  assert.match((await again.run('events', '--types', 'store.')).stdout, /alarm +store\.corrupt +namespace=records/)
})

test('a home that a newer version wrote is refused and left as it is', { timeout: 90_000 }, async (t) => {
  const node = await start(t)
  assert.equal(await node.end(), 0)
  await writeFile(join(node.home, 'version'), '99\n')
  const refused = await launch(t, { home: node.home })
  assert.equal(await refused.ended(), 7)
  assert.match(refused.stderr(), /was written by a newer x0 \(format 99, this one knows \d+\)/)
  assert.equal(await readFile(join(node.home, 'version'), 'utf8'), '99\n')
  await writeFile(join(node.home, 'version'), '1\n')
  const back = await start(t, { home: node.home })
  assert.equal(back.api.x0Id, node.api.x0Id)
})

/** mulberry32: small, and good enough to spread ten moments. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
