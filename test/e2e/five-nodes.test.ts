import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../host/testing.ts'
import { type Daemon, launch, start } from './daemon.ts'

const NODES = 5
const MEET_MS = 10_000
const BACK_MS = 5_000

test(`${NODES} nodes, each told only the line of the first, are all connected to each other within ${MEET_MS / 1000} s`, {
  timeout: 180_000,
}, async (t) => {
  const hub = await start(t, { measured: true })
  const others = await Promise.all(Array.from({ length: NODES - 1 }, () => launch(t, { bootstrap: [hub.line], measured: true })))
  await Promise.all(others.map((node) => node.listening()))
  const began = performance.now()
  const all = [hub, ...others]

  await until('everybody is connected to everybody', async () => (await upCounts(all)).every((up) => up === NODES - 1), MEET_MS)
  t.diagnostic(`all ${NODES} connected ${Math.round(performance.now() - began)} ms after the last one listened`)
  for (const node of all) {
    const peers = await node.peers()
    const expected = all.filter((other) => other !== node).map(({ peerId, api }) => `${peerId} ${api.x0Id} up/direct true`)
    assert.deepEqual(
      peers.map(({ peerId, x0Id, state, pqAuthenticated }) => `${peerId} ${x0Id} ${state} ${pqAuthenticated}`).sort(),
      expected.sort(),
    )
    // Nobody but the hub was named to anybody.
    assert.deepEqual(
      peers.filter(({ wanted }) => wanted).map(({ peerId }) => peerId),
      node === hub ? [] : [hub.peerId],
    )
  }

  const [victim, ...rest] = others
  assert.ok(victim !== undefined)
  const survivors = [hub, ...rest]
  await victim.end('SIGKILL')
  for (const node of survivors) {
    const { afterMs, peer } = await node.peerThat(victim.peerId, 'its loss is seen', ({ state }) => state === 'down', 10_000)
    assert.ok(peer.lastError !== null && peer.lastError.code !== '' && peer.lastError.message !== '')
    assert.deepEqual([peer.path, peer.suite, peer.pqAuthenticated, peer.rttMs], [null, null, false, null])
    t.diagnostic(`down after ${Math.round(afterMs)} ms more: ${peer.lastError.code}: ${peer.lastError.message}`)
  }

  const again = await start(t, {
    home: victim.home,
    listen: `/ip4/127.0.0.1/tcp/${victim.port}`,
    bootstrap: [hub.line],
    measured: true,
  })
  const listens = performance.now()
  assert.deepEqual([again.peerId, again.port], [victim.peerId, victim.port])
  for (const node of survivors) {
    const left = BACK_MS - (performance.now() - listens)
    const { peer } = await node.peerThat(victim.peerId, 'it is back', ({ state }) => state === 'up/direct', left)
    assert.deepEqual([peer.x0Id, peer.pqAuthenticated], [victim.api.x0Id, true])
  }
  t.diagnostic(`back on all within ${Math.round(performance.now() - listens)} ms of listening`)
  for (const node of survivors) assert.deepEqual((await node.status()).alarms, [])
})

function upCounts(nodes: readonly Daemon[]): Promise<number[]> {
  return Promise.all(nodes.map(async (node) => (await node.status()).peers.up))
}
