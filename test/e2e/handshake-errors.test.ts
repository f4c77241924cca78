import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { test } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { formatX0Id, parseX0Id } from '../../src/identity/x0-id.ts'
import { type Daemon, start, withoutX0Id } from './daemon.ts'

const LIMIT = { timeout: 120_000 }

test(
  'each way in which a handshake on demand can fail has a message, an exit code and a place in the metrics of its own',
  LIMIT,
  async (t) => {
    const node = await start(t)
    const peer = await start(t)
    const initiator = (code: string): Promise<number> => node.metric('x0_handshake_refusals_total', { role: 'initiator', code })

    // It takes as long as the node has patience: the others go on meanwhile.
    const silent = await listening(t)
    const silence = fails(node, `${addressOf(silent)}/p2p/${peer.peerId}`, 6, /did not answer in time/)
    silence.catch(() => undefined)

    await t.test('a dead address', async (t) => {
      const server = await listening(t)
      const address = addressOf(server)
      server.close()
      await once(server, 'close')
      await fails(node, `${address}/p2p/${peer.peerId}`, 6, /[Nn]obody answers at \/ip4\/127\.0\.0\.1\/tcp\/\d+.*ECONNREFUSED/s)
    })

    await t.test('another x0 id than the line says', async () => {
      await fails(node, `${withoutX0Id(peer.line)}#${otherX0Id(peer.api.x0Id)}`, 8, /another x0 id/)
      assert.equal(await initiator('x0-id-mismatch'), 1)
      const refused = await peer.metric('x0_handshakes_total', { role: 'responder', result: 'accepted' })
      assert.equal(refused, 0, 'the far end never got to trust it')
    })

    await t.test('another peer id than the line says', async () => {
      await fails(node, `/ip4/127.0.0.1/tcp/${peer.port}/p2p/${node.peerId}`, 8, /expected the peer 12D3Koo\w+, met 12D3Koo/i)
      assert.equal(await initiator('peer-id-mismatch'), 1)
    })

    await t.test('a libp2p node that lacks the protocol', async (t) => {
      const stranger = await createLibp2p({
        addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
      })
      t.after(() => stranger.stop())
      const [address] = stranger.getMultiaddrs()
      await fails(node, String(address), 1, /does not speak \/x0\/noise-mlkem768-mldsa65\/1\.0\.0/)
      const classical = await node.run('handshake', String(address), '--protocol', '/noise')
      assert.equal(classical.code, 1)
      assert.match(classical.stderr, /this node does not offer \/noise/i)
    })

    await t.test('a peer that nobody knows', async () => {
      await fails(node, peer.peerId, 6, /No peer 12D3Koo\w+ is known here/i)
      await fails(node, otherX0Id(peer.api.x0Id), 6, /is known here/)
    })

    await t.test('what is no address', async () => {
      await fails(node, '/ip4/127.0.0.1/tcp/99999', 2, /no multiaddr|address/)
      await fails(node, `/ip4/127.0.0.1/tcp/1#${peer.api.x0Id}`, 2, /needs a peer id/)
    })

    await t.test('a server that says nothing', () => silence)

    await t.test('a server that hangs up', async (t) => {
      const server = await listening(t, (socket) => socket.destroy())
      await fails(node, `${addressOf(server)}/p2p/${peer.peerId}`, 6, /hung up/)
    })

    assert.equal(await initiator('accepted'), 0)
    assert.equal(await node.metric('x0_http_requests_total', { route: '/security/handshake', status: '2xx' }), 0)
    const good = await node.run('handshake', peer.line)
    assert.equal(good.code, 0, 'after all of it the node still does what it should')
    assert.equal(await initiator('accepted'), 1)
  },
)

/** Runs `x0 handshake TARGET` and holds its end against what it should be. */
async function fails(node: Daemon, target: string, code: number, message: RegExp): Promise<void> {
  const answer = await node.run('handshake', target)
  assert.match(answer.stderr, message)
  assert.equal(answer.code, code, answer.stderr)
  assert.equal(answer.stdout, '')
  assert.doesNotMatch(answer.stderr, /^\s+at /m, 'no stack traces')
}

/** An id of the right form that nobody has. */
function otherX0Id(text: string): string {
  const id = parseX0Id(text)
  return formatX0Id(id.map((byte, index) => (index === 0 ? byte ^ 1 : byte)))
}

function addressOf(server: Server): string {
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return `/ip4/127.0.0.1/tcp/${address.port}`
}

async function listening(
  t: { after(work: () => void): void },
  onConnection: (socket: Socket) => void = () => undefined,
): Promise<Server> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
