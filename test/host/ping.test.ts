import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PING_PROTOCOL } from '@libp2p/ping'
import { testHost, until } from './testing.ts'

test('a ping whose bytes and end arrive together is answered, and its stream ends', { timeout: 30_000 }, async (t) => {
  const far = await testHost()
  const near = await testHost()
  t.after(() => Promise.all([far.stop(), near.stop()]))
  await Promise.all([far.start(), near.start()])
  const connection = await near.dial(far.getMultiaddrs())
  for (let round = 0; round < 20; round += 1) {
    const stream = await connection.newStream(PING_PROTOCOL)
    const heard: Uint8Array[] = []
    stream.addEventListener('message', ({ data }) => heard.push(data.subarray()))
    // All in one turn: yamux opens the stream, says all and closes its side before the far end can look.
    stream.send(new Uint8Array(32).fill(round))
    await stream.close()
    await until('both sides have closed', () => stream.status !== 'open', 2_000)
    assert.equal(stream.status, 'closed')
    assert.deepEqual(Buffer.concat(heard), Buffer.alloc(32, round))
  }
})

test('two pings at once, and many after each other, are all answered', { timeout: 30_000 }, async (t) => {
  const far = await testHost()
  const near = await testHost()
  t.after(() => Promise.all([far.stop(), near.stop()]))
  await Promise.all([far.start(), near.start()])
  await near.dial(far.getMultiaddrs())
  const ask = (): Promise<number> => near.services.ping.ping(far.peerId, { signal: AbortSignal.timeout(2_000) })
  for (let round = 0; round < 20; round += 1) for (const rtt of await Promise.all([ask(), ask()])) assert.ok(rtt >= 0 && rtt < 2_000)
})
