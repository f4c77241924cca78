import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeNode, PEER_A, PEER_B, PEERS, type Seen, STATUS, X0_A, x0 } from './fake-node.ts'

/** A node of which `up` peers are up. */
const statusOf = (up: number, ready = true) => ({ ...STATUS, ready, peers: { ...STATUS.peers, up } })

describe('x0 wait', () => {
  it('ends at once where all holds, and prints the status with --json', async (t) => {
    const node = await fakeNode(t, () => ({ body: STATUS }))
    const { code, out } = await x0(['--home', node.home, '--json', 'wait', '--ready', '--peers', '2'])
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(out), STATUS)
    assert.deepEqual(await x0(['--home', node.home, '-q', 'wait']), { code: 0, out: '', err: '' })
  })

  it('looks again until enough peers are up', async (t) => {
    let looks = 0
    const node = await fakeNode(t, () => {
      looks += 1
      return { body: statusOf(looks - 1) }
    })
    const { code, out } = await x0(['--home', node.home, '--timeout', '30', 'wait', '--peers', '2'])
    assert.deepEqual([code, looks], [0, 3])
    assert.match(out, /^ready, 2 peers up, after 0\.\ds\n$/)
  })

  it('finds a peer by peer id or x0 id, up and not', async (t) => {
    const node = await fakeNode(t, ({ url }: Seen) => ({ body: url === '/mesh/peers' ? PEERS : STATUS }))
    assert.equal((await x0(['--home', node.home, 'wait', '--for', PEER_A])).code, 0)
    assert.equal((await x0(['--home', node.home, 'wait', '--for', X0_A])).code, 0)
    const down = await x0(['--home', node.home, '--timeout', '100ms', 'wait', '--for', PEER_B])
    assert.equal(down.code, 4)
    assert.ok(down.err.includes(`${PEER_B} is down`), down.err)
    const unknown = await x0(['--home', node.home, '--timeout', '100ms', 'wait', '--for', 'nobody'])
    assert.equal(unknown.code, 4)
    assert.match(unknown.err, /does not know nobody/)
  })

  it('says what is missing when the time is over', async (t) => {
    const node = await fakeNode(t, () => ({ body: statusOf(1, false) }))
    const { code, out, err } = await x0(['--home', node.home, '--timeout', '100ms', 'wait', '--ready', '--peers', '5'])
    assert.deepEqual([code, out], [4, ''])
    assert.match(err, /Not within 0\.1 s: the node is not ready, peers: 2 of 3; 1 of 5 peers are up/)
  })

  it('waits for a node that is not there yet, and through its start', async (t) => {
    let looks = 0
    const node = await fakeNode(t, () => {
      looks += 1
      if (looks > 1) return { body: STATUS }
      const problem = { type: '', title: '', status: 503, detail: 'starting', code: 'not-ready' }
      return { status: 503, type: 'application/problem+json', body: problem }
    })
    await node.announce({ pid: 2 ** 22 + 1 })
    const gone = await x0(['--home', node.home, '--timeout', '100ms', 'wait'])
    assert.equal(gone.code, 3)
    const waiting = x0(['--home', node.home, '--timeout', '30', 'wait'])
    await node.announce({})
    assert.equal((await waiting).code, 0)
    assert.equal(looks, 2)
  })

  it('does not wait where waiting cannot help', async (t) => {
    const problem = { type: '', title: '', status: 401, detail: 'no token', code: 'token-required' }
    const node = await fakeNode(t, () => ({ status: 401, type: 'application/problem+json', body: problem }))
    assert.equal((await x0(['--home', node.home, '--timeout', '30', 'wait'])).code, 5)
    assert.equal(node.seen.length, 1)
  })
})
