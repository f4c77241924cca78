import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeNode, PEER_A, x0 } from './fake-node.ts'

const LINE = `/ip4/192.0.2.1/tcp/9691/p2p/${PEER_A}`
const X0_ID = `x0${'a'.repeat(52)}`
const BLOCK = { peerId: PEER_A, x0Id: X0_ID, since: '2026-01-01T00:00:00.000Z', until: null, reason: 'loud' }

describe('x0 peer', () => {
  it('add asks for the line, and says for how long', async (t) => {
    const answer = { schema: 'x0.peer-added/v1', peerId: PEER_A, x0Id: X0_ID, address: '/ip4/192.0.2.1/tcp/9691' }
    const node = await fakeNode(t, ({ body }) => ({
      body: { ...answer, saved: body.includes('save'), blocked: !body.includes('save') },
    }))
    const brief = await x0(['--home', node.home, 'peer', 'add', LINE])
    assert.deepEqual([brief.code, brief.out], [0, `${X0_ID} is kept connected until the next start (with --save for good).\n`])
    assert.match(brief.err, /blocked here.*x0 peer unblock/)
    const saved = await x0(['--home', node.home, 'peer', 'add', LINE, '--save'])
    assert.deepEqual([saved.out, saved.err], [`${X0_ID} is kept connected for good.\n`, ''])
    assert.deepEqual(
      node.seen.map(({ method, url, body }) => [method, url, JSON.parse(body)]),
      [
        ['POST', '/mesh/peers', { line: LINE }],
        ['POST', '/mesh/peers', { line: LINE, save: true }],
      ],
    )
    assert.equal((await x0(['--home', node.home, '-q', 'peer', 'add', LINE])).out, '')
  })

  it('rm names the peer in the path, and says what brings it back', async (t) => {
    const remains = ['peers.persistent (X0_PEERS_PERSISTENT)', 'bootstrap (\u001b[31m)']
    const document = { schema: 'x0.peer-removed/v1', peerId: null, x0Id: null, saved: false, remains }
    const node = await fakeNode(t, () => ({ body: document }))
    const { code, out, err } = await x0(['--home', node.home, 'peer', 'rm', LINE, '--save'])
    assert.deepEqual([code, out], [0, `${LINE} is removed, and left alone for 10 minutes.\n`])
    assert.match(err, /back at the next start: peers\.persistent \(X0_PEERS_PERSISTENT\) names it/)
    assert.ok(!err.includes('\u001b'))
    assert.deepEqual([node.seen[0]?.method, node.seen[0]?.url], ['DELETE', `/mesh/peers/${encodeURIComponent(LINE)}?save=true`])
    await x0(['--home', node.home, 'peer', 'rm', PEER_A])
    assert.equal(node.seen[1]?.url, `/mesh/peers/${PEER_A}`)
    assert.deepEqual(JSON.parse((await x0(['--home', node.home, '--json', 'peer', 'rm', PEER_A])).out), document)
  })

  it('block reads its time, and block, blocked and unblock say who it is', async (t) => {
    const node = await fakeNode(t, ({ method, url }) => {
      if (method === 'POST') return { body: { schema: 'x0.block/v1', ...BLOCK, wanted: true } }
      if (method === 'DELETE') return { body: { schema: 'x0.unblocked/v1', blocks: [BLOCK] } }
      return { body: { schema: 'x0.blocks/v1', blocks: url === '/mesh/blocks' && node.seen.length > 3 ? [BLOCK] : [] } }
    })
    const block = await x0(['--home', node.home, 'peer', 'block', PEER_A, '--for', '2h', '--reason', 'loud'])
    assert.equal(block.out, `${X0_ID} is blocked until it is unblocked.\n`)
    assert.match(block.err, /dialled again when the block ends/)
    assert.deepEqual(JSON.parse(node.seen[0]?.body ?? ''), { peer: PEER_A, forSeconds: 7200, reason: 'loud' })
    const unblock = await x0(['--home', node.home, 'peer', 'unblock', PEER_A])
    assert.equal(unblock.out, `${X0_ID} is not blocked any more.\n`)
    assert.deepEqual([node.seen[1]?.method, node.seen[1]?.url], ['DELETE', `/mesh/blocks/${PEER_A}`])
    const none = await x0(['--home', node.home, 'peer', 'blocked'])
    assert.deepEqual([none.out, none.err], ['', 'Nobody is blocked.\n'])
    const some = await x0(['--home', node.home, 'peer', 'blocked'])
    assert.match(some.out, new RegExp(`^X0 ID .*\\n${X0_ID} +${PEER_A} .* loud\\n$`))
    for (const time of ['0', '1.5h', '11y', 'soon'])
      assert.equal((await x0(['--home', node.home, 'peer', 'block', PEER_A, '--for', time])).code, 2, time)
  })
})
