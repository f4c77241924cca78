import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HostError } from '../../src/host/host-error.ts'
import { addressesHad, listenAddresses } from '../../src/host/listen-addresses.ts'

/** An address that somebody else listens on. */
async function takenAddress(t: TestContext): Promise<string> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return `/ip4/127.0.0.1/tcp/${address.port}`
}

/** An address of no machine (RFC 5737). */
const NOT_OURS = '/ip4/192.0.2.1/tcp/9691'
const FREE = '/ip4/127.0.0.1/tcp/0'

const says =
  (...parts: string[]) =>
  (error: unknown): boolean =>
    error instanceof HostError && error.code === 'listen-failed' && parts.every((part) => error.message.includes(part))

test('an address that was written and cannot be had is an error that names it and what to do', async (t) => {
  const taken = await takenAddress(t)
  await assert.rejects(listenAddresses([FREE, taken], true), says(taken, 'EADDRINUSE', 'port 0'))
  await assert.rejects(listenAddresses([NOT_OURS], true), says(NOT_OURS, 'EADDRNOTAVAIL'))
  assert.deepEqual(await listenAddresses([FREE], true), [FREE])
})

test('default addresses yield: a taken port becomes a free one, what the machine lacks is left out', async (t) => {
  const taken = await takenAddress(t)
  assert.deepEqual(await listenAddresses([taken, NOT_OURS], false), [FREE])
  await assert.rejects(listenAddresses([NOT_OURS], false), says('none'))
})

test('what can be had stays as it is, and is let go again', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  server.close()
  await once(server, 'close')
  const free = `/ip4/127.0.0.1/tcp/${address.port}`
  assert.deepEqual(await listenAddresses([free], true), [free])
  assert.deepEqual(await listenAddresses([free], true), [free])
  assert.deepEqual(await listenAddresses([], true), [])
  // a name is for the transport to judge
  assert.deepEqual(await listenAddresses(['/dns4/localhost/tcp/9691'], true), ['/dns4/localhost/tcp/9691'])
})

test('what a node had it asks for again: the port that it got, on the interface that was asked for', () => {
  const had = [
    '/ip4/127.0.0.1/tcp/4101/p2p/QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC',
    '/ip4/192.0.2.2/tcp/4101',
    '/ip6/::1/tcp/4102',
  ]
  assert.deepEqual(addressesHad(['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/9691'], had), ['/ip4/0.0.0.0/tcp/4101', '/ip6/::/tcp/4102'])
  const two = ['/ip4/127.0.0.1/tcp/4103', '/ip4/127.0.0.1/tcp/4104']
  assert.deepEqual(addressesHad([FREE, FREE], two), two)
  assert.deepEqual(addressesHad(['/ip4/127.0.0.1/tcp/4104', FREE], two), [two[1], two[0]])
  assert.deepEqual(addressesHad([NOT_OURS, FREE], two), [NOT_OURS, two[0]])
  assert.deepEqual(addressesHad([], two), [])
})
