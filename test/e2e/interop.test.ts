import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '../host/testing.ts'
import { type Daemon, start, temporaryFolder } from './daemon.ts'

const CLIENT = fileURLToPath(new URL('smoldot-client.ts', import.meta.url))

/** smoldot with one chain and `node` to bootstrap from. @returns what it says of its network so far, line by line */
function smoldotTo(t: TestContext, node: Daemon): () => string[] {
  const [address = ''] = node.api.addresses
  const child = spawn(process.execPath, [CLIENT, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  return () => printed.split('\n')
}

test('smoldot, where `security.interop` lets it: it connects, is identified and pings, and shows as not post-quantum', async (t) => {
  const config = join(await temporaryFolder(t), 'interop.yaml')
  await writeFile(config, JSON.stringify({ security: { interop: [{ protocol: '/noise', peers: 'any' }] } }))
  const node = await start(t, { flags: ['--config', config] })
  const log = smoldotTo(t, node)
  const says = (what: string): Promise<number> => until(`smoldot says ${what}`, () => log().some((line) => line.startsWith(what)))
  await says('handshake-finished')
  await says('identify-request-received')
  await says('pong')
  const [peer, ...others] = await node.peers()
  assert.ok(peer)
  assert.deepEqual(others, [])
  assert.deepEqual(
    [peer.state, peer.direction, peer.suite, peer.pqKeyExchange, peer.pqAuthenticated, peer.x0Id],
    ['up/direct', 'inbound', 'noise-xx-classical', false, false, null],
  )
  const status = await node.status()
  assert.deepEqual(status.suites, { 'noise-xx-classical': 1 })
  assert.equal(status.peers.up, 1)
  assert.equal(status.peers.pqAuthenticated, 0)
  // the network keeps to itself
  assert.equal(status.dht.routingTable, 0)
  assert.equal(status.gossip.meshPeers, 0)
  assert.equal(await node.metric('x0_connections', { suite: 'noise-xx-classical', pq: 'none' }), 1)
  assert.equal(await node.metric('x0_handshakes_total', { suite: 'noise-xx-classical', result: 'accepted' }), 1)
})

test('smoldot and a node as it comes: nothing in common, and nothing of it shows', async (t) => {
  const node = await start(t)
  const log = smoldotTo(t, node)
  await until(
    'smoldot gives up',
    () => log().some((line) => /^(pending-connection-|connection-)(shutdown|error|failed)|handshake-(timeout|error)/.test(line)),
    20_000,
  )
  assert.equal(
    log().some((line) => line.startsWith('handshake-finished')),
    false,
  )
  assert.deepEqual(await node.peers(), [])
  assert.deepEqual((await node.status()).suites, {})
  assert.ok((await node.metric('x0_peer_faults_total', { fault: 'inbound-unfinished' })) >= 1)
  assert.equal(await node.metric('x0_handshakes_total'), 0)
})
