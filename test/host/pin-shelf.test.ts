import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { MAX_FIRST_USE_PINS } from '../../src/channel/limits.ts'
import { openPins } from '../../src/host/pin-shelf.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { openHome } from '../../src/store/home.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'

const [one, two, three] = [1, 2, 3].map((byte) => formatX0Id(new Uint8Array(32).fill(byte)))

test('pins come back after a restart with all that they say; nothing is kept of a peer without one', async (t) => {
  assert.ok(one !== undefined && two !== undefined && three !== undefined)
  const folder = join(await temporaryFolder(t), 'home')
  const first = await openHome(folder)
  const { pins, keep } = await openPins(first.store.namespace('pins'), () => undefined)
  pins.state('stated', one, 'invite')
  pins.intend('met')
  pins.learn('met', two)
  pins.state('followed', one, 'bootstrap')
  assert.equal(pins.follow('followed', { oldX0Id: one, newX0Id: two, sequence: 7 }), 'followed')
  pins.state('frozen', one, 'bootstrap')
  pins.follow('frozen', { oldX0Id: one, newX0Id: two, sequence: 7 })
  assert.equal(pins.follow('frozen', { oldX0Id: one, newX0Id: three, sequence: 8 }), 'frozen')
  for (const peer of ['stated', 'met', 'followed', 'frozen', 'stranger']) await keep(peer)
  await first.close()

  const second = await openHome(folder)
  t.after(() => second.close())
  const damaged: string[] = []
  const { pins: loaded } = await openPins(second.store.namespace('pins'), (peerId) => damaged.push(peerId))
  assert.deepEqual(damaged, [])
  assert.deepEqual(new Map(loaded.entries()), new Map(pins.entries()))
  assert.equal(loaded.get('stranger'), undefined)
  assert.equal(loaded.judge('frozen', two), 'pin-frozen')
  // what was followed before the restart is still remembered: a second successor freezes
  assert.equal(loaded.follow('followed', { oldX0Id: one, newX0Id: three, sequence: 9 }), 'frozen')
})

test('what is no pin is reported by its peer and left out', async (t) => {
  assert.ok(one !== undefined)
  const home = await openHome(join(await temporaryFolder(t), 'home'))
  t.after(() => home.close())
  const shelf = home.store.namespace('pins')
  const pin = { x0Id: one, source: 'first-use', frozen: false }
  const good = { ...pin, order: 1 }
  const bad: readonly [string, unknown][] = [
    ['nothing', null],
    ['number', 7],
    ['no source', { x0Id: one, frozen: false, order: 1 }],
    ['no order', pin],
    ['order is no number', { ...pin, order: 'first' }],
    ['unknown source', { ...good, source: 'hearsay' }],
    ['frozen is no boolean', { ...good, frozen: 'no' }],
    ['not an x0 id', { ...good, x0Id: 'x0short' }],
    ['successor of nobody', { ...good, succeeded: { sequence: 1 } }],
    ['successor of no x0 id', { ...good, succeeded: { x0Id: 'x', sequence: 1 } }],
    ['successor without sequence', { ...good, succeeded: { x0Id: one } }],
  ]
  const put = (peerId: string, text: string): Promise<void> => shelf.put(peerId, new TextEncoder().encode(text), { sync: false })
  for (const [peerId, value] of bad) await put(peerId, JSON.stringify(value))
  await put('no JSON', '{')
  await put('good', JSON.stringify(good))
  const damaged: string[] = []
  const { pins } = await openPins(shelf, (peerId) => damaged.push(peerId))
  assert.deepEqual([...pins.entries()], [['good', pin]])
  assert.deepEqual(damaged.sort(), [...bad.map(([peerId]) => peerId), 'no JSON'].sort())
})

test('what makes room in the book leaves the disk, and a restart forgets nobody out of turn', async (t) => {
  assert.ok(one !== undefined)
  const folder = join(await temporaryFolder(t), 'home')
  const first = await openHome(folder)
  const before = await openPins(first.store.namespace('pins'), () => undefined)
  // the later a peer is met, the earlier its name stands in the store
  const name = (index: number): string => `peer ${String(9_999 - index)}`
  const meet = async ({ pins, keep }: typeof before, index: number): Promise<void> => {
    pins.intend(name(index))
    assert.equal(pins.learn(name(index), one), true)
    await keep(name(index))
  }
  for (let index = 0; index < MAX_FIRST_USE_PINS + 2; index += 1) await meet(before, index)
  const keysOf = async (home: typeof first): Promise<Set<string>> => {
    const keys = new Set<string>()
    for await (const [key] of home.store.namespace('pins').entries({ onCorrupt: (bad) => assert.fail(bad) })) keys.add(key)
    return keys
  }
  const kept = await keysOf(first)
  assert.equal(kept.size, MAX_FIRST_USE_PINS)
  assert.ok(!kept.has(name(0)) && !kept.has(name(1)) && kept.has(name(2)))
  await first.close()

  const second = await openHome(folder)
  t.after(() => second.close())
  const after = await openPins(second.store.namespace('pins'), () => undefined)
  await meet(after, MAX_FIRST_USE_PINS + 2)
  assert.equal(after.pins.get(name(2)), undefined, 'the oldest goes')
  assert.notEqual(after.pins.get(name(MAX_FIRST_USE_PINS + 1)), undefined)
  assert.ok(!(await keysOf(second)).has(name(2)))
})
