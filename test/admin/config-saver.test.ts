import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ConfigSaver } from '../../src/admin/config-saver.ts'
import { NodeFault } from '../../src/admin/node-view.ts'
import { loadConfig } from '../../src/config/load.ts'
import { temporaryFolder } from '../store/temporary-folder.ts'

const LINE = '/ip4/192.0.2.1/tcp/9691'
const add = (...lines: string[]) => [{ list: 'peers.persistent', drop: () => false, add: lines }] as const

/** The saver of a home with this config.yaml, if any. */
async function saverFor(
  t: TestContext,
  text?: string,
  env: Record<string, string> = {},
): Promise<{ readonly saver: ConfigSaver; readonly home: string; readonly file: string }> {
  const home = await temporaryFolder(t)
  const file = join(home, 'config.yaml')
  if (text !== undefined) await writeFile(file, text, { mode: 0o644 })
  return { home, file, saver: new ConfigSaver(file, await loadConfig({ home, flags: [], env })) }
}

const refused = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof NodeFault && error.code === 'not-saved', String(error))
  assert.match(error.message, message)
  return true
}

test('a file that was not there is made for this user alone; one that was keeps its mode; nothing is left beside it', async (t) => {
  const fresh = await saverFor(t)
  assert.equal(await fresh.saver.edit(add(LINE)), true)
  assert.equal(await readFile(fresh.file, 'utf8'), `peers:\n  persistent:\n    - ${LINE}\n`)
  assert.equal((await stat(fresh.file)).mode & 0o777, 0o600)
  assert.equal(await fresh.saver.edit(add(LINE)), false, 'it is there already')
  assert.equal(fresh.saver.originOf('peers.persistent'), `${fresh.file} line 2`)
  assert.equal(fresh.saver.originOf('bootstrap'), 'default')

  const kept = await saverFor(t, '# mine\nlog: { level: warn }\n')
  await kept.saver.edit(add(LINE))
  assert.equal((await stat(kept.file)).mode & 0o777, 0o644)
  assert.match(await readFile(kept.file, 'utf8'), /^# mine\n/)
  assert.deepEqual(await readdir(kept.home), ['config.yaml'])
})

test('changes at the same moment come one after another', async (t) => {
  const { saver, file } = await saverFor(t, 'peers: { min: 1 }\n')
  const lines = Array.from({ length: 8 }, (_, index) => `/ip4/192.0.2.${index}/tcp/1`)
  await Promise.all(lines.map((line) => saver.edit(add(line))))
  const text = await readFile(file, 'utf8')
  for (const line of lines) assert.ok(text.includes(line), line)
})

test('what would not load is not written: a wrong line, too many lines, a file that is wrong already', async (t) => {
  const { saver, file } = await saverFor(t, 'peers: { min: 1 }\n')
  const before = await readFile(file, 'utf8')
  await assert.rejects(saver.edit(add('not an address')), refused(/persistent\[0\].*expected a multiaddr/))
  const many = Array.from({ length: 129 }, (_, port) => `/ip4/192.0.2.1/tcp/${port + 1}`)
  await assert.rejects(saver.edit(add(...many)), refused(/peers\.persistent/))
  assert.equal(await readFile(file, 'utf8'), before)
  for (const wrong of ['peers: [', 'peers: { mim: 1 }\n', 'peers: 7\n', 'peers: { persistent: no-list }\n']) {
    await writeFile(file, wrong)
    await assert.rejects(saver.edit(add(LINE)), refused(/nothing was changed/), wrong)
    assert.equal(await readFile(file, 'utf8'), wrong)
  }
})

test('a change that an alias carries elsewhere is refused', async (t) => {
  const { saver } = await saverFor(t, `bootstrap: &lines [ ${LINE} ]\npeers: { persistent: *lines }\n`)
  await assert.rejects(saver.edit([{ list: 'bootstrap', drop: () => true, add: [] }]), refused(/by hand/))
})

test('a file that is not this node’s to write is left alone: a link, a folder, a protected one, one named by --config', async (t) => {
  const linked = await saverFor(t, 'peers: { min: 1 }\n')
  const elsewhere = join(linked.home, 'managed.yaml')
  await rename(linked.file, elsewhere)
  await symlink(elsewhere, linked.file)
  await assert.rejects(linked.saver.edit(add(LINE)), refused(/no plain file/))
  assert.equal(await readFile(elsewhere, 'utf8'), 'peers: { min: 1 }\n')

  const folder = await saverFor(t)
  await mkdir(folder.file)
  await assert.rejects(folder.saver.edit(add(LINE)), refused(/no plain file/))

  const locked = await saverFor(t, 'peers: { min: 1 }\n')
  await chmod(locked.file, 0o444)
  await assert.rejects(locked.saver.edit(add(LINE)), refused(/write-protected/))

  const { home } = linked
  const loaded = await loadConfig({ home, flags: [], env: {}, configFile: elsewhere })
  const other = new ConfigSaver(join(home, 'config.yaml'), loaded)
  await assert.rejects(other.edit(add(LINE)), refused(/managed\.yaml, which is not in its home/))
})

test('a list that a variable gives is not the file’s to change; what the environment needs is checked with it', async (t) => {
  const hidden = await saverFor(t, 'peers: { min: 1 }\n', { X0_PEERS_PERSISTENT: LINE })
  assert.equal(hidden.saver.isWritable('peers.persistent'), false)
  assert.equal(hidden.saver.originOf('peers.persistent'), 'X0_PEERS_PERSISTENT')
  assert.equal(hidden.saver.isWritable('bootstrap'), true)
  // alone the file would not do: min is above the default target
  const together = await saverFor(t, 'peers: { min: 20, max: 90 }\n', { X0_PEERS_TARGET: '30' })
  assert.equal(await together.saver.edit(add(LINE)), true)
})

test('after a reload the file that counts is the one that was read then', async (t) => {
  const { saver, home, file } = await saverFor(t, `bootstrap: [ ${LINE} ]\n`)
  assert.equal(saver.originOf('bootstrap'), `${file} line 1`)
  await writeFile(file, `# first\nbootstrap: [ ${LINE} ]\n`)
  saver.reloaded(await loadConfig({ home, flags: [], env: {} }))
  assert.equal(saver.originOf('bootstrap'), `${file} line 2`)
})
