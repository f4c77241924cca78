import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { sessionOf } from '../../src/channel/session.ts'
import type { InteropRule } from '../../src/config/schema.ts'
import { dhtProtocol } from '../../src/host/dht.ts'
import { routingTableSize } from '../../src/host/overlay-metrics.ts'
import { SYNC_PROTOCOL } from '../../src/host/trust-sync-wire.ts'
import { HurriedClock } from './hurried-clock.ts'
import { NETWORK, TOPIC, testHost, until } from './testing.ts'
import { closedNet, connectionsTo, gossipFlows, SERVICE, startTrustedHost, type TrustedHost } from './trusted-host.ts'

/** Whether the far end serves `protocol`: multistream says yes to what it knows, so only an answer counts. */
async function serves(connection: Connection, protocol: string): Promise<boolean> {
  try {
    const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(2_000) })
    const bytes = byteStream(stream)
    await bytes.write(Uint8Array.of(1, 2, 3), { signal: AbortSignal.timeout(2_000) })
    return (await bytes.read({ bytes: 3, signal: AbortSignal.timeout(2_000) })).byteLength === 3
  } catch {
    return false
  }
}

/** Whether a stream of `protocol` still stands when an answer to a ping that was sent after it is back. */
async function staysOpen(from: TrustedHost, connection: Connection, protocol: string): Promise<boolean> {
  try {
    const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(2_000) })
    stream.send(Uint8Array.of(0))
    await from.host.services.ping.ping(connection.remotePeer)
    return stream.status === 'open'
  } catch {
    return false
  }
}

function only(from: TrustedHost, to: TrustedHost): Connection {
  const [connection, ...more] = connectionsTo(from, to)
  assert.ok(connection !== undefined && more.length === 0, `${more.length + 1} connections`)
  return connection
}

const told = ({ events }: TrustedHost, type: string): readonly Readonly<Record<string, unknown>>[] =>
  events.filter((event) => event.type === type).map(({ data }) => data)

const NETWORK_PROTOCOLS = [SERVICE, '/meshsub/1.2.0', dhtProtocol(NETWORK)]

test('who catches up serves sync, identify, ping and liveness alone; then all flows over the very same connection', async (t) => {
  const net = await closedNet({ founders: 2, nodes: 2 })
  const [founder, , nodeA, nodeB] = [...net.founders, ...net.nodes]
  assert.ok(founder && nodeA && nodeB)
  const member = await startTrustedHost(t, net, founder, { damaged: false })
  const settled = await startTrustedHost(t, net, nodeB)
  await settled.host.dial(member.host.getMultiaddrs())
  await until('the settled node is level', () => settled.trust.view().level)
  assert.equal(settled.trust.view().syncedWith, member.x0Id)
  await member.stop()

  const clock = new HurriedClock()
  const back = await startTrustedHost(t, net, nodeA, { clock })
  await settled.host.dial(back.host.getMultiaddrs())
  await until('they have synced', () => back.events.length > 0 && connectionsTo(back, settled).length === 1)
  const [ours, theirs] = [only(back, settled), only(settled, back)]
  assert.equal(await back.trust.syncWith(ours), true)
  assert.equal(back.trust.view().level, false)
  assert.ok((await settled.host.services.ping.ping(back.host.peerId)) >= 0)
  await settled.host.services.identify.identify(theirs)
  await until('liveness measures both ends', () =>
    [back.liveness.of(ours), settled.liveness.of(theirs)].every((view) => view?.rttMs !== undefined),
  )
  // towards the one that catches up ...
  const heard: string[] = []
  back.host.services.gossip.addEventListener('message', ({ detail }) => heard.push(detail.topic))
  await settled.host.services.gossip.publish(TOPIC, Buffer.from('for members of the network'))
  for (const protocol of NETWORK_PROTOCOLS) assert.equal(await staysOpen(settled, theirs, protocol), false, protocol)
  assert.equal(await serves(theirs, SERVICE), false)
  // ... and from it
  for (const protocol of NETWORK_PROTOCOLS) await assert.rejects(ours.newStream(protocol), { name: 'LimitedConnectionError' })
  assert.deepEqual([heard, back.host.services.gossip.getPeers().length, routingTableSize(back.host.services.dht)], [[], 0, 0])
  assert.equal(connectionsTo(settled, back).length, 1, 'nobody has dialled a second time')
  assert.equal(back.trust.view().level, false)

  clock.hurry(30_000)
  assert.deepEqual(
    [back.trust.view().level, back.trust.view().syncedWith, told(back, 'trust.level')[0]?.member],
    [true, settled.x0Id, false],
  )
  await gossipFlows([back, settled])
  await until('the DHT knows the peer at both ends', () =>
    [back, settled].every(({ host }) => routingTableSize(host.services.dht) === 1),
  )
  for (const connection of [ours, theirs]) {
    assert.equal(connection.status, 'open')
    assert.equal(await serves(connection, SERVICE), true)
  }
  const found: string[] = []
  for await (const event of settled.host.services.dht.getClosestPeers(back.identity.x0Id, { signal: AbortSignal.timeout(5000) }))
    if (event.name === 'FINAL_PEER') found.push(event.peer.id.toString())
  assert.deepEqual(found, [back.host.peerId.toString()])
  assert.deepEqual([only(back, settled), only(settled, back)], [ours, theirs])
})

test('a sync with a member ends it at once, whoever dialled', async (t) => {
  const net = await closedNet({ founders: 2, nodes: 2 })
  const [founder, , nodeA, nodeB] = [...net.founders, ...net.nodes]
  assert.ok(founder && nodeA && nodeB)
  const member = await startTrustedHost(t, net, founder)
  const [dialler, dialled] = [await startTrustedHost(t, net, nodeA), await startTrustedHost(t, net, nodeB)]
  await dialler.host.dial(member.host.getMultiaddrs())
  await member.host.dial(dialled.host.getMultiaddrs())
  await until('both are level', () => [dialler, dialled].every(({ trust }) => trust.view().level), 2_000)
  for (const each of [dialler, dialled])
    assert.deepEqual([told(each, 'trust.level')[0]?.with, told(each, 'trust.level')[0]?.member], [member.x0Id, true])
  // no member has synced with the founder yet: it waits itself
  assert.equal(member.trust.view().level, false)
})

test('the founder of a network of one has nobody to wait for; with a damaged disk it waits all the same', async (t) => {
  const net = await closedNet({ founders: 1, nodes: 0 })
  const [founder] = net.founders
  assert.ok(founder)
  const host = await startTrustedHost(t, net, founder)
  assert.equal(host.trust.view().level, true)
  await host.stop()
  const damaged = await startTrustedHost(t, net, founder, { damaged: true })
  assert.equal(damaged.trust.view().level, false)
  assert.deepEqual(told(damaged, 'trust.catching-up'), [{ damaged: true }])
})

test('a revoked node that reaches a returning node first gets nothing, and is cut as soon as anybody tells', async (t) => {
  const net = await closedNet({ founders: 1, nodes: 2 })
  const [founder, nodeA, thief] = [...net.founders, ...net.nodes]
  assert.ok(founder && nodeA && thief)
  const back = await startTrustedHost(t, net, nodeA)
  const revoked = await startTrustedHost(t, net, thief)
  await revoked.host.dial(back.host.getMultiaddrs())
  await until('it is in', () => connectionsTo(back, revoked).length === 1)
  const [theirs] = connectionsTo(revoked, back)
  assert.ok(theirs)
  assert.equal(await revoked.trust.syncWith(theirs), true)
  assert.equal(await serves(theirs, SERVICE), false)
  const member = await startTrustedHost(t, net, founder, { revocations: [await net.revoke(thief.x0Id)] })
  await back.host.dial(member.host.getMultiaddrs())
  await until('it is cut', () => connectionsTo(back, revoked).length === 0, 2_000)
  assert.deepEqual(back.closings, ['revoked'])
  await until('the node is level', () => back.trust.view().level)
  await until('and knows it', () => connectionsTo(revoked, back).length === 0)
  const again = await revoked.host.dial(back.host.getMultiaddrs())
  await assert.rejects(Promise.resolve(sessionOf(again)?.accepted), /revoked/)
  assert.equal(connectionsTo(back, revoked).length, 0)
})

test('a fleet whose power was cut: none of them a member, both level half a minute later, and gossip flows', async (t) => {
  const net = await closedNet({ founders: 1, nodes: 2 })
  const [nodeA, nodeB] = net.nodes
  assert.ok(nodeA && nodeB)
  const clocks = [new HurriedClock(), new HurriedClock()] as const
  const hosts = [
    await startTrustedHost(t, net, nodeA, { clock: clocks[0] }),
    await startTrustedHost(t, net, nodeB, { clock: clocks[1] }),
  ]
  const [a, b] = hosts
  assert.ok(a && b)
  const connection = await a.host.dial(b.host.getMultiaddrs())
  await until('both are met', () => connectionsTo(b, a).length === 1)
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const)
    assert.equal(await from.trust.syncWith(only(from, to)), true)
  clocks[0].hurry(30_000)
  assert.deepEqual(
    hosts.map(({ trust }) => trust.view().level),
    [true, false],
  )
  clocks[1].hurry(30_000)
  await until('the other is level as well', () => b.trust.view().level)
  await gossipFlows(hosts)
  assert.equal(only(a, b), connection)
})

test('a session of an interop encrypter stays fenced when the others are opened', async (t) => {
  const net = await closedNet({ founders: 1, nodes: 1 })
  const [founder, nodeA] = [...net.founders, ...net.nodes]
  assert.ok(founder && nodeA)
  const interop: InteropRule[] = [{ protocol: '/noise', peers: 'any', protocols: [] }]
  const back = await startTrustedHost(t, net, nodeA, { interop })
  const plain = await testHost()
  t.after(() => plain.stop())
  await plain.start()
  await plain.dial(back.host.getMultiaddrs())
  const member = await startTrustedHost(t, net, founder)
  await back.host.dial(member.host.getMultiaddrs())
  await until('the node is level', () => back.trust.view().level)
  await gossipFlows([back, member])
  const [foreign] = back.host.getConnections(plain.peerId)
  assert.equal(foreign?.encryption, '/noise')
  assert.notEqual(foreign?.limits, undefined)
  const [towards] = plain.getConnections(back.host.peerId)
  assert.ok(foreign && towards)
  const stream = await towards.newStream(SYNC_PROTOCOL)
  await until('a sync is refused', () => stream.status !== 'open')
  assert.equal(await back.trust.syncWith(foreign), false)
  assert.equal(back.trust.view().syncedWith, member.x0Id)
})

test('a node that slept is fenced off again with all it has open, and comes back the same way', async (t) => {
  const net = await closedNet({ founders: 1, nodes: 1 })
  const [founder, nodeA] = [...net.founders, ...net.nodes]
  assert.ok(founder && nodeA)
  const clock = new HurriedClock()
  const [member, sleeper] = [await startTrustedHost(t, net, founder), await startTrustedHost(t, net, nodeA, { clock })]
  await sleeper.host.dial(member.host.getMultiaddrs())
  await until('it is level', () => sleeper.trust.view().level)
  await gossipFlows([member, sleeper])
  const [ours, theirs] = [only(sleeper, member), only(member, sleeper)]
  const service = await theirs.newStream(SERVICE)
  clock.hurry(10 * 60_000)
  assert.deepEqual([told(sleeper, 'trust.catching-up').length, sleeper.trust.view().level], [2, false])
  assert.notEqual(ours.limits, undefined)
  await until('what was open is reset', () => service.status !== 'open')
  await until('it is level again', () => sleeper.trust.view().level)
  await gossipFlows([member, sleeper])
  assert.equal(only(sleeper, member), ours)
})
