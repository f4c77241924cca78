import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ConfigSaver } from '../../src/admin/config-saver.ts'
import { NodeFault, type NodeFaultCode } from '../../src/admin/node-view.ts'
import { PeerControl } from '../../src/admin/peer-control.ts'
import { loadConfig } from '../../src/config/load.ts'
import { BlockBook } from '../../src/host/block-book.ts'
import type { BlockShelf } from '../../src/host/block-shelf.ts'
import { MAX_WANTED_PEERS } from '../../src/host/limits.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import type { NodeEvent } from '../../src/observe/event.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { Blocks } from '../../src/trust/blocks.ts'
import { until } from '../host/testing.ts'
import { startX0Host, type X0Host } from '../host/x0-host.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'

const STRANGER = '12D3KooWPLKt62de8oycrVAaPLWMiyQWWKKs36VowewYffixevuP'
const X0_ID = formatX0Id(new Uint8Array(32).fill(1))
/** Nobody listens there. */
const NOWHERE = '/ip4/127.0.0.1/tcp/1'
const LIMIT = { timeout: 30_000 }

const MEMORY: BlockShelf = { put: async () => undefined, delete: async () => undefined, entries: async function* () {} }

interface Desk {
  readonly near: X0Host
  readonly control: PeerControl
  readonly blocks: BlockBook
  readonly file: string
  readonly events: Omit<NodeEvent, 'at'>[]
}

/** The control of a real host and supervisor, over a home with this configuration. */
async function desk(
  t: TestContext,
  options: { text?: string; env?: Record<string, string>; shelf?: BlockShelf } = {},
): Promise<Desk> {
  const near = await startX0Host(t)
  const home = await temporaryFolder(t)
  const file = join(home, 'config.yaml')
  await writeFile(file, options.text ?? '')
  const loaded = await loadConfig({ home, flags: [], env: options.env ?? {} })
  const events: Omit<NodeEvent, 'at'>[] = []
  const report = (event: Omit<NodeEvent, 'at'>): void => void events.push(event)
  const blocks = new BlockBook({
    blocks: new Blocks(),
    shelf: options.shelf ?? MEMORY,
    clock: systemClock,
    report,
    onError: (error) => assert.fail(String(error)),
  })
  const overlay = {
    supervisor: near.supervisor,
    want: near.supervisor.want,
    records: { get: () => undefined },
    channel: near.channel,
  }
  const control = new PeerControl({
    overlay: () => overlay,
    blocks,
    saver: new ConfigSaver(file, loaded),
    self: { peerId: near.host.peerId.toString(), x0Id: near.x0Id },
    persistent: loaded.config.peers.persistent,
    clock: systemClock,
    report,
  })
  return { near, control, blocks, file, events }
}

const fault =
  (code: NodeFaultCode, message = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof NodeFault && error.code === code, String(error))
    assert.match(error.message, message)
    return true
  }
const lineOf = ({ host, x0Id }: X0Host): string => `${host.getMultiaddrs()[0]?.toString() ?? ''}#${x0Id}`

test('a line that states another x0 id than the connected peer has proved is refused', LIMIT, async (t) => {
  const { near, control } = await desk(t)
  const far = await startX0Host(t)
  await control.add({ line: lineOf(far) })
  await until('it is up', () => near.supervisor.peers().some(({ status }) => status === 'up/direct'))
  await assert.rejects(control.add({ line: lineOf(far).replace(far.x0Id, X0_ID) }), fault('identity-mismatch'))
  assert.equal(near.supervisor.peers()[0]?.status, 'up/direct')
})

test('no more peers can be wanted than the table of wanted ones holds', LIMIT, async (t) => {
  const { near, control } = await desk(t)
  for (let port = 1; port <= MAX_WANTED_PEERS; port += 1) {
    near.supervisor.want([{ address: `/ip4/127.0.0.1/tcp/${port}`, peerId: undefined, x0Id: undefined, source: 'command' }])
  }
  await assert.rejects(control.add({ line: `${NOWHERE}/p2p/${STRANGER}` }), fault('limit-reached'))
})

test('what a variable gives is said to bring a removed peer back, and cannot be saved over', LIMIT, async (t) => {
  const line = `${NOWHERE}/p2p/${STRANGER}`
  const { near, control, file } = await desk(t, { env: { X0_PEERS_PERSISTENT: line } })
  near.supervisor.want([{ address: NOWHERE, peerId: STRANGER, x0Id: undefined, source: 'persistent' }])
  await assert.rejects(control.add({ line: '/ip4/127.0.0.1/tcp/2', save: true }), fault('not-saved', /X0_PEERS_PERSISTENT/))
  const removed = await control.remove(STRANGER, true)
  assert.deepEqual([removed.saved, removed.remains], [false, ['peers.persistent (X0_PEERS_PERSISTENT)']])
  assert.equal(await readFile(file, 'utf8'), '')
})

test('a peer leaves the file by any of its lines, known to the node or not; lines that are none are let be', LIMIT, async (t) => {
  const text = `bootstrap:\n  - ${NOWHERE}\n  - /ip4/127.0.0.1/tcp/2/p2p/${STRANGER}#${X0_ID}\npeers:\n  persistent:\n    - ${NOWHERE}/p2p/${STRANGER}\n`
  const { near, control, file } = await desk(t, { text })
  // by its x0 id, from the file alone
  const first = await control.remove(X0_ID, true)
  assert.deepEqual([first.peerId, first.saved], [null, true])
  assert.equal(await readFile(file, 'utf8'), text.replace(/ {2}- \/ip4\/127\.0\.0\.1\/tcp\/2\S+\n/, ''))
  // a line without ids, by its address
  near.supervisor.want([{ address: NOWHERE, peerId: undefined, x0Id: undefined, source: 'bootstrap' }])
  assert.deepEqual(
    [(await control.remove(NOWHERE, true)).saved, await readFile(file, 'utf8')],
    [true, `bootstrap: []\npeers:\n  persistent:\n    - ${NOWHERE}/p2p/${STRANGER}\n`],
  )
  assert.equal(near.supervisor.peers().length, 0)
  assert.equal((await control.remove(STRANGER, true)).saved, true)
  await assert.rejects(control.remove(STRANGER, true), fault('peer-unknown', /no line in the file/))
  await assert.rejects(control.remove(STRANGER, false), fault('peer-unknown'))
})

test('a changed list asks for what is new and lets go of what has gone, and only of that', LIMIT, async (t) => {
  const line = (port: number): string => `/ip4/127.0.0.1/tcp/${port}`
  const { near, control, events } = await desk(t, { text: `peers: { persistent: [ ${line(1)}, ${line(2)} ] }\n` })
  const wanted = (): string[] =>
    near.supervisor
      .peers()
      .flatMap(({ wants }) => wants.map(({ address }) => address))
      .sort()
  near.supervisor.want([1, 2].map((port) => ({ address: line(port), peerId: undefined, x0Id: undefined, source: 'persistent' })))
  await control.add({ line: line(4) })
  control.persist([line(2), line(3)])
  assert.deepEqual(wanted(), [line(2), line(3), line(4)])
  assert.deepEqual(
    events.map(({ type, data }) => [type, data.address, data.by]),
    [
      ['peer.added', line(4), 'command'],
      ['peer.added', line(3), 'configuration'],
      ['peer.removed', line(1), 'configuration'],
    ],
  )
  // removed by command, it is not brought back by a reload that is about something else
  await control.remove(line(2), false)
  control.persist([line(2), line(3), line(5)])
  assert.deepEqual(wanted(), [line(3), line(4), line(5)])
})

test('a block takes in the key that is known beside the one that was named, and anybody but this node', LIMIT, async (t) => {
  const { near, control, blocks } = await desk(t)
  const far = await startX0Host(t)
  await far.host.dial(near.host.getMultiaddrs())
  await until('it is up', () => near.supervisor.peers().some(({ status }) => status === 'up/direct'))
  const peerId = far.host.peerId.toString()
  const block = await control.block({ peer: `${NOWHERE}/p2p/${peerId}`, forSeconds: 60, reason: 'loud' })
  assert.deepEqual([block.peerId, block.x0Id, block.reason, block.wanted], [peerId, far.x0Id, 'loud', false])
  assert.equal(Date.parse(block.until ?? '') - Date.parse(block.since), 60_000)
  assert.equal((await control.block({ peer: X0_ID })).peerId, null, 'nobody here has met it')
  assert.equal((await control.block({ peer: STRANGER })).x0Id, null)
  assert.equal(control.blocks().blocks.length, 3)
  for (const peer of [near.host.peerId.toString(), near.x0Id, lineOf(near)])
    await assert.rejects(control.block({ peer }), fault('peer-is-self'))
  for (const peer of ['x0abc', '12D3KooWxxxxxxxxxxx', '/ip4/nowhere', NOWHERE])
    await assert.rejects(control.block({ peer }), NodeFault, peer)
  assert.equal((await control.unblock(far.x0Id.slice(0, 12))).blocks[0]?.peerId, peerId)
  assert.equal((await control.unblock(X0_ID)).blocks.length, 1)
  assert.equal(blocks.list().length, 1)
  await assert.rejects(control.unblock(X0_ID), fault('block-unknown'))
  await assert.rejects(control.unblock('nobody-here'), fault('peer-unknown'))
})

test('a block that cannot be written holds, and says so', LIMIT, async (t) => {
  const fail = () => Promise.reject(new StoreError('full', 'no space left'))
  const { control, blocks } = await desk(t, { shelf: { ...MEMORY, put: fail } })
  await assert.rejects(control.block({ peer: STRANGER }), fault('store-failed', /until this process ends.*no space left/))
  assert.ok(blocks.judge({ peerId: STRANGER, x0Id: undefined }))
})
