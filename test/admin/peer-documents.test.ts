import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Peer } from '../../src/admin/documents.ts'
import { peersDocument } from '../../src/admin/peer-documents.ts'
import type { InteropRule } from '../../src/config/schema.ts'
import { until } from '../host/testing.ts'
import { startX0Host, type X0HostOptions } from '../host/x0-host.ts'

const NOISE: InteropRule = { protocol: '/noise', peers: 'any', protocols: [] }

/** What one host says of another that it is connected to. */
async function connectedPeer(t: TestContext, options: X0HostOptions): Promise<Peer> {
  const [near, far] = [await startX0Host(t, options), await startX0Host(t, options)]
  await near.host.dial(far.host.getMultiaddrs())
  await until('it is up', () => near.supervisor.peers().some(({ status }) => status === 'up/direct'))
  const [peer] = peersDocument({
    peers: near.supervisor.peers(),
    connections: near.host.getConnections(),
    liveness: near.liveness.of,
    wallClock: (monotonic) => monotonic,
  }).peers
  assert.ok(peer !== undefined)
  return peer
}

test('bytes are told where they are counted, and not known for a classical session', { timeout: 30_000 }, async (t) => {
  const ours = await connectedPeer(t, {})
  assert.ok((ours.bytesIn ?? 0) > 6_000 && (ours.bytesOut ?? 0) > 6_000, JSON.stringify(ours))
  const classical = await connectedPeer(t, { interop: [NOISE], interopOnly: true })
  assert.equal(classical.suite, 'noise-xx-classical')
  assert.deepEqual([classical.bytesIn, classical.bytesOut], [null, null])
})

test('the path is the address in use with the peer id', { timeout: 30_000 }, async (t) => {
  const { path, peerId } = await connectedPeer(t, {})
  assert.match(path ?? '', new RegExp(`^/ip4/127\\.0\\.0\\.1/tcp/\\d+/p2p/${peerId}$`))
})
