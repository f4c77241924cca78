import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { noise } from '@chainsafe/libp2p-noise'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, PeerId, PrivateKey } from '@libp2p/interface'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { byteStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Door } from '../../src/channel/join-door.ts'
import { JOIN_PROTOCOL, X0_PROTOCOL } from '../../src/channel/profile.ts'
import { sessionOf } from '../../src/channel/session.ts'
import type { InteropRule } from '../../src/config/schema.ts'
import { dhtProtocol } from '../../src/host/dht.ts'
import { LIVENESS_PROTOCOL } from '../../src/host/liveness-frame.ts'
import { multistreamLine } from '../e2e/raw-client.ts'
import { NETWORK, until } from './testing.ts'
import { startX0Host, type X0Host, type X0HostOptions } from './x0-host.ts'

/** What a session that is not ours must never carry. */
const FENCED = ['/meshsub/1.1.0', '/meshsub/1.2.0', dhtProtocol(NETWORK), LIVENESS_PROTOCOL, '/x0/record/1.0.0']
const ECHO = '/test/echo/1.0.0'
const OTHER = '/test/other/1.0.0'

type PlainNode = Libp2p<{ ping: Ping }>

/** libp2p as anybody has it, which claims to speak all of our protocols and notes who opens one. */
async function plainNode(t: TestContext, privateKey?: PrivateKey): Promise<{ node: PlainNode; opened: string[] }> {
  const opened: string[] = []
  const node = await createLibp2p({
    start: false,
    ...(privateKey === undefined ? {} : { privateKey }),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: { identify: identify(), ping: ping() },
  })
  for (const protocol of [...FENCED, ECHO]) {
    await node.handle(protocol, () => {
      opened.push(protocol)
    })
  }
  await node.start()
  t.after(() => node.stop())
  return { node, opened }
}

const rule = (peers: 'any' | readonly PeerId[], protocols: readonly string[] = []): InteropRule => ({
  protocol: '/noise',
  peers: peers === 'any' ? 'any' : peers.map(String),
  protocols: [...protocols],
})

const refusals = ({ channelEvents }: X0Host): string[] =>
  channelEvents.flatMap((event) => (event.type === 'refused' ? [`${event.role}:${event.code}`] : []))

/** Whether the far end runs `protocol`: multistream says yes to what it knows, so only an answer counts. */
async function echoes(connection: Connection, protocol: string): Promise<boolean> {
  try {
    const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(2_000) })
    const bytes = byteStream(stream)
    await bytes.write(Uint8Array.of(1, 2, 3), { signal: AbortSignal.timeout(2_000) })
    return (await bytes.read({ bytes: 3, signal: AbortSignal.timeout(2_000) })).byteLength === 3
  } catch {
    return false
  }
}

/** Whether a stream of `protocol` stays open for longer than it takes the far end to refuse it. */
async function isRefused(connection: Connection, protocol: string, pinger: PlainNode): Promise<boolean> {
  try {
    const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(2_000) })
    stream.send(Uint8Array.of(0))
    await pinger.services.ping.ping(connection.remotePeer)
    return stream.status !== 'open'
  } catch {
    return true
  }
}

test('a peer on the allow-list: identify, ping and what the rule names, nothing of the network, in either direction', async (t) => {
  const { node, opened } = await plainNode(t)
  const host = await startX0Host(t, {
    interop: [rule([node.peerId], [ECHO, '/meshsub/1.2.0', dhtProtocol(NETWORK)])],
    echo: [ECHO, OTHER],
  })
  const connection = await node.dial(host.host.getMultiaddrs())
  assert.equal(connection.encryption, '/noise')
  assert.ok((await node.services.ping.ping(host.host.peerId)) >= 0)
  const [ours] = host.host.getConnections(node.peerId)
  assert.ok(ours)
  const facts = sessionOf(ours)
  assert.deepEqual(
    [facts?.suite, facts?.pqKeyExchange, facts?.pqAuthenticated, facts?.remoteX0Id],
    ['noise-xx-classical', false, false, undefined],
  )
  await until('each has identified the other', async () => {
    const known = await Promise.all([
      node.peerStore.get(host.host.peerId).catch(() => undefined),
      host.host.peerStore.get(node.peerId).catch(() => undefined),
    ])
    return known.every((peer) => (peer?.protocols.length ?? 0) > 2)
  })
  assert.equal(await echoes(connection, ECHO), true)
  assert.equal(await echoes(connection, OTHER), false)
  for (const protocol of FENCED) assert.equal(await isRefused(connection, protocol, node), true, protocol)
  // ours towards them: what gossip, DHT and probes would have opened by now
  await host.host.services.ping.ping(node.peerId)
  assert.deepEqual(opened, [])
  await assert.rejects(ours.newStream('/meshsub/1.2.0'))
  assert.equal(host.liveness.of(ours), undefined)
  assert.deepEqual(host.host.services.gossip.getPeers(), [])
  assert.deepEqual(
    ours.streams.filter(({ protocol }) => FENCED.includes(protocol)).map(({ protocol }) => protocol),
    [],
  )
})

test('a session that we dial on purpose is fenced as well', async (t) => {
  const { node, opened } = await plainNode(t)
  const host = await startX0Host(t, { interop: [rule('any')] })
  const connection = await host.host.dial(node.getMultiaddrs())
  assert.equal(sessionOf(connection)?.suite, 'noise-xx-classical')
  await host.host.services.ping.ping(node.peerId)
  await until('they have identified us', async () => ((await node.peerStore.get(host.host.peerId)).protocols.length ?? 0) > 2)
  await host.host.services.ping.ping(node.peerId)
  assert.deepEqual(opened, [])
  assert.equal(host.liveness.of(connection), undefined)
  assert.deepEqual(host.host.services.gossip.getPeers(), [])
})

test('a peer that is not on the list is refused by name, in both directions; by default nobody is offered /noise', async (t) => {
  const [{ node: friend }, { node: stranger }] = [await plainNode(t), await plainNode(t)]
  const host = await startX0Host(t, { interop: [rule([friend.peerId])] })
  await friend.dial(host.host.getMultiaddrs())
  // the stranger's own end may be done before ours has judged it; then it finds itself cut off
  const connection = await stranger.dial(host.host.getMultiaddrs()).catch(() => undefined)
  await until('the stranger is cut off', () => connection === undefined || connection.status !== 'open')
  assert.deepEqual(refusals(host), ['responder:not-allowed'])
  await assert.rejects(host.host.dial(stranger.getMultiaddrs()))
  assert.deepEqual(refusals(host), ['responder:not-allowed', 'initiator:not-allowed'])
  assert.deepEqual(
    host.host.getConnections().map(({ remotePeer }) => remotePeer.toString()),
    [friend.peerId.toString()],
  )

  const closed = await startX0Host(t)
  await assert.rejects(friend.dial(closed.host.getMultiaddrs()))
  await assert.rejects(closed.host.dial(friend.getMultiaddrs()))
  assert.deepEqual(closed.host.getConnections(), [])
  assert.deepEqual(
    closed.supervisor.peers().filter(({ status }) => status === 'up/direct'),
    [],
  )
})

test('whoever is up over the x0 channel, or has a node record here, does not come in over plain Noise, nor is met over it', async (t) => {
  const interop = [rule('any')]
  let recorded: { peerId: string; x0Id: Uint8Array } | undefined
  const recordOf = (peerId: string): typeof recorded => (recorded?.peerId === peerId ? recorded : undefined)
  const [host, friend] = [await startX0Host(t, { interop, recordOf }), await startX0Host(t)]
  const { identity } = friend
  const connection = await friend.host.dial(host.host.getMultiaddrs())
  await until('it is up', () => host.host.getConnections(friend.host.peerId).length === 1)
  // somebody who has broken its Ed25519 key, which is all that plain Noise proves
  const { node: thief } = await plainNode(t, identity.libp2pKey)
  const tryIn = async (): Promise<void> => {
    const before = refusals(host).length
    const open = await thief.dial(host.host.getMultiaddrs()).catch(() => undefined)
    await until('it is refused', () => refusals(host).length > before && (open === undefined || open.status !== 'open'))
  }
  await tryIn()
  await assert.rejects(host.host.dial(thief.getMultiaddrs(), { force: true }))
  assert.deepEqual(refusals(host), ['responder:missing-authentication', 'initiator:missing-authentication'])

  // the session is over; what is left is what its node says of itself
  await connection.close()
  await friend.host.stop()
  await until('it is gone', () => host.host.getConnections().length === 0)
  recorded = { peerId: identity.peerId, x0Id: identity.x0Id }
  await tryIn()
  assert.equal(refusals(host).at(-1), 'responder:missing-authentication')
  // nobody knows better: the operator's rule decides
  recorded = undefined
  await thief.dial(host.host.getMultiaddrs())
  await until('it is in', () => host.host.getConnections().length === 1)
})

const HYBRID = '/noise-mlkem768-hfs/0.2.0'

/** Passes everything on, but tells the dialler that the far end does not speak the x0 channel. */
async function stripper(t: TestContext, port: number): Promise<{ address: string; stripped: () => number }> {
  let stripped = 0
  const asked = multistreamLine(X0_PROTOCOL)
  const header = multistreamLine('/multistream/1.0.0')
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    const sockets: Socket[] = [near, far]
    const hangUp = (): void => {
      for (const socket of sockets) socket.destroy()
    }
    for (const socket of sockets) socket.on('error', hangUp).on('close', hangUp)
    // the far end's greeting is said here, so that the denial comes right behind it
    let greeting = header.length
    far.on('data', (data: Buffer) => {
      near.write(data.subarray(Math.min(greeting, data.length)))
      greeting = Math.max(0, greeting - data.length)
    })
    near.on('data', (data: Buffer) => {
      const at = data.indexOf(asked)
      if (at < 0) {
        far.write(data)
        return
      }
      stripped += 1
      far.write(Buffer.concat([data.subarray(0, at), data.subarray(at + asked.length)]))
      near.write(Buffer.concat([header, multistreamLine('na')]))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return { address: `/ip4/127.0.0.1/tcp/${address.port}`, stripped: () => stripped }
}

const NOBODY_JOINS: Door = { admit: () => 'not-admitted', answer: () => Promise.reject(new Error('nobody was admitted')) }

/** The weaker protocol that both offer, and how its session is refused. */
const WEAKER = [
  // classical Noise proves no x0 id, and this peer has one
  ['/noise', 'missing-authentication'],
  // both ends sign their lists, so the dialler sees that they have better in common
  [HYBRID, 'protocol-mismatch'],
  // which makes no session at all, and nobody dials on purpose
  [JOIN_PROTOCOL, 'protocol-mismatch'],
] as const

for (const [protocol, code] of WEAKER) {
  test(`somebody between two of our nodes who denies the x0 channel gets no session over ${protocol}`, async (t) => {
    const options: X0HostOptions =
      protocol === JOIN_PROTOCOL
        ? { joinDoor: NOBODY_JOINS }
        : { interop: [{ protocol, peers: 'any', protocols: [] }], joinDoor: NOBODY_JOINS }
    const [dialler, answerer] = [await startX0Host(t, options), await startX0Host(t, options)]
    const peerId = answerer.host.peerId.toString()
    const proxy = await stripper(t, Number(/tcp\/(\d+)/.exec(answerer.host.getMultiaddrs()[0]?.toString() ?? '')?.[1]))
    dialler.channel.context.pins.state(peerId, answerer.x0Id, 'bootstrap')
    await assert.rejects(dialler.host.dial(multiaddr(`${proxy.address}/p2p/${peerId}`)))
    assert.equal(proxy.stripped(), 1)
    assert.deepEqual(refusals(dialler), [`initiator:${code}`])
    assert.equal(dialler.host.getConnections().length, 0)
    await until('the other end is rid of it', () => answerer.host.getConnections().length === 0)
    assert.deepEqual(
      dialler.events.filter(({ type }) => type === 'peer.up'),
      [],
    )
    // without the proxy the two agree on the best they have
    const connection = await dialler.host.dial(answerer.host.getMultiaddrs())
    assert.equal(connection.encryption, X0_PROTOCOL)
    assert.equal(sessionOf(connection)?.pqAuthenticated, true)
  })
}

test('two of our nodes with nothing but the open hybrid protocol in common: authenticated, and fenced', async (t) => {
  const interop: InteropRule[] = [{ protocol: HYBRID, peers: 'any', protocols: [] }]
  const [dialler, answerer] = [await startX0Host(t, { interop, interopOnly: true }), await startX0Host(t, { interop })]
  const connection = await dialler.host.dial(answerer.host.getMultiaddrs())
  await until('the other end has it too', () => answerer.host.getConnections(dialler.host.peerId).length === 1)
  const [seen] = answerer.host.getConnections(dialler.host.peerId)
  assert.ok(seen)
  for (const each of [connection, seen]) {
    const facts = sessionOf(each)
    assert.equal(each.encryption, HYBRID)
    assert.deepEqual([facts?.suite, facts?.pqKeyExchange, facts?.pqAuthenticated], ['noise-xxhfs-mlkem768-mldsa65', true, true])
    assert.notEqual(each.limits, undefined)
  }
  assert.equal(Buffer.from(sessionOf(seen)?.remoteX0Id ?? []).length, 32)
  assert.ok((await dialler.host.services.ping.ping(answerer.host.peerId)) >= 0)
  await assert.rejects(connection.newStream('/meshsub/1.2.0'))
  assert.deepEqual([...dialler.host.services.gossip.getPeers(), ...answerer.host.services.gossip.getPeers()], [])
})
