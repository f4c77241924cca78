import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { NodeFault } from '../../src/admin/node-view.ts'
import { type PingOperation, runPing } from '../../src/admin/ping-operation.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { startX0Host, type X0Host } from '../host/x0-host.ts'

const WRONG = formatX0Id(new Uint8Array(32).fill(3))
const LIMIT = { timeout: 30_000 }

async function pair(t: TestContext): Promise<{ near: X0Host; far: X0Host; operation: PingOperation; line: string }> {
  const [near, far] = [await startX0Host(t), await startX0Host(t)]
  const operation = {
    host: near.host,
    known: near.supervisor.peers,
    encrypter: near.channel.encrypter,
    refusal: (peer: string) => near.channel.context.refusals.take(peer, 0),
  }
  return { near, far, operation, line: String(far.host.getMultiaddrs()[0]) }
}

const ask = (operation: PingOperation, peer: string) => runPing(operation, { peer, count: 2 }, AbortSignal.timeout(10_000))
const mismatch = (error: unknown): boolean => error instanceof NodeFault && error.code === 'identity-mismatch'
const pinsOf = ({ channel }: X0Host): unknown[] => [...channel.context.pins.entries()]

test(
  'a line with the x0 id of another is an identity mismatch, and nothing is believed or kept because of it',
  LIMIT,
  async (t) => {
    const { near, far, operation, line } = await pair(t)
    // as a bootstrap line without an x0 id does: a first contact would be believed
    near.channel.context.pins.intend(far.host.peerId.toString())
    await assert.rejects(ask(operation, `${line}#${WRONG}`), mismatch)
    assert.deepEqual(pinsOf(near), [], 'nobody was met')
    assert.equal(near.host.getConnections().length, 0)

    const right = await ask(operation, `${line}#${far.x0Id}`)
    assert.deepEqual([right.peerId, right.received], [far.host.peerId.toString(), 2])
    const before = pinsOf(near)
    assert.equal(before.length, 1)

    // Now over the connection that is open.
    await assert.rejects(ask(operation, `${line}#${WRONG}`), mismatch)
    assert.deepEqual(pinsOf(near), before)
    assert.deepEqual(
      near.channelEvents.filter(({ type }) => type === 'pin-alarm'),
      [],
    )
    assert.equal((await ask(operation, far.host.peerId.toString())).received, 2, 'the connection is as good as before')
  },
)
