import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { NETWORK, TOPIC, testHost, until } from './testing.ts'

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

test('a host that was stopped gives its data store back, and the next one on it remembers its peers', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'x0-host-'))
  const datastorePath = join(home, 'libp2p')
  const privateKey = await generateKeyPair('Ed25519')
  const friend = await testHost()
  t.after(async () => {
    await friend.stop()
    await rm(home, { recursive: true, force: true })
  })
  await friend.start()
  for (let round = 0; round < 3; round += 1) {
    const host = await testHost({ privateKey, datastorePath })
    await host.start()
    if (round === 0) {
      await host.dial(friend.getMultiaddrs())
      await until('identified', async () => ((await host.peerStore.get(friend.peerId)).protocols.length ?? 0) > 0)
    } else assert.ok((await host.peerStore.get(friend.peerId)).addresses.length > 0)
    await host.stop()
  }
})
