import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { until } from './testing.ts'
import { startX0Host, type X0Host } from './x0-host.ts'

const OTHER_X0_ID = formatX0Id(new Uint8Array(32).fill(9))

const addressOf = ({ host }: X0Host): string => host.getMultiaddrs()[0]?.decapsulate('/p2p').toString() ?? ''

for (const named of [true, false]) {
  test(`a refused dial of a line ${named ? 'with' : 'without'} a peer id has the refusal's own code`, async (t) => {
    const target = await startX0Host(t)
    const peerId = target.host.peerId.toString()
    const dialler = await startX0Host(t)
    dialler.channel.context.pins.state(peerId, OTHER_X0_ID, 'invite')
    dialler.supervisor.want([
      { address: addressOf(target), peerId: named ? peerId : undefined, x0Id: undefined, source: 'command' },
    ])
    await until('it has failed', () => dialler.supervisor.peers().some(({ lastError }) => lastError !== undefined))
    const [peer] = dialler.supervisor.peers()
    assert.equal(peer?.lastError?.code, 'x0-id-mismatch', peer?.lastError?.message)
    assert.equal(peer?.peerId, named ? peerId : undefined)
  })
}
