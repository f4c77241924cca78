import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { cryptoBackend } from '../../src/crypto/select.ts'
import { generateNodeIdentity } from '../../src/identity/node-identity.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { Store } from '../../src/store/store.ts'
import { AuditShelf } from '../../src/trust/audit/audit-shelf.ts'
import { AuditTrail, type AuditTrailOptions } from '../../src/trust/audit/audit-trail.ts'
import type { AuditProblem } from '../../src/trust/audit/chain-check.ts'
import { encodeEntry, openSealed, readSealed, sealEntry } from '../../src/trust/audit/entry.ts'
import { KIND_RATE, MAX_SOURCES, SIGN_AFTER_MS, SOURCE_RATE, SUPPRESSED_AFTER_MS } from '../../src/trust/audit/limits.ts'
import { verifyTrail } from '../../src/trust/audit/verify-trail.ts'
import { HandClock } from '../channel/hand-clock.ts'
import { until } from '../host/testing.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'

const backend = await cryptoBackend('native')
const identity = await generateNodeIdentity(backend, systemRandom)

/** A trail in a real LevelDB, which can be closed and opened again. */
async function home(t: TestContext, more: Partial<AuditTrailOptions> = {}) {
  const folder = join(await temporaryFolder(t), 'store')
  const clock = new HandClock()
  const damaged: AuditProblem[] = []
  let store = await Store.open(folder)
  t.after(() => store.close())
  const open = (other: Partial<AuditTrailOptions> = {}): Promise<AuditTrail> =>
    AuditTrail.open({
      store,
      backend,
      identity,
      clock,
      onDamaged: (problem) => damaged.push(problem),
      onError: (error) => assert.fail(String(error)),
      ...more,
      ...other,
    })
  const report = async () => {
    const shelf = new AuditShelf(store)
    return await verifyTrail(backend, await shelf.head(), shelf.entries(0), [identity.x0Id])
  }
  const reopenStore = async () => {
    await store.close()
    store = await Store.open(folder)
  }
  return { clock, damaged, open, report, reopenStore, store: () => store, shelf: () => new AuditShelf(store) }
}

const keyOf = (n: number): string => String(n).padStart(16, '0')

/** What lies in the store, by number. */
async function kept(store: Store): Promise<Map<number, Uint8Array>> {
  const all = new Map<number, Uint8Array>()
  for await (const [key, value] of store.namespace('audit').entries()) all.set(Number(key), Uint8Array.from(value))
  return all
}

/** Makes the store hold exactly `entries`, as somebody would who can write to the home and knows its checks. */
async function lay(store: Store, entries: ReadonlyMap<number, Uint8Array>): Promise<void> {
  const namespace = store.namespace('audit')
  for await (const key of namespace.keys()) if (!entries.has(Number(key))) await namespace.delete(key)
  for (const [n, sealed] of entries) await namespace.put(keyOf(n), sealed)
}

/** The same entry with other data, its own hash made anew. */
function forged(sealed: Uint8Array, change: { n?: number; previous?: Uint8Array } = {}): Uint8Array {
  const entry = readSealed(sealed)
  assert.ok(entry !== undefined)
  return sealEntry(
    backend,
    encodeEntry({ n: entry.n, at: entry.at, kind: entry.kind, previous: entry.previous, data: { forged: true }, ...change }),
  ).sealed
}

test('what was recorded is there in order, chained, and signed for at the end', async (t) => {
  const { open, report, reopenStore } = await home(t)
  const trail = await open()
  trail.record('invite.made', { name: 'db-1', uses: 1 })
  trail.record('account.changed', { user: 'ann', admin: true })
  await trail.close()
  await reopenStore()
  const again = await open()
  again.record('policy.denied', { source: 'spiffe://fleet/node/a', action: 'relay' }, 'a')
  await again.close()
  const entries = await again.page(1, 100)
  assert.deepEqual(
    entries.map(({ n, kind, data }) => [n, kind, data]),
    [
      [1, 'audit.began', {}],
      [2, 'invite.made', { name: 'db-1', uses: 1 }],
      [3, 'account.changed', { admin: true, user: 'ann' }],
      [4, 'policy.denied', { action: 'relay', source: 'spiffe://fleet/node/a' }],
    ],
  )
  assert.deepEqual(
    (await again.page(2, 2)).map(({ n }) => n),
    [2, 3],
  )
  const { problem, entries: count, first, last, unsigned, x0Id } = await report()
  assert.deepEqual([problem, count, first, last, unsigned], [undefined, 4, 1, 4, 0])
  assert.deepEqual(Buffer.from(x0Id ?? []), Buffer.from(identity.x0Id))
})

test('whatever somebody does to the entries, the first one that is wrong is found and named', async (t) => {
  const { open, report, store } = await home(t)
  const trail = await open()
  for (let index = 0; index < 19; index += 1) trail.record('invite.made', { index })
  await trail.close()
  const original = await kept(store())
  const last = original.size
  assert.equal(last, 20)
  assert.equal((await report()).problem, undefined)
  const at = (n: number): Uint8Array => original.get(n) ?? assert.fail(`no entry ${n}`)

  const place = fc.integer({ min: 1, max: last })
  type Deed = { readonly what: string; readonly entries: Map<number, Uint8Array>; readonly found: string }
  const deed: fc.Arbitrary<Deed> = fc.oneof(
    place.map((n) => {
      const entries = new Map(original)
      entries.delete(n)
      return { what: `remove ${n}`, entries, found: n === last ? `truncated ${n}` : `missing ${n}` }
    }),
    place.map((n) => ({
      what: `truncate before ${n}`,
      entries: new Map([...original].filter(([one]) => one < n)),
      found: `truncated ${n}`,
    })),
    place.map((n) => ({
      what: `cut the oldest up to ${n}`,
      entries: new Map([...original].filter(([one]) => one > n)),
      found: n === last ? 'truncated 1' : 'missing 1',
    })),
    fc.tuple(place, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([n, where, change]) => {
      const { bytes } = openSealed(at(n))
      const bent = Uint8Array.from(at(n), (byte, index) => (index === where % bytes.length ? byte ^ change : byte))
      return { what: `change ${n}`, entries: new Map(original).set(n, bent), found: `changed ${n}` }
    }),
    place.map((n) => ({
      what: `change ${n} and its hash`,
      entries: new Map(original).set(n, forged(at(n))),
      found: n === last ? `rewritten ${n}` : `unchained ${n + 1}`,
    })),
    place.map((from) => {
      // all from there on, each with a hash that fits
      const entries = new Map(original)
      let previous: Uint8Array | undefined
      for (let n = from; n <= last; n += 1) {
        const sealed = forged(at(n), previous === undefined ? {} : { previous })
        previous = openSealed(sealed).hash
        entries.set(n, sealed)
      }
      return { what: `rewrite from ${from}`, entries, found: `rewritten ${last}` }
    }),
    fc
      .tuple(place, place)
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => ({
        what: `swap ${a} and ${b}`,
        entries: new Map(original).set(a, at(b)).set(b, at(a)),
        found: `misplaced ${Math.min(a, b)}`,
      })),
    fc
      .tuple(place, place)
      .filter(([a, b]) => a !== b)
      .map(([from, to]) => ({
        what: `put a copy of ${from} in the place of ${to}`,
        entries: new Map(original).set(to, at(from)),
        found: `misplaced ${to}`,
      })),
    place.map((n) => {
      // one more, and all behind it one place on
      const entries = new Map([...original].map(([one, sealed]) => [one < n ? one : one + 1, sealed]))
      const before = n === 1 ? new Uint8Array(32) : openSealed(at(n - 1)).hash
      entries.set(n, forged(at(n), { previous: before }))
      return { what: `insert before ${n}`, entries, found: n === last ? `rewritten ${n}` : `misplaced ${n + 1}` }
    }),
    place.map((n) => ({
      what: `write nonsense over ${n}`,
      entries: new Map(original).set(n, new Uint8Array(10)),
      found: `changed ${n}`,
    })),
    place.map((n) => {
      const nonsense = new TextEncoder().encode('nonsense with a hash that fits')
      return {
        what: `write nonsense with its hash over ${n}`,
        entries: new Map(original).set(n, sealEntry(backend, nonsense).sealed),
        found: `malformed ${n}`,
      }
    }),
  )
  await fc.assert(
    fc.asyncProperty(deed, async ({ what, entries, found }) => {
      await lay(store(), entries)
      const { problem } = await report()
      assert.equal(problem === undefined ? 'nothing' : `${problem.fault} ${problem.n}`, found, what)
    }),
    { numRuns: 250 },
  )
  await lay(store(), original)
  assert.equal((await report()).problem, undefined)
})

test('a head that is gone, bent, forged or of another node is found; entries behind a good one are counted as unsigned', async (t) => {
  const { open, report, store, shelf } = await home(t)
  const trail = await open()
  trail.record('invite.made', {})
  await trail.close()
  const heads = store().namespace('audit-head')
  const head = await heads.get('head')
  assert.ok(head !== undefined)
  const faultOf = async (): Promise<string | undefined> => (await report()).problem?.fault

  await heads.delete('head')
  assert.equal(await faultOf(), 'head-missing')
  for (const at of [0, 17, 30, 60, 80, 100, 200, 3_000, head.length - 1]) {
    await heads.put(
      'head',
      Uint8Array.from(head, (byte, index) => (index === at ? byte ^ 1 : byte)),
    )
    assert.equal(await faultOf(), 'head-forged', `byte ${at}`)
  }
  await heads.put('head', head.subarray(1))
  assert.equal(await faultOf(), 'head-forged')
  await heads.put('head', head)
  assert.equal(await faultOf(), undefined)

  const other = await generateNodeIdentity(backend, systemRandom)
  const foreign = await verifyTrail(backend, await shelf().head(), shelf().entries(0), [other.x0Id])
  assert.equal(foreign.problem?.fault, 'head-foreign')

  const all = await kept(store())
  const last = openSealed(all.get(2) ?? assert.fail())
  const more = sealEntry(backend, encodeEntry({ n: 3, at: 1, kind: 'invite.made', data: {}, previous: last.hash }))
  await lay(store(), all.set(3, more.sealed))
  const tail = await report()
  assert.deepEqual([tail.problem, tail.entries, tail.unsigned], [undefined, 3, 1])
})

test('the head is signed once a second while there is something new, and not without', async (t) => {
  const { open, clock, store } = await home(t)
  const trail = await open()
  const countOf = (): number | undefined => trail.head?.count
  assert.equal(countOf(), 1)
  for (let index = 0; index < 5; index += 1) trail.record('invite.made', { index })
  clock.advance(SIGN_AFTER_MS - 1)
  await trail.page(1, 10)
  assert.equal(countOf(), 1, 'written, and not signed for')
  assert.equal((await kept(store())).size, 6)
  clock.advance(1)
  await until('the head is signed', () => countOf() === 6)
  const head = trail.head
  clock.advance(10 * SIGN_AFTER_MS)
  await trail.flush()
  assert.equal(trail.head, head, 'nothing new, nothing signed')
  assert.equal(clock.pending, 0)
  await trail.close()
})

test('a trail that was cut while the node was down stays cut: what follows does not hide it', async (t) => {
  const { open, report, store, damaged } = await home(t)
  const trail = await open()
  for (let index = 0; index < 9; index += 1) trail.record('invite.made', { index })
  await trail.close()
  await lay(store(), new Map([...(await kept(store()))].filter(([n]) => n < 8)))

  const again = await open()
  assert.deepEqual(
    damaged.map(({ fault, n }) => [fault, n]),
    [['truncated', 10]],
  )
  again.record('invite.made', { index: 99 })
  await again.close()
  const { problem } = await report()
  assert.deepEqual([problem?.fault, problem?.n], ['missing', 8])
  assert.deepEqual(
    (await again.page(8, 9)).map(({ n, kind }) => [n, kind]),
    [
      [11, 'audit.damaged'],
      [12, 'invite.made'],
    ],
  )
})

test('a head that is gone, or forged, is an alarm and an entry at the next start, and the trail goes on', async (t) => {
  const { open, report, store, damaged } = await home(t)
  const trail = await open()
  trail.record('invite.made', {})
  await trail.close()
  await store().namespace('audit-head').delete('head')
  await (await open()).close()
  assert.deepEqual(
    damaged.map(({ fault }) => fault),
    ['head-missing'],
  )
  assert.equal((await report()).problem, undefined)
  const head = (await store().namespace('audit-head').get('head')) ?? assert.fail()
  await store()
    .namespace('audit-head')
    .put(
      'head',
      Uint8Array.from(head, (byte, index) => (index === 60 ? byte ^ 1 : byte)),
    )
  const last = await open()
  await last.close()
  assert.deepEqual(
    damaged.map(({ fault }) => fault),
    ['head-missing', 'head-forged'],
  )
  assert.deepEqual(
    (await last.page(1, 9)).map(({ kind, data }) => [kind, data.fault]),
    [
      ['audit.began', undefined],
      ['invite.made', undefined],
      ['audit.damaged', 'head-missing'],
      ['audit.damaged', 'head-forged'],
    ],
  )
})

test('new keys go on with the trail of the old ones, where these have named them; a stranger cannot', async (t) => {
  const { open, report, damaged } = await home(t)
  await (await open()).close()
  const successor = await generateNodeIdentity(backend, systemRandom)
  const rotated = await open({ identity: successor, predecessor: identity.x0Id })
  await rotated.close()
  assert.deepEqual(damaged, [])
  const [, second] = await rotated.page(1, 9)
  assert.deepEqual(
    [second?.kind, second?.data],
    ['keys.rotated', { from: formatX0Id(identity.x0Id), to: formatX0Id(successor.x0Id) }],
  )
  assert.equal((await rotated.verify()).problem, undefined)
  assert.equal((await report()).problem?.fault, 'head-foreign', 'the old keys do not stand for the new ones')
  await (await open()).close()
  assert.deepEqual(
    damaged.map(({ fault }) => fault),
    ['head-foreign'],
  )
})

test('a tail that nothing signed for is taken up where it follows, and goes from where it does not', async (t) => {
  const { open, report, store, damaged } = await home(t)
  const trail = await open()
  await trail.close()
  const all = await kept(store())
  const next = (n: number, previous: Uint8Array) =>
    sealEntry(backend, encodeEntry({ n, at: 1, kind: 'invite.made', data: { n }, previous }))
  const two = next(2, openSealed(all.get(1) ?? assert.fail()).hash)
  const three = next(3, two.hash)
  const four = next(4, new Uint8Array(32))
  await lay(store(), new Map([...all, [2, two.sealed], [3, three.sealed], [4, four.sealed], [9, four.sealed]]))
  const again = await open()
  await again.close()
  assert.deepEqual(
    damaged.map(({ fault, n }) => [fault, n]),
    [['unchained', 4]],
  )
  const { problem, last, unsigned } = await report()
  assert.deepEqual([problem, last, unsigned], [undefined, 4, 0])
  assert.deepEqual(
    (await again.page(2, 9)).map(({ kind }) => kind),
    ['invite.made', 'invite.made', 'audit.damaged'],
  )
})

test('a trail that grows past its bound loses its oldest entries, says so, and still verifies', async (t) => {
  const { open, report, store, reopenStore } = await home(t, { bounds: { entries: 50, pruned: 10 } })
  const trail = await open()
  for (let index = 0; index < 400; index += 1) {
    trail.record('invite.made', { index })
    if (index % 7 === 0) await trail.flush()
    assert.ok((await kept(store())).size <= 60)
  }
  await trail.close()
  const { problem, entries, first, last } = await report()
  assert.equal(problem, undefined)
  assert.ok(entries > 30 && entries <= 50, `${entries} entries`)
  assert.equal(last - first + 1, entries)
  const all = await trail.page(1, 100)
  const pruned = all.filter(({ kind }) => kind === 'audit.pruned').at(-1)
  assert.equal(pruned?.data.to, first - 1)
  assert.equal(pruned.data.hash, Buffer.from(all[0]?.previous ?? []).toString('hex'))
  assert.equal((await trail.page(1, 1))[0]?.n, first)

  // what is left cannot be shortened further: the head says where it begins
  const original = await kept(store())
  await lay(store(), new Map([...original].filter(([n]) => n > first)))
  assert.deepEqual([(await report()).problem?.fault, (await report()).problem?.n], ['missing', first])

  // leftovers of a pruning that a kill cut off are no fault, must fit, and go at the next start
  const left = sealEntry(
    backend,
    encodeEntry({ n: first - 1, at: 1, kind: 'invite.made', data: {}, previous: new Uint8Array(32) }),
  )
  await lay(store(), new Map([[first - 1, left.sealed], ...original]))
  assert.deepEqual([(await report()).problem?.fault, (await report()).problem?.n], ['rewritten', first - 1])
  await reopenStore()
  await (await open()).close()
  assert.equal((await report()).problem, undefined)
  assert.equal((await kept(store())).has(first - 1), false)
})

test('a flood of one source, or of thousands, becomes few entries and a count of the rest; other kinds are not touched', async (t) => {
  const { open, clock, store } = await home(t)
  const recorded: string[] = []
  let suppressed = 0
  const trail = await open({
    onRecorded: (kind) => recorded.push(kind),
    onSuppressed: () => {
      suppressed += 1
    },
  })
  for (let index = 0; index < 10_000; index += 1) trail.record('policy.denied', { index }, 'one')
  const denials = (): number => recorded.filter((kind) => kind === 'policy.denied').length
  assert.equal(denials(), SOURCE_RATE.limit)
  for (let index = 0; index < 20_000; index += 1) trail.record('policy.denied', { index }, `source ${index}`)
  assert.equal(denials(), KIND_RATE.limit, 'all sources together')
  assert.equal(suppressed, 30_000 - KIND_RATE.limit)
  for (let index = 0; index < 200; index += 1) trail.record('invite.made', { index })
  assert.equal(recorded.filter((kind) => kind === 'invite.made').length, 200)
  assert.ok(MAX_SOURCES < 20_000)

  // the count comes by itself, when it is old enough
  clock.advance(SIGN_AFTER_MS)
  await until('the head is signed', () => clock.pending === 1)
  assert.ok(!recorded.includes('audit.suppressed'))
  clock.advance(SUPPRESSED_AFTER_MS)
  await until('the rest is told', () => recorded.includes('audit.suppressed') && clock.pending === 0)
  const entries = await trail.page(1, 1_000)
  assert.deepEqual(entries.at(-1)?.data, { count: 30_000 - KIND_RATE.limit, kind: 'policy.denied' })
  clock.advance(KIND_RATE.periodMs)
  trail.record('policy.denied', {}, 'one')
  await trail.close()
  assert.equal((await kept(store())).size, 1 + KIND_RATE.limit + 200 + 1 + 1)
})

test('a running node verifies its own trail while it grows, and who asks meanwhile gets the same answer', async (t) => {
  const { open } = await home(t, { bounds: { entries: 50, pruned: 10 } })
  const trail = await open()
  for (let index = 0; index < 45; index += 1) trail.record('invite.made', { index })
  const [one, two] = [trail.verify(), trail.verify()]
  assert.equal(one, two)
  for (let index = 0; index < 200; index += 1) trail.record('invite.made', { index })
  await trail.flush()
  const { problem } = await one
  assert.equal(problem, undefined)
  assert.equal((await trail.verify()).problem, undefined)
  await trail.close()
})

test('where the store fails it is told once, and nothing throws', async (t) => {
  const errors: unknown[] = []
  const { open, store, clock } = await home(t)
  const trail = await open({ onError: (error) => errors.push(error) })
  await store().close()
  trail.record('invite.made', {})
  await until('the failure is told', () => errors.length === 1)
  trail.record('invite.made', {})
  clock.advance(10 * SIGN_AFTER_MS)
  await trail.close()
  assert.equal(errors.length, 1)
})
