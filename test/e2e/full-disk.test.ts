import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from '../store/temporary-folder.ts'

const run = promisify(execFile)
const NODE = new URL('full-disk-node.ts', import.meta.url).pathname

test('a disk that fills up while the node runs shows in health, readiness, liveness, metrics, alarms and the log', {
  timeout: 90_000,
}, async (t) => {
  const folder = await temporaryFolder(t)
  const [home, other] = [join(folder, 'home'), join(folder, 'other')]
  await mkdir(join(home, 'store'), { recursive: true, mode: 0o700 })
  // A mount namespace of its own: the tiny file system goes with the process, whatever happens.
  const inNamespace = (command: string) =>
    run('unshare', ['-Urm', 'sh', '-c', command, 'sh', home, other, process.execPath, NODE])
  const mount = 'mount -t tmpfs -o size=4m tmpfs "$1/store"'
  try {
    await inNamespace(mount)
  } catch (error) {
    t.skip(`no mount namespace here: ${error instanceof Error ? error.message : String(error)}`)
    return
  }
  const { stdout } = await inNamespace(`${mount} && exec "$3" "$4" "$1" "$2"`)
  const result = JSON.parse(stdout)
  assert.deepEqual(result.before, [200, 200])
  assert.deepEqual(result.after, [503, 503])
  assert.equal(result.store.ok, false)
  assert.match(result.store.detail, /takes no writes: .*[Nn]o space/)
  assert.equal(result.counted, '1')
  assert.ok(result.alarms.includes('store.failed'))
  assert.ok(result.fatal)
})
