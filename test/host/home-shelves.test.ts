import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Level } from 'level'
import { openShelves } from '../../src/host/home-shelves.ts'
import { openHome } from '../../src/store/home.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'

test('a damaged sequence counts as absent, is told once, and the next one is kept', async (t) => {
  const folder = join(await temporaryFolder(t), 'home')
  const first = await openHome(folder)
  const { sequence } = await openShelves(first.store, () => assert.fail('nothing is damaged'))
  assert.equal(await sequence.load(), undefined)
  await sequence.save(1_767_225_600_000n)
  assert.equal(await sequence.load(), 1_767_225_600_000n)
  await first.close()

  const store = new Level<string, Uint8Array>(join(folder, 'store'), { valueEncoding: 'view' })
  await store.put('!own!record-sequence', new Uint8Array(40).fill(1))
  await store.close()
  const second = await openHome(folder)
  t.after(() => second.close())
  const told: string[] = []
  const shelves = await openShelves(second.store, (namespace, key) => told.push(`${namespace}/${key}`))
  assert.equal(await shelves.sequence.load(), undefined)
  assert.equal(await shelves.sequence.load(), undefined)
  assert.deepEqual(told, ['own/record-sequence'])
  await shelves.sequence.save(7n)
  assert.equal(await shelves.sequence.load(), 7n)

  // whole, but nothing that a node writes
  await second.store.namespace('own').put('record-sequence', new TextEncoder().encode('seven'))
  assert.equal(await shelves.sequence.load(), undefined)
})

test('damaged pins and records are left out and told once', async (t) => {
  const folder = join(await temporaryFolder(t), 'home')
  const home = await openHome(folder)
  t.after(() => home.close())
  await home.store.namespace('records').put('good', new Uint8Array([1]))
  await home.store.namespace('pins').put('nobody', new TextEncoder().encode('{}'))
  const told: string[] = []
  const { pins, records } = await openShelves(home.store, (namespace, key) => told.push(`${namespace}/${key}`))
  assert.deepEqual(told, ['pins/nobody'])
  assert.deepEqual([...pins.entries()], [])
  const keys: string[] = []
  for await (const [key] of records.entries()) keys.push(key)
  assert.deepEqual(keys, ['good'])
})
