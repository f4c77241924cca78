import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { openValue, sealValue } from '../../src/store/checked-value.ts'
import { MAX_BATCH_OPERATIONS, MAX_KEY_BYTES, MAX_VALUE_BYTES } from '../../src/store/limits.ts'
import { Store } from '../../src/store/store.ts'
import { StoreError, type StoreErrorCode } from '../../src/store/store-error.ts'
import { temporaryFolder } from './temporary-folder.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : new TextDecoder().decode(value))
const withCode = (code: StoreErrorCode) => (error: unknown) => error instanceof StoreError && error.code === code

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

async function openStore(t: TestContext): Promise<{ store: Store; folder: string }> {
  const folder = join(await temporaryFolder(t), 'store')
  const store = await Store.open(folder)
  t.after(() => store.close())
  return { store, folder }
}

/** Changes one bit of `needle` wherever it lies in the closed store's tables; returns how many places that were. */
async function flipInTables(folder: string, needle: string): Promise<number> {
  let places = 0
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const content = await readFile(path)
    for (let at = content.indexOf(needle); at >= 0; at = content.indexOf(needle, at + 1)) {
      content.writeUInt8(content.readUInt8(at + 3) ^ 0x10, at + 3)
      places += 1
    }
    await writeFile(path, content)
  }
  return places
}

test('what is put is got, in its own namespace, also after a reopening', async (t) => {
  const { store, folder } = await openStore(t)
  await store.namespace('pins').put('a', bytes('one'))
  await store.namespace('records').put('a', bytes('two'), { sync: true })
  await store.namespace('pins').put('gone', bytes('x'))
  await store.namespace('pins').delete('gone')
  await store.close()
  const again = await Store.open(folder)
  t.after(() => again.close())
  assert.equal(text(await again.namespace('pins').get('a')), 'one')
  assert.equal(text(await again.namespace('records').get('a')), 'two')
  assert.equal(await again.namespace('pins').get('gone'), undefined)
  assert.equal(await again.namespace('other').get('a'), undefined)
})

test('entries and keys keep to their namespace, range, order and limit', async (t) => {
  const { store } = await openStore(t)
  // Names that are prefixes of each other, keys with the separator in them.
  const names = ['a', 'ab', 'a-b']
  for (const name of names)
    for (const key of ['', '!', '1', '2', '3', '~', 'é']) await store.namespace(name).put(key, bytes(`${name}/${key}`))
  for (const name of names) {
    const namespace = store.namespace(name)
    assert.deepEqual(await collect(namespace.keys()), ['', '!', '1', '2', '3', '~', 'é'])
    const entries = await collect(namespace.entries({ gte: '1', lt: '3' }))
    assert.deepEqual(
      entries.map(([key, value]) => [key, text(value)]),
      [
        ['1', `${name}/1`],
        ['2', `${name}/2`],
      ],
    )
    assert.deepEqual(await collect(namespace.keys({ reverse: true, limit: 2 })), ['é', '~'])
  }
})

test('the store behaves as a map does, whatever the keys and values', async (t) => {
  const { store } = await openStore(t)
  const key = fc.string({ unit: 'grapheme', maxLength: 8 })
  const operation = fc.oneof(
    fc.record({ type: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 64 }) }),
    fc.record({ type: fc.constant('delete' as const), key }),
  )
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(operation, { maxLength: 5 }), { maxLength: 8 }), async (batches) => {
      run += 1
      const namespace = store.namespace(`run-${run}`)
      const model = new Map<string, string>()
      for (const batch of batches) {
        await store.batch(batch.map((one) => ({ ...one, namespace })))
        for (const one of batch) {
          if (one.type === 'put') model.set(one.key, Buffer.from(one.value).toString('hex'))
          else model.delete(one.key)
        }
      }
      const found = (await collect(namespace.entries())).map(([k, v]) => [k, Buffer.from(v).toString('hex')] as const)
      assert.deepEqual(new Map(found), model)
      for (const [k, hex] of model) assert.equal(Buffer.from((await namespace.get(k)) ?? []).toString('hex'), hex)
    }),
    { numRuns: 60 },
  )
})

test('one changed bit, anywhere, breaks the check; so does another key or namespace', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.uint8Array({ maxLength: 100 }), fc.nat(), (namespace, key, value, position) => {
      const sealed = sealValue(namespace, key, value)
      assert.deepEqual(openValue(namespace, key, sealed), value)
      assert.equal(openValue(namespace, `${key}x`, sealed), undefined)
      assert.equal(openValue(`${namespace}x`, key, sealed), undefined)
      if (key.length > 0) assert.equal(openValue(namespace + key.slice(0, 1), key.slice(1), sealed), undefined)
      const bit = position % (sealed.length * 8)
      const damaged = sealed.slice()
      damaged.set([(sealed.at(bit >> 3) ?? 0) ^ (1 << (bit & 7))], bit >> 3)
      assert.equal(openValue(namespace, key, damaged), undefined)
      assert.equal(openValue(namespace, key, sealed.subarray(0, sealed.length - 1)), undefined)
    }),
  )
})

test('a bit flipped on the disk is told by get, entries and scrub, and the rest stays readable', async (t) => {
  const { store, folder } = await openStore(t)
  const pins = store.namespace('pins')
  await pins.put('a', bytes('the value of a'))
  await pins.put('b', bytes('NEEDLE-IN-THE-STORE'))
  await pins.put('c', bytes('the value of c'))
  await store.close()
  assert.equal(await flipInTables(folder, 'NEEDLE-IN-THE-STORE'), 1)

  const damaged = await Store.open(folder)
  t.after(() => damaged.close())
  const again = damaged.namespace('pins')
  await assert.rejects(again.get('b'), (error) => {
    assert.ok(error instanceof StoreError)
    assert.equal(error.code, 'corrupt')
    assert.match(error.message, /pins\/b/)
    return true
  })
  assert.equal(text(await again.get('c')), 'the value of c')
  await assert.rejects(collect(again.entries()), withCode('corrupt'))
  const told: string[] = []
  const rest = await collect(again.entries({ onCorrupt: (key) => told.push(key) }))
  assert.deepEqual(
    rest.map(([key]) => key),
    ['a', 'c'],
  )
  assert.deepEqual(told, ['b'])
  assert.deepEqual(await damaged.scrub(), { checked: 3, corrupt: [{ namespace: 'pins', key: 'b' }] })
  // It can be learned anew.
  await again.put('b', bytes('new'))
  assert.deepEqual(await damaged.scrub(), { checked: 3, corrupt: [] })
})

test('closing leaves nothing in the log, where LevelDB would lose damage without a word', async (t) => {
  const { store, folder } = await openStore(t)
  await store.namespace('pins').put('a', bytes('NEEDLE-IN-THE-STORE'))
  await store.close()
  const names = await readdir(folder)
  const logs = names.filter((name) => name.endsWith('.log') && /^\d/.test(name))
  for (const name of logs) assert.equal((await stat(join(folder, name))).size, 0, name)
  assert.ok(names.some((name) => name.endsWith('.ldb')))
})

test('a ruined folder is told as corrupt', async (t) => {
  const { store, folder } = await openStore(t)
  await store.namespace('pins').put('a', bytes('x'))
  await store.close()
  await writeFile(join(folder, 'CURRENT'), 'nonsense')
  await assert.rejects(Store.open(folder), withCode('corrupt'))
})

test('a second opening in the same process is locked out', async (t) => {
  const { store, folder } = await openStore(t)
  await assert.rejects(Store.open(folder), withCode('locked'))
  await store.namespace('pins').put('a', bytes('x'))
})

test('keys, values and batches above their limit are refused and nothing of the batch is written', async (t) => {
  const { store } = await openStore(t)
  const pins = store.namespace('pins')
  await pins.put('k'.repeat(MAX_KEY_BYTES), new Uint8Array(MAX_VALUE_BYTES))
  await assert.rejects(pins.put('k'.repeat(MAX_KEY_BYTES + 1), bytes('x')), withCode('too-large'))
  await assert.rejects(
    store.batch([
      { type: 'put', namespace: pins, key: 'small', value: bytes('x') },
      { type: 'put', namespace: pins, key: 'large', value: new Uint8Array(MAX_VALUE_BYTES + 1) },
    ]),
    withCode('too-large'),
  )
  const one = { type: 'delete', namespace: pins, key: 'x' } as const
  await assert.rejects(store.batch(Array.from({ length: MAX_BATCH_OPERATIONS + 1 }, () => one)), withCode('too-large'))
  assert.equal(await pins.get('small'), undefined)
  assert.equal(store.failure, undefined)
  assert.throws(() => store.namespace('Not A Name'), TypeError)
})

test('after close everything is refused as closed, and closing again is harmless', async (t) => {
  const { store } = await openStore(t)
  const pins = store.namespace('pins')
  const written = pins.put('a', bytes('x'))
  await Promise.all([store.close(), store.close(), written])
  await assert.rejects(pins.put('a', bytes('y')), withCode('closed'))
  await assert.rejects(pins.get('a'), withCode('closed'))
  await assert.rejects(collect(pins.entries()), withCode('closed'))
  await assert.rejects(collect(pins.keys()), withCode('closed'))
  assert.equal(store.failure, undefined)
})

test('a scrub can be called off', async (t) => {
  const { store } = await openStore(t)
  await store.namespace('pins').put('a', bytes('x'))
  await assert.rejects(store.scrub(AbortSignal.abort()), { name: 'AbortError' })
})

test('an error of the consumer of entries reaches the consumer unchanged', async (t) => {
  const { store } = await openStore(t)
  await store.namespace('pins').put('a', bytes('x'))
  const mine = new Error('mine')
  await assert.rejects(async () => {
    for await (const _ of store.namespace('pins').entries()) throw mine
  }, mine)
})
