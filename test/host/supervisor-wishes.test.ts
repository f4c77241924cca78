import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_REMOVED_PEERS, REMOVED_PAUSE_MS } from '../../src/host/limits.ts'
import type { SupervisorEffect, SupervisorEvent } from '../../src/host/supervisor-state.ts'
import { Desk, dialsIn, wanted } from './supervisor-desk.ts'

test('a removed peer is hung up on and forgotten, and neither found nor let in for ten minutes, unless it is wanted again', () => {
  const desk = new Desk()
  const seen = (): SupervisorEffect[] =>
    desk.tell({ type: 'found', peerId: 'a', addresses: ['/ip4/192.0.2.2/tcp/2'], source: 'dht' })
  desk.tell({ type: 'want', wants: [wanted('a'), wanted('a', '/ip4/192.0.2.8/tcp/8', 'persistent')] })
  assert.deepEqual(
    desk.tell({ type: 'forget', key: 'a' }).map(({ type }) => type),
    ['abandon', 'hang-up', 'forget'],
    'the dial under way too',
  )
  assert.deepEqual(desk.tell({ type: 'forget', key: 'a' }), [])
  assert.deepEqual(dialsIn(seen()), [])
  assert.equal(desk.state.peers.size, 0)
  // a handshake that was over before
  assert.deepEqual(desk.up('a', 'inbound'), [
    { type: 'hang-up', peerId: 'a', reason: 'removed', message: 'removed a moment ago' },
  ])
  desk.now = REMOVED_PAUSE_MS - 1
  assert.deepEqual(dialsIn(seen()), [])
  desk.now = REMOVED_PAUSE_MS
  assert.deepEqual(dialsIn(seen()), ['a'], 'then it is one like all others')
  assert.equal(desk.peer('a').wanted, false)
  desk.tell({ type: 'forget', key: 'a' })
  assert.deepEqual(dialsIn(desk.tell({ type: 'want', wants: [wanted('a')] })), ['a'])
  desk.now += 1
  desk.tell({ type: 'tick' })
  assert.equal(desk.state.bars.size, 0)
})

test('a peer goes with the last line that asks for it', () => {
  const desk = new Desk()
  const lines = [
    wanted('a'),
    wanted('a', '/ip4/192.0.2.8/tcp/8', 'persistent'),
    wanted('a', '/ip4/192.0.2.9/tcp/9', 'persistent'),
  ]
  desk.tell({ type: 'want', wants: lines })
  assert.equal(desk.peer('a').wants.length, 3)
  desk.tell({ type: 'unwant', wants: lines.slice(2) })
  desk.tell({ type: 'unwant', wants: [wanted('a', '/ip4/192.0.2.7/tcp/7', 'persistent'), wanted('b')] })
  assert.equal(desk.peer('a').wants.length, 2)
  desk.tell({ type: 'unwant', wants: lines.slice(0, 1) })
  assert.ok(desk.peer('a').wanted)
  desk.tell({ type: 'unwant', wants: lines })
  assert.equal(desk.state.peers.size, 0)
})

test('a line that comes into the configuration stands for the same line of a command', () => {
  const desk = new Desk()
  desk.tell({ type: 'want', wants: [wanted('a', '/ip4/192.0.2.9/tcp/9', 'command')] })
  desk.tell({ type: 'want', wants: [wanted('a', '/ip4/192.0.2.9/tcp/9', 'persistent')] })
  desk.tell({ type: 'unwant', wants: [wanted('a', '/ip4/192.0.2.9/tcp/9', 'persistent')] })
  assert.equal(desk.state.peers.size, 0)
})

test('a line without a peer id is the peer that it has led to: asked for again, and taken back', () => {
  const desk = new Desk()
  const line = wanted(undefined, '/ip4/192.0.2.9/tcp/9', 'persistent')
  desk.tell({ type: 'want', wants: [line] })
  desk.up('a')
  desk.tell({ type: 'dialled', key: '@/ip4/192.0.2.9/tcp/9', peerId: 'a' })
  assert.deepEqual(dialsIn(desk.tell({ type: 'want', wants: [line] })), [])
  assert.deepEqual([...desk.state.peers.keys()], ['a'])
  desk.tell({ type: 'unwant', wants: [line] })
  assert.equal(desk.state.peers.size, 0)
})

test('only what an operator stated is insisted on in a dial; a line that states another x0 id ends the connection', () => {
  const desk = new Desk()
  const insists = (effects: readonly SupervisorEffect[]): unknown[] =>
    effects.flatMap((effect) => (effect.type === 'dial' ? [effect.x0Id] : []))
  assert.deepEqual(
    insists(desk.tell({ type: 'found', peerId: 'a', addresses: ['/ip4/192.0.2.2/tcp/2'], source: 'record', x0Id: 'claimed' })),
    [undefined],
  )
  desk.tell({ type: 'dial-failed', key: 'a', code: 'refused', message: '' })
  const first = wanted('a', '/ip4/192.0.2.9/tcp/9', 'persistent', 'stated')
  assert.deepEqual(insists(desk.tell({ type: 'want', wants: [first] })), ['stated'])
  desk.tell({
    type: 'connected',
    peerId: 'a',
    connectionId: 'c-a',
    address: '/ip4/192.0.2.9/tcp/9',
    direction: 'outbound',
    x0Id: 'stated',
  })
  desk.tell({ type: 'dialled', key: 'a', peerId: 'a' })
  assert.deepEqual(desk.tell({ type: 'want', wants: [first] }), [])
  const second = wanted('a', '/ip4/192.0.2.9/tcp/9', 'persistent', 'corrected')
  const [hangUp] = desk.tell({ type: 'want', wants: [second] })
  assert.equal(hangUp?.type === 'hang-up' && hangUp.reason, 'x0-id-mismatch')
  desk.tell({ type: 'unwant', wants: [first] })
  assert.deepEqual(insists(desk.down('a')), ['corrected'], 'the old line has gone, the new one stays')
})

test('a blocked peer is cut off, neither dialled nor looked for, by either of its ids, and tried at once when that ends', () => {
  const desk = new Desk()
  desk.tell({ type: 'want', wants: [wanted('a')] })
  desk.tell({ type: 'dialled', key: 'a', peerId: 'a' })
  const connected = { type: 'connected', peerId: 'a', connectionId: 'c-a', address: '/ip4/192.0.2.1/tcp/1' } as const
  desk.tell({ ...connected, direction: 'outbound', x0Id: 'x0a' })
  const cut = desk.tell({ type: 'block', ids: ['x0a'], until: 5000, message: 'blocked here: loud' })
  assert.deepEqual(cut, [{ type: 'hang-up', peerId: 'a', reason: 'blocked', message: 'blocked here: loud' }])
  desk.tell({ type: 'disconnected', peerId: 'a', connectionId: 'c-a', code: 'blocked', message: 'blocked here: loud' })
  assert.deepEqual([desk.peer('a').status, desk.peer('a').retryAt, desk.peer('a').lastError?.code], ['down', 5000, 'blocked'])
  for (const event of [
    { type: 'network-changed' },
    { type: 'want', wants: [wanted('a', '/ip4/192.0.2.8/tcp/8')] },
    { type: 'found', peerId: 'a', addresses: ['/ip4/192.0.2.7/tcp/7'], source: 'mdns' },
    { type: 'found', peerId: 'other', addresses: ['/ip4/192.0.2.7/tcp/7'], source: 'record', x0Id: 'x0a' },
  ] satisfies SupervisorEvent[]) {
    assert.deepEqual(dialsIn(desk.tell(event)), [], event.type)
    assert.equal(desk.peer('a').retryAt, 5000)
  }
  assert.equal(desk.state.peers.has('other'), false)
  assert.ok(desk.peer('a').wanted && !desk.peer('a').addresses.includes('/ip4/192.0.2.7/tcp/7'))
  assert.deepEqual(
    desk.up('a', 'inbound').map(({ type }) => type),
    ['hang-up'],
    'whatever the channel proved',
  )
  // who holds the clock says when it ends, not this one
  desk.now = 6000
  assert.deepEqual(dialsIn(desk.tell({ type: 'tick' })), [])
  assert.deepEqual(dialsIn(desk.tell({ type: 'unblock', ids: ['x0a'] })), ['a'])

  // a dial under way is given up, a removal does not weaken a block
  assert.deepEqual(
    desk.tell({ type: 'block', ids: ['a'], until: undefined, message: 'blocked here' }).map(({ type }) => type),
    ['abandon'],
  )
  assert.deepEqual([desk.peer('a').dialling, desk.peer('a').retryAt], [false, undefined])
  desk.tell({ type: 'forget', key: 'a' })
  desk.now += 2 * REMOVED_PAUSE_MS
  assert.deepEqual(dialsIn(desk.tell({ type: 'found', peerId: 'a', addresses: ['/ip4/192.0.2.2/tcp/2'], source: 'dht' })), [])
  desk.tell({ type: 'unblock', ids: ['a'] })
  assert.deepEqual(dialsIn(desk.tell({ type: 'found', peerId: 'a', addresses: ['/ip4/192.0.2.2/tcp/2'], source: 'dht' })), ['a'])
})

test('persistent peers have places beyond the maximum; bootstrap peers take theirs from others', () => {
  for (const [source, trimmed] of [
    ['persistent', 0],
    ['command', 0],
    ['bootstrap', 1],
  ] as const) {
    const desk = new Desk({ min: 0, target: 2, max: 2 })
    desk.tell({ type: 'want', wants: [wanted('w', '/ip4/192.0.2.9/tcp/9', source)] })
    desk.up('w')
    desk.up('a', 'inbound')
    const effects = desk.up('b', 'inbound')
    assert.equal(effects.filter(({ type }) => type === 'hang-up').length, trimmed, source)
  }
})

test('removing ever more peers remembers the last of them only', () => {
  const desk = new Desk()
  for (let index = 0; index <= MAX_REMOVED_PEERS; index += 1) {
    desk.tell({ type: 'found', peerId: `p${index}`, addresses: ['/ip4/192.0.2.4/tcp/4'], source: 'dht' })
    desk.tell({ type: 'forget', key: `p${index}` })
  }
  assert.equal(desk.state.bars.size, MAX_REMOVED_PEERS)
  assert.deepEqual([desk.state.bars.has('p0'), desk.state.bars.has(`p${MAX_REMOVED_PEERS}`)], [false, true])
})
