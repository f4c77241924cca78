import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { closestPeers } from '../../src/host/dht.ts'
import type { Host } from '../../src/host/libp2p-host.ts'
import { createSupervisor, type PeerSupervisor } from '../../src/host/supervisor-runner.ts'
import type { NodeEvent } from '../../src/observe/event.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { testHost, until } from './testing.ts'

interface Node {
  readonly host: Host
  readonly supervisor: PeerSupervisor
  readonly events: Omit<NodeEvent, 'at'>[]
  readonly expected: string[]
  stop(): Promise<void>
}

async function node(bootstrap: readonly string[], options: { privateKey?: PrivateKey; listen?: string } = {}): Promise<Node> {
  const host = await testHost({
    listen: [options.listen ?? '/ip4/127.0.0.1/tcp/0'],
    ...(options.privateKey === undefined ? {} : { privateKey: options.privateKey }),
  })
  const events: Omit<NodeEvent, 'at'>[] = []
  const expected: string[] = []
  const stopping = new AbortController()
  const supervisor = createSupervisor({
    host,
    counts: { min: 2, target: 8, max: 16 },
    wanted: bootstrap.map((address) => ({ address, peerId: undefined, x0Id: undefined, source: 'bootstrap' })),
    bars: new Map(),
    forget: () => undefined,
    clock: systemClock,
    random: systemRandom,
    report: (event) => events.push(event),
    expectIdentity: (peerId) => expected.push(peerId),
    search: () => void closestPeers(host.services.dht, systemRandom.bytes(32), 16, stopping.signal),
    interfaces: () => 'lo',
    countDial: () => undefined,
  })
  await host.start()
  supervisor.start()
  const stop = async (): Promise<void> => {
    stopping.abort()
    supervisor.stop()
    await host.stop()
  }
  return { host, supervisor, events, expected, stop }
}

/** The address on which a node listens, without its /p2p/ part. */
function addressOf(node: Node): string {
  const [first] = node.host.getMultiaddrs()
  return first?.toString().replace(/\/p2p\/.*$/, '') ?? ''
}

const upPeers = (node: Node): number => node.supervisor.peers().filter(({ status }) => status === 'up/direct').length

test('five nodes told one address each find and connect to all; one killed shows down and comes back', async (t) => {
  const first = await node([])
  const rest = await Promise.all(Array.from({ length: 4 }, () => node([addressOf(first)])))
  const nodes = [first, ...rest]
  t.after(() => Promise.all(nodes.map(({ stop }) => stop())))
  const tookMs = await until('all connected to all', () => nodes.every((each) => upPeers(each) === 4))
  t.diagnostic(`all connected after ${tookMs.toFixed(0)} ms`)

  const key = await generateKeyPair('Ed25519')
  const sixth = await node([addressOf(first)], { privateKey: key })
  const sixthId = sixth.host.peerId.toString()
  const listen = addressOf(sixth)
  await until('the sixth is up everywhere', () => nodes.every((each) => upPeers(each) === 5))
  await sixth.stop()
  const stateOf = (each: Node) => each.supervisor.peers().find(({ peerId }) => peerId === sixthId)
  await until('its peers show it down', () => nodes.every((each) => stateOf(each)?.status === 'down'))
  for (const each of nodes) {
    const peer = stateOf(each)
    assert.ok(peer?.lastError !== undefined && peer.lastError.message.length > 0, 'down has its reason')
    assert.ok(each.events.some((event) => event.type === 'peer.down' && event.peer === sixthId))
  }
  // Its peers have to reach it by themselves: this time it is told of nobody.
  const back = await node([], { privateKey: key, listen })
  nodes.push(back)
  const backMs = await until(
    'it is back everywhere',
    () => nodes.every((each) => each === back || stateOf(each)?.status === 'up/direct'),
    5_000,
  )
  t.diagnostic(`back after ${backMs.toFixed(0)} ms`)
})

test('a dead bootstrap address stays listed as never, with its error and the next try', async (t) => {
  const closed = await node([])
  const dead = addressOf(closed)
  await closed.stop()
  const lonely = await node([dead])
  t.after(() => lonely.stop())
  await until('two failures', () => (lonely.supervisor.peers()[0]?.failures ?? 0) >= 2)
  const [peer] = lonely.supervisor.peers()
  assert.equal(peer?.status, 'never')
  assert.equal(peer?.lastError?.code, 'refused')
  assert.ok(peer?.wanted)
  assert.deepEqual(peer?.addresses, [dead])
})

test('another node at the address than the one expected is an identity mismatch, and the expectation was set before', async (t) => {
  const target = await node([])
  const caller = await node([])
  t.after(() => Promise.all([target.stop(), caller.stop()]))
  const other = (await testHost()).peerId.toString()
  caller.supervisor.want([{ address: addressOf(target), peerId: other, x0Id: 'ab'.repeat(32), source: 'command' }])
  await until('the mismatch', () => caller.supervisor.peers().some(({ lastError }) => lastError !== undefined))
  const peer = caller.supervisor.peers().find(({ peerId }) => peerId === other)
  assert.equal(peer?.lastError?.code, 'identity-mismatch', peer?.lastError?.message)
  assert.deepEqual(caller.expected.slice(0, 1), [other])
  assert.equal(peer?.status, 'never')
})
