import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EventDocument } from '../../src/admin/documents.ts'
import type { BlockDocument, BlockList, PeerAdded, PeerRemoved, Unblocked } from '../../src/admin/peer-control-documents.ts'
import { until } from '../host/testing.ts'
import { type Daemon, start, temporaryFolder } from './daemon.ts'

const LIMIT = { timeout: 120_000 }
const isUp = ({ state }: { readonly state: string }): boolean => state === 'up/direct'
const isDown = ({ state }: { readonly state: string }): boolean => state === 'down'

test('a peer that is added by its line comes up; removed, it is gone and does not come back by itself', LIMIT, async (t) => {
  const [here, there] = await Promise.all([start(t), start(t)])
  const added = await here.json<PeerAdded>('x0.peer-added/v1', 'peer', 'add', there.line)
  assert.deepEqual([added.peerId, added.x0Id, added.saved], [there.peerId, there.api.x0Id, false])
  const { peer } = await here.peerThat(there.peerId, 'it is up', isUp)
  assert.deepEqual([peer.wanted, peer.source, peer.direction], [true, 'command', 'outbound'])
  await there.peerThat(here.peerId, 'it is up there', isUp)

  const removed = await here.json<PeerRemoved>('x0.peer-removed/v1', 'peer', 'rm', there.api.x0Id)
  assert.deepEqual([removed.peerId, removed.saved, removed.remains], [there.peerId, false, []])
  assert.equal(await here.peer(there.peerId), undefined)
  // it knows the way here, tries it and is told no
  const { peer: refused } = await there.peerThat(
    here.peerId,
    'its own dial is refused',
    ({ lastError }) => lastError?.code === 'not-allowed',
  )
  assert.ok(Date.parse(refused.nextRetryAt ?? '') - Date.now() > 1_250, 'and it does not try again every second')
  assert.equal(await here.peer(there.peerId), undefined)
  const events = await eventsOf(here, 'peer.added,peer.removed')
  assert.deepEqual(
    events.map(({ type, peer, data }) => [type, peer, data.by]),
    ['peer.added', 'peer.removed'].map((type) => [type, there.peerId, 'command']),
  )

  // asked for again, it is welcome at once
  assert.equal((await here.run('peer', 'add', there.line)).code, 0)
  await here.peerThat(there.peerId, 'it is up again', isUp)

  for (const [args, code, message] of [
    [['add', '127.0.0.1:9691'], 2, /an address starts with a slash/],
    [['add', '/ip4/127.0.0.1/tcp/1/p2p/nonsense'], 2, /no peer id/],
    [['add', here.line], 2, /this node itself/],
    [['rm', 'nobody-of-that-name'], 6, /no peer nobody-of-that-name is known/i],
    [['block', 'nobody-of-that-name'], 6, /no peer nobody-of-that-name is known/i],
    [['block', here.peerId], 2, /this node itself/],
    [['block', there.peerId, '--for', '11y'], 2, /at most 10y/],
    [['unblock', there.peerId], 6, /is not blocked/],
  ] as const) {
    const answer = await here.run('peer', ...args)
    assert.equal(answer.code, code, `${args.join(' ')}: ${answer.stderr}`)
    assert.match(answer.stderr, message)
  }
})

test(
  'a blocked peer is cut off and told, stays out over a kill -9 of the node that blocks it, and comes back when the block ends',
  LIMIT,
  async (t) => {
    const there = await start(t)
    const here = await start(t, { bootstrap: [there.line] })
    await here.peerThat(there.peerId, 'it is up', isUp)
    await there.peerThat(here.peerId, 'it is up there', isUp)

    const block = await here.json<BlockDocument>(
      ...(['x0.block/v1', 'peer', 'block', there.peerId, '--for', '3s', '--reason', 'too loud'] as const),
    )
    assert.deepEqual([block.peerId, block.x0Id, block.reason, block.wanted], [there.peerId, there.api.x0Id, 'too loud', true])
    const down = await here.peerThat(there.peerId, 'it is down', isDown, 5_000)
    assert.equal(down.peer.downReason?.code, 'blocked')
    assert.match(down.peer.lastError?.message ?? '', /^blocked here until \S+: too loud$/)
    assert.equal(await here.metric('x0_peers_blocked'), 1)
    assert.equal((await here.status()).peers.blocked, 1)
    const told = await there.peerThat(here.peerId, 'it is told', ({ lastError }) => lastError?.code === 'blocked', 5_000)
    assert.equal(told.peer.state, 'down')
    assert.doesNotMatch(told.peer.lastError?.message ?? '', /too loud/, 'the reason is for the operator')
    assert.ok((await here.metric('x0_handshake_refusals_total', { by: 'self', code: 'blocked' })) >= 1)
    assert.ok((await there.metric('x0_handshake_refusals_total', { by: 'peer', code: 'blocked' })) >= 1)
    const { afterMs } = await here.peerThat(there.peerId, 'it is up again', isUp, 10_000)
    t.diagnostic(`up again ${Math.round(afterMs)} ms after it was told`)
    assert.ok(Date.now() >= Date.parse(block.until ?? ''))
    assert.equal(await here.metric('x0_peers_blocked'), 0)
    assert.deepEqual(
      (await eventsOf(here, 'peer.blocked,peer.unblocked')).map(({ type, peer, data }) => [type, peer, data.by ?? data.reason]),
      [
        ['peer.blocked', there.peerId, 'too loud'],
        ['peer.unblocked', there.peerId, 'time'],
      ],
    )

    // without an end, over a restart
    assert.equal((await here.run('peer', 'block', there.api.x0Id)).code, 0)
    await here.end('SIGKILL')
    const again = await start(t, { home: here.home, bootstrap: [there.line] })
    const { blocks } = await again.json<BlockList>('x0.blocks/v1', 'peer', 'blocked')
    assert.deepEqual(
      blocks.map(({ peerId, x0Id, until, reason }) => [peerId, x0Id, until, reason]),
      [[there.peerId, there.api.x0Id, null, '']],
    )
    const held = await again.peerThat(there.peerId, 'it is not dialled', ({ lastError }) => lastError?.code === 'blocked')
    assert.deepEqual([held.peer.state, held.peer.nextRetryAt], ['never', null])
    assert.equal((await again.run('handshake', there.line)).code, 1)
    const unblocked = await again.json<Unblocked>('x0.unblocked/v1', 'peer', 'unblock', there.peerId.slice(0, 20))
    assert.equal(unblocked.blocks.length, 1)
    await again.peerThat(there.peerId, 'it is up', isUp)
  },
)

test('what is saved survives a restart, keeps the comments of config.yaml, and follows the file on SIGHUP', LIMIT, async (t) => {
  const there = await start(t)
  const home = join(await temporaryFolder(t), 'home')
  const file = join(home, 'config.yaml')
  await mkdir(home, { mode: 0o700 })
  const before =
    '# mine\nlisten: [ /ip4/127.0.0.1/tcp/0 ] # any port\nadmin: { address: "127.0.0.1:0" }\n\npeers:\n  # few\n  min: 1\n'
  await writeFile(file, before, { mode: 0o640 })
  const here = await start(t, { home, bare: true })

  const added = await here.run('peer', 'add', there.line, '--save')
  assert.equal(added.code, 0, added.stderr)
  assert.match(added.stdout, /for good/)
  const saved = `${before}  persistent:\n    - ${there.line}\n`
  assert.equal(await readFile(file, 'utf8'), saved)
  await here.end('SIGKILL')
  const again = await start(t, { home, bare: true })
  const { peer } = await again.peerThat(there.peerId, 'it is up', isUp)
  assert.deepEqual([peer.wanted, peer.source], [true, 'persistent'])

  const kept = await again.run('peer', 'rm', there.peerId)
  assert.match(kept.stderr, /back at the next start: peers\.persistent \(.*config\.yaml line 8\) names it/)
  assert.equal(await readFile(file, 'utf8'), saved)

  // a line that is put back by hand
  await writeFile(file, before)
  again.child.kill('SIGHUP')
  await until('the line is gone', async () => (await eventsOf(again, 'config.reloaded')).length === 1)
  await writeFile(file, saved)
  again.child.kill('SIGHUP')
  await again.peerThat(there.peerId, 'it is up again', isUp)
  assert.match(again.stderr(), /changed settings are applied settings=.*peers\.persistent/)

  const removed = await again.json<PeerRemoved>('x0.peer-removed/v1', 'peer', 'rm', there.line, '--save')
  assert.deepEqual([removed.saved, removed.remains], [true, []])
  assert.equal(await readFile(file, 'utf8'), `${before}  persistent: []\n`)

  // what would not load, or is not this home's to change, is refused before anything happens
  await writeFile(file, `${before}log: { level: loud }\n`)
  const broken = await again.run('peer', 'add', there.line, '--save')
  assert.equal(broken.code, 7)
  assert.match(broken.stderr, /Nothing was changed: .*log\.level/)
  assert.equal(await again.peer(there.peerId), undefined)
  const elsewhere = join(home, 'elsewhere.yaml')
  await writeFile(elsewhere, before)
  await again.end()
  const other = await start(t, { home, bare: true, flags: ['--config', elsewhere] })
  const foreign = await other.run('peer', 'add', there.line, '--save')
  assert.equal(foreign.code, 7)
  assert.match(foreign.stderr, /elsewhere\.yaml, which is not in its home/)
})

async function eventsOf(node: Daemon, types: string): Promise<EventDocument[]> {
  const { code, stdout, stderr } = await node.run('events', '--types', types, '--json')
  assert.equal(code, 0, stderr)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): EventDocument => JSON.parse(line))
}
