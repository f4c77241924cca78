import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { cryptoBackend } from '../../src/crypto/select.ts'
import { openKeyStore } from '../../src/identity/key-store.ts'
import { formatX0Id } from '../../src/identity/x0-id.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { openHome } from '../../src/store/home.ts'
import { AuditTrail } from '../../src/trust/audit/audit-trail.ts'
import { fakeNode, temporaryHome, x0 } from './fake-node.ts'

const backend = await cryptoBackend('native')

/** The home of a node that has run and recorded, and runs no more. */
async function restingHome(t: TestContext, entries: number): Promise<{ home: string; x0Id: string }> {
  const folder = join(await temporaryHome(t), 'home')
  const home = await openHome(folder)
  const identity = await openKeyStore({ backend, random: systemRandom, home: folder }).create()
  const trail = await AuditTrail.open({
    store: home.store,
    backend,
    identity,
    clock: systemClock,
    onDamaged: ({ message }) => assert.fail(message),
    onError: (error) => assert.fail(String(error)),
  })
  for (let index = 1; index < entries; index += 1) trail.record('invite.made', { index, note: 'a "b" \u001b[31m' })
  await trail.close()
  await home.close()
  return { home: folder, x0Id: formatX0Id(identity.x0Id) }
}

/** Changes the home as somebody would who can write to it. */
async function tamper(folder: string, n: number, change: (sealed: Uint8Array) => Uint8Array | undefined): Promise<void> {
  const home = await openHome(folder)
  const namespace = home.store.namespace('audit')
  const key = String(n).padStart(16, '0')
  const changed = change((await namespace.get(key)) ?? assert.fail())
  await (changed === undefined ? namespace.delete(key) : namespace.put(key, changed))
  await home.close()
}

describe('x0 audit, on the home of a node that does not run', () => {
  it('shows the newest entries, or those behind a number, and lets nothing command the terminal', async (t) => {
    const { home, x0Id } = await restingHome(t, 80)
    const { code, out } = await x0(['audit', 'show', '--home', home, '--limit', '2'])
    assert.equal(code, 0)
    assert.deepEqual(
      out.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | ').replace(/\d{4}-\S+Z/, 'TIME')),
      [
        'N | AT | KIND | DATA',
        '79 | TIME | invite.made | index=78 note="a \\"b\\" \\u001b[31m"',
        '80 | TIME | invite.made | index=79 note="a \\"b\\" \\u001b[31m"',
        '',
      ],
    )
    const page = JSON.parse((await x0(['audit', 'show', '--home', home, '--since', '3', '--json'])).out)
    assert.deepEqual([page.schema, page.x0Id, page.head.count], ['x0.audit/v1', x0Id, 80])
    assert.deepEqual([page.entries.length, page.entries[0].n, page.entries[49].n], [50, 4, 53])
  })

  it('verifies, and names the first entry that is wrong with exit code 8', async (t) => {
    const { home, x0Id } = await restingHome(t, 20)
    const good = await x0(['audit', 'verify', '--home', home])
    assert.equal(good.code, 0, good.err)
    assert.match(good.out, new RegExp(`^20 entries, 1 to 20, are what ${x0Id} signed for at `))
    assert.equal((await x0(['audit', 'verify', '--home', home, '--x0-id', x0Id])).code, 0)
    const other = `x0${'a'.repeat(52)}`
    assert.equal((await x0(['audit', 'verify', '--home', home, '--x0-id', other])).code, 8)
    assert.equal((await x0(['audit', 'verify', '--home', home, '--x0-id', 'me'])).code, 2)

    await tamper(home, 7, (sealed) => Uint8Array.from(sealed, (byte, index) => (index === 30 ? byte ^ 1 : byte)))
    const bad = await x0(['audit', 'verify', '--home', home])
    assert.equal(bad.code, 8)
    assert.match(bad.err, /Entry 7 \(changed\): entry 7 is not what its hash was made of/)
    const json = JSON.parse((await x0(['audit', 'verify', '--home', home, '--json'])).out)
    assert.deepEqual([json.schema, json.ok, json.entries, json.problem.n], ['x0.audit-verification/v1', false, 6, 7])
  })

  it('exports a file that verifies anywhere, and not when a line of it is changed, moved, removed or added', async (t) => {
    const { home, x0Id } = await restingHome(t, 1_100)
    const file = join(home, '..', 'trail.jsonl')
    const exported = await x0(['audit', 'export', file, '--home', home])
    assert.equal(exported.code, 0, exported.err)
    assert.match(exported.err, /1100 entries are in/)
    const text = await readFile(file, 'utf8')
    const lines = text.split('\n')
    assert.equal(lines.length, 1 + 1_100 + 1)
    assert.equal((await x0(['audit', 'export', '-', '--home', home])).out, text)
    assert.deepEqual((await readdir(join(home, '..'))).sort(), ['home', 'trail.jsonl'])

    const verify = async (changed: readonly string[], ...flags: string[]) => {
      await writeFile(file, changed.join('\n'))
      const { code, out, err } = await x0(['audit', 'verify', file, ...flags])
      return `${code} ${code === 0 ? /^\d+ entries/.exec(out)?.[0] : (/Entry \d+ \(\S+\)/.exec(err)?.[0] ?? '')}`
    }
    assert.equal(await verify(lines), '0 1100 entries')
    assert.equal(await verify(lines, '--x0-id', x0Id), '0 1100 entries')
    assert.equal(await verify(lines, '--x0-id', `x0${'a'.repeat(52)}`), '8 Entry 1100 (head-foreign)')
    const at = (n: number): string => lines[n] ?? assert.fail()
    assert.equal(await verify(lines.toSpliced(500, 1)), '8 Entry 500 (missing)')
    assert.equal(await verify(lines.toSpliced(500, 1, at(500).replace('"index":499', '"index":498'))), '8 Entry 500 (changed)')
    assert.equal(await verify(lines.toSpliced(500, 1, at(500).replace('Z"', '1Z"'))), '8 Entry 500 (malformed)')
    assert.equal(await verify(lines.toSpliced(500, 1, 'nonsense')), '8 Entry 500 (malformed)')
    assert.equal(await verify(lines.toSpliced(500, 0, at(400))), '8 Entry 500 (misplaced)')
    assert.equal(await verify(lines.toSpliced(500, 2, at(501), at(500))), '8 Entry 500 (missing)')
    assert.equal(await verify(lines.slice(0, 900)), '8 Entry 900 (truncated)')
    assert.equal(
      await verify([at(0).replace('"count":1100', '"count":899'), ...lines.slice(1, 900)]),
      '8 Entry 899 (head-forged)',
    )
    for (const other of [lines.slice(1), ['{}'], [''], ['{"schema":"x0.audit-export/v1","head":{"first":0}}']])
      assert.equal(await verify(other), '2 ')
    assert.equal((await x0(['audit', 'verify', join(home, 'none')])).code, 1)
    assert.equal((await x0(['audit', 'export', join(home, 'no', 'folder'), '--home', home])).code, 1)
  })

  it('makes no home by looking at one, and says what a home without a trail has', async (t) => {
    const folder = await temporaryHome(t)
    for (const command of ['show', 'verify']) assert.equal((await x0(['audit', command, '--home', join(folder, 'none')])).code, 3)
    assert.deepEqual(await readdir(folder), [])
    await (await openHome(join(folder, 'new'))).close()
    assert.equal((await x0(['audit', 'show', '--home', join(folder, 'new')])).code, 8)
    const { code, out } = await x0(['audit', 'verify', '--home', join(folder, 'new')])
    assert.deepEqual([code, out], [0, 'There is no trail yet.\n'])
  })

  it('compares with the keys of the home, or says that it could not', async (t) => {
    const { home } = await restingHome(t, 3)
    const other = await restingHome(t, 5)
    // a trail that is good by itself, of other keys
    const theirs = await openHome(other.home)
    const all: [string, string, Uint8Array][] = []
    for (const name of ['audit', 'audit-head'])
      for await (const [key, value] of theirs.store.namespace(name).entries()) all.push([name, key, Uint8Array.from(value)])
    await theirs.close()
    const ours = await openHome(home)
    for (const [name, key, value] of all) await ours.store.namespace(name).put(key, value)
    await ours.close()
    const { code, err } = await x0(['audit', 'verify', '--home', home])
    assert.equal(code, 8)
    assert.match(err, /Entry 5 \(head-foreign\)/)
    await writeFile(join(home, 'keys', (await readdir(join(home, 'keys')))[0] ?? ''), 'damaged', { mode: 0o600 })
    const unknown = await x0(['audit', 'verify', '--home', home])
    assert.equal(unknown.code, 0)
    assert.match(unknown.err, /Not compared with the keys of the home/)
  })
})

it('x0 audit asks the running node where one runs', async (t) => {
  const { home, seen } = await fakeNode(t, () => ({
    body: {
      schema: 'x0.audit-verification/v1',
      ok: true,
      entries: 2,
      first: 1,
      last: 2,
      unsigned: 0,
      x0Id: `x0${'b'.repeat(52)}`,
      signedAt: '2026-01-01T00:00:00.000Z',
      problem: null,
    },
  }))
  const { code, out } = await x0(['audit', 'verify', '--home', home])
  assert.equal(code, 0)
  assert.match(out, /^2 entries, 1 to 2, are what x0b+ signed for/)
  assert.equal(seen[0]?.url, '/audit/verify')
})
