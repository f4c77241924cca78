import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamPair } from '@libp2p/utils'
import { answerPings } from '../../src/host/ping-service.ts'
import { testHost, until } from './testing.ts'

test('a ping whose bytes and end are there before anybody listens is answered, and its stream ends', async () => {
  const [near, far] = await streamPair()
  const heard: Uint8Array[] = []
  near.addEventListener('message', ({ data }) => heard.push(data.subarray()))
  near.send(new Uint8Array(32).fill(7))
  await near.close()
  await until('the end has arrived', () => far.remoteWriteStatus === 'closed', 2_000)
  answerPings(far)
  await until('both sides are closed', () => near.status === 'closed' && far.status === 'closed', 2_000)
  assert.deepEqual(Buffer.concat(heard), Buffer.alloc(32, 7))
})

test('a stream that ends without a ping ends here too', async () => {
  const [near, far] = await streamPair()
  await near.close()
  await until('the end has arrived', () => far.remoteWriteStatus === 'closed', 2_000)
  answerPings(far)
  await until('both sides are closed', () => near.status === 'closed' && far.status === 'closed', 2_000)
})

test('pings at once and after each other are all answered', { timeout: 30_000 }, async (t) => {
  const far = await testHost()
  const near = await testHost()
  t.after(() => Promise.all([far.stop(), near.stop()]))
  await Promise.all([far.start(), near.start()])
  await near.dial(far.getMultiaddrs())
  const ask = (): Promise<number> => near.services.ping.ping(far.peerId, { signal: AbortSignal.timeout(2_000) })
  for (let round = 0; round < 20; round += 1) for (const rtt of await Promise.all([ask(), ask()])) assert.ok(rtt < 2_000)
})
