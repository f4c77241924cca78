import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testHost, until, NETWORK, TOPIC } from './testing.ts'

test('a host serves our DHT, tells only its version, and carries gossip', async (t) => {
  const hosts = await Promise.all([testHost(), testHost()])
  const [a, b] = hosts
  assert.ok(a !== undefined && b !== undefined)
  t.after(() => Promise.all(hosts.map((host) => host.stop())))
  await Promise.all(hosts.map((host) => host.start()))
  assert.ok(a.getProtocols().includes(`/x0/${NETWORK}/kad/1.0.0`))
  assert.equal(a.services.dht.getMode(), 'server')
  const heard: string[] = []
  b.services.gossip.addEventListener('message', (event) => heard.push(Buffer.from(event.detail.data).toString()))
  for (const host of hosts) host.services.gossip.subscribe(TOPIC)
  await a.dial(b.getMultiaddrs())
  await until('gossip sees the subscriber', () => a.services.gossip.getSubscribers(TOPIC).length === 1)
  await a.services.gossip.publish(TOPIC, Buffer.from('hello'))
  await until('the message arrives', () => heard.includes('hello'))
  const known = await a.peerStore.get(b.peerId)
  assert.equal(Buffer.from(known.metadata.get('AgentVersion') ?? []).toString(), 'x0/0.0.0-test')
})
