import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from './temporary-folder.ts'

const run = promisify(execFile)
const WRITER = new URL('full-disk-writer.ts', import.meta.url).pathname

test('a full disk is told as full, closes the store for writing, and loses nothing that was confirmed', {
  timeout: 60_000,
}, async (t) => {
  const folder = join(await temporaryFolder(t), 'disk')
  await mkdir(folder)
  // A mount namespace of its own: the tiny file system goes with the process, whatever happens.
  const inNamespace = (command: string) => run('unshare', ['-Urm', 'sh', '-c', command, 'sh', folder, process.execPath, WRITER])
  try {
    await inNamespace('mount -t tmpfs -o size=4m tmpfs "$1"')
  } catch (error) {
    t.skip(`no mount namespace here: ${error instanceof Error ? error.message : String(error)}`)
    return
  }
  const { stdout } = await inNamespace('mount -t tmpfs -o size=4m tmpfs "$1" && exec "$2" "$3" "$1/home"')
  const result = JSON.parse(stdout)
  assert.ok(result.written > 20, stdout)
  assert.deepEqual(result, {
    ...result,
    first: 'full',
    second: 'closed',
    file: 'full',
    readable: result.written,
    failures: ['full'],
  })
})
