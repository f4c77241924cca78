import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { BlockBook } from '../../src/host/block-book.ts'
import { openShelves } from '../../src/host/home-shelves.ts'
import { HostError } from '../../src/host/host-error.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import type { NodeEvent } from '../../src/observe/event.ts'
import { openHome } from '../../src/store/home.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { type Block, Blocks } from '../../src/trust/blocks.ts'
import { MAX_BLOCKS } from '../../src/trust/limits.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'
import { LeapingClock } from './x0-host.ts'

const PEER = '12D3KooWPLKt62de8oycrVAaPLWMiyQWWKKs36VowewYffixevuP'
const X0_ID = formatX0Id(new Uint8Array(32).fill(1))
const OTHER = formatX0Id(new Uint8Array(32).fill(2))
const KEYS = { x0Id: X0_ID, peerId: PEER }

interface Open {
  readonly book: BlockBook
  readonly events: Omit<NodeEvent, 'at'>[]
  readonly damaged: string[]
  readonly put: (key: string, value: string) => Promise<void>
  close(): Promise<void>
}

/** The blocks of a home on a real store, as a node opens them. */
async function openBook(t: TestContext, folder: string, clock: LeapingClock): Promise<Open> {
  const home = await openHome(folder)
  const damaged: string[] = []
  const events: Omit<NodeEvent, 'at'>[] = []
  const shelves = await openShelves(home.store, (namespace, key) => damaged.push(`${namespace}/${key}`))
  const book = new BlockBook({
    blocks: await shelves.loadBlocks(clock.now()),
    shelf: shelves.blocks,
    clock,
    report: (event) => events.push(event),
    onError: (error) => assert.fail(String(error)),
  })
  let closed = false
  const close = async (): Promise<void> => {
    if (closed) return
    closed = true
    await book.stop()
    await home.close()
  }
  t.after(close)
  const put = (key: string, value: string) => shelves.blocks.put(key, new TextEncoder().encode(value), { sync: true })
  return { book, events, damaged, put, close }
}

test('a block is in force at once, told to who follows, there after a restart, and gone when its time is over', async (t) => {
  const folder = join(await temporaryFolder(t), 'home')
  const clock = new LeapingClock()
  const first = await openBook(t, folder, clock)
  const told: string[] = []
  const listener = {
    blocked: ({ x0Id }: Block) => told.push(`blocked ${x0Id}`),
    unblocked: ({ x0Id }: Block) => told.push(`unblocked ${x0Id}`),
  }
  const end = first.book.follow(listener)
  const writing = first.book.block(KEYS, { forMs: 60_000, reason: 'loud' })
  assert.equal(first.book.judge(KEYS)?.reason, 'loud', 'before it is on the disk')
  await writing
  await first.book.block({ x0Id: OTHER, peerId: undefined }, { forMs: undefined, reason: '' })
  assert.deepEqual(told, [`blocked ${X0_ID}`, `blocked ${OTHER}`])
  end()
  await first.close()

  clock.leap(30_000)
  const second = await openBook(t, folder, clock)
  assert.deepEqual(
    second.book.list().map(({ x0Id, peerId, reason }) => [x0Id, peerId, reason]),
    [
      [OTHER, undefined, ''],
      [X0_ID, PEER, 'loud'],
    ],
  )
  second.book.follow(listener)
  assert.deepEqual(told.slice(2).sort(), [`blocked ${OTHER}`, `blocked ${X0_ID}`].sort(), 'who follows late hears of all')
  clock.leap(30_001)
  assert.equal(told.at(-1), `unblocked ${X0_ID}`)
  assert.equal(second.book.judge(KEYS), undefined)
  assert.deepEqual(second.events, [{ type: 'peer.unblocked', level: 'info', peer: PEER, data: { x0Id: X0_ID, by: 'time' } }])
  await second.close()

  const third = await openBook(t, folder, new LeapingClock())
  assert.deepEqual(
    third.book.list().map(({ x0Id }) => x0Id),
    [OTHER],
    'its end is on the disk: a clock that is set back does not bring it again',
  )
  assert.equal((await third.book.unblock({ x0Id: OTHER, peerId: undefined })).length, 1)
  assert.deepEqual(await third.book.unblock({ x0Id: OTHER, peerId: undefined }), [])
  await third.close()
  assert.deepEqual((await openBook(t, folder, clock)).book.list(), [])
})

test('a later block of the same peer takes the place of the first, on the disk too, even after a crash between the two', async (t) => {
  const folder = join(await temporaryFolder(t), 'home')
  const clock = new LeapingClock()
  const first = await openBook(t, folder, clock)
  await first.book.block({ x0Id: undefined, peerId: PEER }, { forMs: undefined, reason: 'first' })
  clock.leap(10)
  await first.book.block(KEYS, { forMs: undefined, reason: 'second' })
  // as if the first had not been deleted any more
  await first.put(PEER, JSON.stringify({ x0Id: null, peerId: PEER, since: clock.now() - 10, until: null, reason: 'first' }))
  await first.close()
  const second = await openBook(t, folder, clock)
  assert.deepEqual(
    second.book.list().map(({ reason }) => reason),
    ['second'],
  )
  assert.equal((await second.book.unblock({ x0Id: undefined, peerId: PEER })).length, 1)
  await second.close()
  assert.deepEqual((await openBook(t, folder, clock)).book.list(), [], 'the first does not come back')
})

test('what is no block is told and left out; the others hold', async (t) => {
  const folder = join(await temporaryFolder(t), 'home')
  const clock = new LeapingClock()
  const first = await openBook(t, folder, clock)
  await first.book.block(KEYS, { forMs: undefined, reason: 'holds' })
  const whole = { x0Id: OTHER, peerId: null, since: 1, until: null, reason: '' }
  const wrong: Record<string, string> = {
    'not-json': '{',
    'not-an-object': '7',
    'another-key': JSON.stringify(whole),
    'no-key': JSON.stringify({ ...whole, x0Id: null }),
    'half-a-time': JSON.stringify({ ...whole, since: 1.5 }),
    'an-end-in-words': JSON.stringify({ ...whole, until: 'tomorrow' }),
    'a-long-reason': JSON.stringify({ ...whole, reason: 'x'.repeat(201) }),
    'no-x0-id': JSON.stringify({ ...whole, x0Id: 'x0nonsense' }),
    'no-peer-id': JSON.stringify({ ...whole, peerId: 'nonsense' }),
    'numbers-for-keys': JSON.stringify({ ...whole, x0Id: 7, peerId: 7 }),
    'a-number-for-a-peer': JSON.stringify({ ...whole, peerId: 7 }),
    'without-a-field': JSON.stringify({ x0Id: OTHER }),
  }
  for (const [key, value] of Object.entries(wrong)) await first.put(key, value)
  await first.close()
  const second = await openBook(t, folder, clock)
  assert.deepEqual(
    second.damaged.sort(),
    Object.keys(wrong)
      .map((key) => `blocks/${key}`)
      .sort(),
  )
  assert.deepEqual(
    second.book.list().map(({ reason }) => reason),
    ['holds'],
  )
})

test('with a disk that fails a block holds for this process, and whoever asked is told; a full table is refused', async () => {
  const failure = new StoreError('full', 'no space left')
  const blocks = new Blocks()
  const shelf = {
    put: () => Promise.reject(failure),
    delete: () => Promise.reject(failure),
    entries: async function* () {},
  }
  const errors: unknown[] = []
  const clock = new LeapingClock()
  const book = new BlockBook({ blocks, shelf, clock, report: () => undefined, onError: (error) => errors.push(error) })
  await assert.rejects(book.block(KEYS, { forMs: 1000, reason: '' }), failure)
  assert.ok(book.judge(KEYS))
  clock.leap(1001)
  assert.equal(book.judge(KEYS), undefined)
  await book.stop()
  assert.deepEqual(errors, [failure], 'an end that cannot be written is told')

  for (let index = 0; blocks.size < MAX_BLOCKS; index += 1)
    blocks.put({ x0Id: `x${index}`, peerId: undefined, since: 0, until: undefined, reason: '' })
  await assert.rejects(
    book.block(KEYS, { forMs: undefined, reason: '' }),
    (error) => error instanceof HostError && error.code === 'too-many-blocks',
  )
})
