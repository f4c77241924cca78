import assert from 'node:assert/strict'
import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { nativeBackend } from '../../src/crypto/native.ts'
import { openKeyStore } from '../../src/identity/key-store.ts'
import { generateNodeSeeds } from '../../src/identity/node-identity.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { until } from '../host/testing.ts'
import { type Daemon, start, temporaryFolder, withoutX0Id } from './daemon.ts'

const LIMIT = { timeout: 120_000 }

test('a bootstrap line with the x0 id of somebody else never comes up, and the operator is told', LIMIT, async (t) => {
  const peer = await start(t)
  const stranger = await start(t)
  const line = `${withoutX0Id(peer.line)}#${stranger.api.x0Id}`
  const node = await start(t, { bootstrap: [line] })
  const { peer: seen } = await node.peerThat(peer.peerId, 'the dial has failed', ({ lastError }) => lastError !== null)
  assert.equal(seen.state, 'never')
  assert.equal(seen.lastError?.code, 'x0-id-mismatch')
  assert.match(seen.lastError.message, /another x0 id than the one that was stated/)
  assert.deepEqual([seen.path, seen.suite, seen.pqAuthenticated], [null, null, false])

  // It goes on trying, and never gets further.
  await node.peerThat(peer.peerId, 'another try', ({ lastError }) => lastError !== null && lastError.at !== seen.lastError?.at)
  assert.equal((await node.peer(peer.peerId))?.state, 'never')
  const status = await node.status()
  assert.deepEqual(
    status.alarms.map(({ type, peer: about }) => [type, about]),
    [['pin.mismatch', peer.peerId]],
  )
  assert.match(status.alarms[0]?.message ?? '', new RegExp(`x0-id-mismatch.*${peer.api.x0Id}`))
  const shown = await node.run('status')
  assert.match(shown.stdout, /alarms +pin\.mismatch 12D3Koo/)
  assert.ok((await node.metric('x0_handshake_refusals_total', { code: 'x0-id-mismatch' })) >= 2)
  assert.equal(await node.metric('x0_handshakes_total', { result: 'accepted' }), 0)
  assert.equal(await peer.metric('x0_handshakes_total', { result: 'accepted' }), 0, 'the far end has no session either')
  assert.equal((await peer.status()).peers.up, 0)

  const waited = await node.run('wait', '--for', peer.peerId, '--timeout', '300ms')
  assert.equal(waited.code, 4)
  const asked = await node.run('handshake', peer.peerId)
  assert.equal(asked.code, 8, 'what the operator stated binds handshakes on demand too')
})

test(
  'a peer that was pinned at first use and comes back with another ML-DSA key is refused, also after a restart',
  LIMIT,
  async (t) => {
    const peer = await start(t)
    const line = withoutX0Id(peer.line)
    const node = await start(t, { bootstrap: [line] })
    await node.peerThat(peer.peerId, 'it is up', ({ state }) => state === 'up/direct')
    assert.equal(await node.metric('x0_pin_events_total', { event: 'learned' }), 1)
    assert.equal(await peer.end(), 0)

    const forged = await withOtherMlDsaKey(t, peer)
    const impostor = await start(t, { home: forged, listen: `/ip4/127.0.0.1/tcp/${peer.port}` })
    assert.equal(impostor.peerId, peer.peerId, 'for libp2p it is the same peer')
    assert.notEqual(impostor.api.x0Id, peer.api.x0Id)
    await refusesIt(node, impostor)

    assert.equal(await node.end(), 0)
    const again = await start(t, { home: node.home, bootstrap: [line] })
    await refusesIt(again, impostor)

    assert.equal(await impostor.end(), 0)
    const honest = await start(t, { home: peer.home, listen: `/ip4/127.0.0.1/tcp/${peer.port}` })
    const { peer: back } = await again.peerThat(honest.peerId, 'the true one is let in', ({ state }) => state === 'up/direct')
    assert.equal(back.x0Id, honest.api.x0Id)
  },
)

async function refusesIt(node: Daemon, impostor: Daemon): Promise<void> {
  const { peer } = await node.peerThat(impostor.peerId, 'it is refused', ({ lastError }) => lastError?.code === 'pin-mismatch')
  assert.ok(peer.state === 'down' || peer.state === 'never')
  assert.match(peer.lastError?.message ?? '', /another x0 id than the one seen at first contact/)
  const { alarms } = await node.status()
  const alarm = alarms.find(({ type }) => type === 'pin.mismatch')
  assert.equal(alarm?.peer, impostor.peerId)
  assert.match(alarm.message, new RegExp(`code=pin-mismatch seen=${impostor.api.x0Id}`))
  assert.ok((await node.metric('x0_handshake_refusals_total', { code: 'pin-mismatch' })) >= 1)
  assert.equal((await node.run('handshake', impostor.peerId)).code, 8)
  // The node tries on its own too: where both dials are one, only one of them learns why.
  await until('ping says why', async () => (await node.run('ping', impostor.peerId)).code === 8)
  assert.equal((await impostor.status()).peers.up, 0)
}

/** A home whose node has the Ed25519 key of `node` (who could break that key could make it) and an ML-DSA-65 key of its own. */
async function withOtherMlDsaKey(t: Parameters<typeof start>[0], node: Daemon): Promise<string> {
  const home = join(await temporaryFolder(t), 'forged')
  await cp(join(node.home, 'keys'), join(home, 'keys'), { recursive: true })
  const backend = nativeBackend()
  const keys = openKeyStore({ backend, random: systemRandom, home })
  const text = await readFile(join(home, 'keys', 'node.keys'), 'utf8')
  const [, encoded = ''] = /^keys: (\S+)$/m.exec(text) ?? []
  const ed25519 = new Uint8Array(Buffer.from(encoded, 'base64').subarray(0, 32))
  await keys.rotate(undefined, { ed25519, mldsa65: generateNodeSeeds(systemRandom).mldsa65 }, undefined)
  await rm(join(home, 'keys', `retired-${node.api.x0Id}.keys`))
  return home
}
