import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ApiFile, readApiFile, writeApiFile } from '../../src/store/api-file.ts'
import { writeFileAtomic } from '../../src/store/atomic-file.ts'
import { HOME_FORMAT, openHome } from '../../src/store/home.ts'
import { homePaths } from '../../src/store/home-paths.ts'
import { liveProcessIn, markOfThisProcess } from '../../src/store/process-mark.ts'
import { StoreError, type StoreErrorCode, storeErrorFrom } from '../../src/store/store-error.ts'
import { temporaryFolder } from './temporary-folder.ts'

const withCode = (code: StoreErrorCode, part: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreError, String(error))
  assert.equal(error.code, code, error.message)
  assert.match(error.message, part)
  return true
}
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

const API: ApiFile = {
  schema: 'x0.api/v1',
  pid: process.pid,
  admin: 'http://127.0.0.1:1234',
  socket: null,
  tokenFile: '/home/token',
  peerId: '12D3KooX',
  x0Id: 'x0abc',
  addresses: ['/ip4/127.0.0.1/tcp/1'],
  bootstrap: ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooX#x0abc'],
}

test('a new home is private, has a version, and opens again as not new', async (t) => {
  const folder = join(await temporaryFolder(t), 'deep', 'home')
  const home = await openHome(folder)
  assert.equal(home.created, true)
  assert.equal(await modeOf(folder), '700')
  assert.equal(await readFile(home.paths.version, 'utf8'), `${HOME_FORMAT}\n`)
  await home.store.namespace('pins').put('a', new Uint8Array([1]))
  await Promise.all([home.close(), home.close()])
  assert.deepEqual((await readdir(folder)).sort(), ['store', 'version'])
  const again = await openHome(folder)
  t.after(() => again.close())
  assert.equal(again.created, false)
  assert.deepEqual(await again.store.namespace('pins').get('a'), Buffer.from([1]))
})

test('a home that others could read is made private', async (t) => {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o755)
  const home = await openHome(folder)
  t.after(() => home.close())
  assert.equal(await modeOf(folder), '700')
})

test('a second opening in the same process is refused and names this process', async (t) => {
  const folder = await temporaryFolder(t)
  const home = await openHome(folder)
  t.after(() => home.close())
  await assert.rejects(openHome(folder), withCode('locked', new RegExp(`in use by process ${process.pid};.*--home`)))
})

test('a home of a newer version is refused before anything in it is touched', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'version'), `${HOME_FORMAT + 1}\n`)
  await assert.rejects(openHome(folder), withCode('newer', /newer x0.*install that version/))
  assert.deepEqual(await readdir(folder), ['version'])
})

test('a version file that holds no number is corrupt', async (t) => {
  const folder = await temporaryFolder(t)
  for (const content of ['', 'one', '0', '-1', '1.5', '1\n2']) {
    await writeFile(join(folder, 'version'), content)
    await assert.rejects(openHome(folder), withCode('corrupt', /version/))
  }
})

test('a folder with other things in it is left alone; one with a config.yaml is a home', async (t) => {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o755)
  await writeFile(join(folder, 'thesis.txt'), 'x')
  await assert.rejects(openHome(folder), withCode('foreign', /thesis\.txt/))
  assert.equal(await modeOf(folder), '755')
  assert.deepEqual(await readdir(folder), ['thesis.txt'])
  await writeFile(join(folder, 'config.yaml'), '')
  await (await openHome(folder)).close()
})

test('a file where the home should be, and a home below a file, are told', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'file'), 'x')
  await assert.rejects(openHome(join(folder, 'file')), (error) => error instanceof StoreError)
  await assert.rejects(openHome(join(folder, 'file', 'home')), withCode('io', /ENOTDIR/))
})

test('what a killed process left behind is removed and does not block', async (t) => {
  const folder = await temporaryFolder(t)
  const paths = homePaths(folder)
  await (await openHome(folder)).close()
  await writeFile(paths.api, JSON.stringify({ ...API, pid: 1 }))
  await writeFile(paths.process, JSON.stringify({ schema: 'x0.process/v1', pid: process.pid, start: 'another boot:1' }))
  await writeFile(join(folder, '.x0-api.json.0123456789ab.tmp'), '{')
  await writeFile(join(folder, '.hidden.tmp'), "the operator's")
  const home = await openHome(folder)
  t.after(() => home.close())
  assert.deepEqual((await readdir(folder)).sort(), ['.hidden.tmp', 'process.json', 'store', 'version'])
  assert.equal(await liveProcessIn(paths.process), process.pid)
})

test('a mark is believed only while that very process runs', async (t) => {
  const path = join(await temporaryFolder(t), 'mark')
  assert.equal(await liveProcessIn(path), undefined)
  const mark = await markOfThisProcess()
  await writeFile(path, mark)
  assert.equal(await liveProcessIn(path), process.pid)
  await writeFile(path, JSON.stringify({ ...JSON.parse(mark), pid: 2 ** 22 + 1 }))
  assert.equal(await liveProcessIn(path), undefined)
  for (const broken of ['', '{', '[]', '{"pid":"1"}', '{"schema":"x0.process/v1","pid":-1,"start":""}']) {
    await writeFile(path, broken)
    assert.equal(await liveProcessIn(path), undefined)
  }
  if (process.platform !== 'linux') return
  await writeFile(path, JSON.stringify({ ...JSON.parse(mark), start: 'other:1' }))
  assert.equal(await liveProcessIn(path), undefined, 'the id was given to another process')
})

test('api.json is written whole, private, read back, and gone after close', async (t) => {
  const folder = await temporaryFolder(t)
  const home = await openHome(folder)
  assert.equal(await readApiFile(home.paths), undefined)
  await writeApiFile(home.paths, API)
  assert.equal(await modeOf(home.paths.api), '600')
  assert.deepEqual(await readApiFile(home.paths), API)
  await home.close()
  assert.equal(await readApiFile(home.paths), undefined)
})

test('an api.json of another kind is corrupt', async (t) => {
  const paths = homePaths(await temporaryFolder(t))
  for (const broken of [
    '',
    '{',
    'null',
    JSON.stringify({ ...API, schema: 'x0.api/v2' }),
    JSON.stringify({ ...API, pid: 'x' }),
    ' '.repeat(300_000),
  ]) {
    await writeFile(paths.api, broken)
    await assert.rejects(readApiFile(paths), withCode('corrupt', /api\.json/))
  }
})

test('a reader of an atomically written file never sees a part of it', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'file')
  const contents = ['a', 'b'].map((letter) => letter.repeat(200_000))
  await writeFileAtomic(path, contents[0] ?? '', 0o600)
  let done = false
  const writing = (async () => {
    for (let round = 0; round < 40; round += 1) await writeFileAtomic(path, contents[round % 2] ?? '', 0o640)
    done = true
  })()
  while (!done) assert.ok(contents.includes(await readFile(path, 'utf8')))
  await writing
  assert.deepEqual(await readdir(folder), ['file'])
  assert.equal(await modeOf(path), '640')
})

test('a failed atomic write leaves the old content and no rubbish', async (t) => {
  const folder = await temporaryFolder(t)
  await mkdir(join(folder, 'target'))
  await writeFile(join(folder, 'target', 'inside'), 'x')
  await assert.rejects(writeFileAtomic(join(folder, 'target'), 'new', 0o600), withCode('io', /target/))
  assert.deepEqual(await readdir(folder), ['target'])
  await assert.rejects(writeFileAtomic(join(folder, 'missing', 'file'), 'new', 0o600), withCode('io', /ENOENT/))
})

test('a socket path that the operating system would cut off is not offered', () => {
  assert.equal(homePaths('/srv/x0').socket, '/srv/x0/x0.sock')
  assert.equal(homePaths(`/srv/${'x'.repeat(100)}`).socket, undefined)
})

test('errors of the system get a code', () => {
  const system = (code: string, message = code) => storeErrorFrom(Object.assign(new Error(message), { code }), 'try').code
  assert.equal(system('ENOSPC'), 'full')
  assert.equal(system('EDQUOT'), 'full')
  assert.equal(system('EACCES'), 'permissions')
  assert.equal(system('EROFS'), 'permissions')
  assert.equal(system('LEVEL_CORRUPTION'), 'corrupt')
  assert.equal(system('LEVEL_IO_ERROR', 'IO error: x/000005.log: No space left on device'), 'full')
  assert.equal(system('LEVEL_IO_ERROR', 'IO error: x/LOCK: Permission denied'), 'permissions')
  assert.equal(system('EIO'), 'io')
  assert.equal(storeErrorFrom('a string', 'try').message, 'could not try: a string')
})
