import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InteropRule } from '../../src/config/schema.ts'
import { createConnectionGater } from '../../src/host/connection-gater.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { connectionsBetween, startX0Host, type X0Host, type X0HostOptions } from './x0-host.ts'

const NOISE: InteropRule = { protocol: '/noise', peers: 'any', protocols: [] }
const LIMIT = { timeout: 30_000 }

const refusals = ({ channelEvents }: X0Host): string[] =>
  channelEvents.flatMap((event) => (event.type === 'refused' ? [`${event.role} ${event.code} by ${event.by}`] : []))

for (const [name, options] of [
  ['the x0 channel', {}],
  ['plain Noise that the configuration lets in', { interop: [NOISE], interopOnly: true }],
] satisfies [string, X0HostOptions][]) {
  test(`a blocked peer gets no session over ${name}, whoever dials`, LIMIT, async (t) => {
    const far = await startX0Host(t, options)
    const blocked = far.host.peerId.toString()
    const near = await startX0Host(t, { ...options, bar: ({ peerId }) => (peerId === blocked ? 'blocked' : undefined) })
    const other = await startX0Host(t, options)
    await assert.rejects(async () => {
      const connection = await far.host.dial(near.host.getMultiaddrs())
      // over Noise there is no verdict: the dialler learns it from the close
      if (connection.status === 'open') await new Promise((resolve) => connection.addEventListener('close', resolve))
      throw new Error('closed')
    })
    await assert.rejects(near.host.dial(far.host.getMultiaddrs()))
    assert.deepEqual(refusals(near).sort(), ['initiator blocked by self', 'responder blocked by self'])
    assert.equal(connectionsBetween(near, far).length, 0)
    if (options.interop === undefined) assert.ok(refusals(far).includes('initiator blocked by peer'), 'it is told')
    await near.host.dial(other.host.getMultiaddrs())
    assert.equal(connectionsBetween(near, other).length, 1, 'others are not concerned')
  })
}

test('nothing in libp2p dials a barred peer either', async (t) => {
  const far = await startX0Host(t)
  const gater = createConnectionGater({
    clock: systemClock,
    count: () => undefined,
    barred: (peerId) => peerId === far.host.peerId.toString(),
  })
  assert.equal(await gater.denyDialPeer?.(far.host.peerId), true)
  const other = await startX0Host(t)
  assert.equal(await gater.denyDialPeer?.(other.host.peerId), false)
  assert.equal(await createConnectionGater({ clock: systemClock, count: () => undefined }).denyDialPeer?.(far.host.peerId), false)
})
