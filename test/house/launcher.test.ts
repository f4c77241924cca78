import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

const ROOT = join(import.meta.dirname, '..', '..')
const launcher = createRequire(import.meta.url)('../../bin/find-node.cjs') as { recentEnough(version: string): boolean }

/** A Node.js of the machine that is too old for the program, where there is one: the launcher's reason to exist. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'node'))
  .find((path) => {
    const { stdout, status } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    return status === 0 && !launcher.recentEnough(stdout.trim())
  })
const withOldNode = { skip: oldNode === undefined && 'this machine has no Node.js that is too old' }

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'x0-house-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs `source` as a script through bin/node under the old Node.js and waits for its first output. */
async function runScript(t: TestContext, source: string): Promise<ChildProcess> {
  const script = join(temporaryFolder(t), 'script.js')
  writeFileSync(script, source)
  const child = spawn(oldNode ?? '', [join(ROOT, 'bin', 'node'), script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  if (child.stdout !== null) await once(child.stdout, 'data')
  return child
}

describe('the launcher', () => {
  it('knows which Node.js can run the program', () => {
    for (const version of ['v24.15.0', 'v24.21.3', 'v25.0.0', 'v100.0.0']) assert.ok(launcher.recentEnough(version), version)
    for (const version of ['v24.14.9', 'v24.7.0', 'v22.20.0', 'v20.20.2', 'v0.10.48']) {
      assert.ok(!launcher.recentEnough(version), version)
    }
  })

  it('starts x0 from any folder, also through a link, on the right Node.js', withOldNode, (t) => {
    const folder = temporaryFolder(t)
    symlinkSync(join(ROOT, 'bin', 'x0'), join(folder, 'x0'))
    const { stdout, stderr, status } = spawnSync(oldNode ?? '', [join(folder, 'x0'), 'version', '--json'], {
      cwd: folder,
      encoding: 'utf8',
    })
    assert.deepEqual([status, stderr], [0, ''])
    const { node } = JSON.parse(stdout) as { node: string }
    assert.ok(launcher.recentEnough(`v${node}`), node)
  })

  it('ends with the command, whatever timers are left, and not before its output is out', (t) => {
    const never = ['--import', 'data:text/javascript,setInterval(() => undefined, 1000)']
    const x0 = (...args: string[]) =>
      spawnSync(process.execPath, [...never, join(ROOT, 'bin', 'x0'), ...args], { encoding: 'utf8', timeout: 20_000 })
    const schema = x0('config', 'schema')
    assert.equal(schema.status, 0)
    assert.ok(Object.keys(JSON.parse(schema.stdout)).length > 0)
    const home = join(temporaryFolder(t), 'home')
    const failed = x0('run', '--home', home, '--config', join(home, 'absent.yaml'))
    assert.deepEqual([failed.status, failed.signal], [7, null])
    assert.match(failed.stderr, /absent\.yaml/)
  })

  it('passes the exit code on', withOldNode, () => {
    const { status, stderr } = spawnSync(oldNode ?? '', [join(ROOT, 'bin', 'x0'), 'perrs'], { encoding: 'utf8' })
    assert.equal(status, 2)
    assert.match(stderr, /Did you mean peers/)
  })

  it('passes signals on and ends as the program ended', withOldNode, async (t) => {
    const polite = await runScript(
      t,
      `process.on('SIGTERM', () => process.exit(23)); setInterval(() => {}, 1000); console.log('up')`,
    )
    polite.kill('SIGTERM')
    assert.deepEqual(await once(polite, 'exit'), [23, null])
    const plain = await runScript(t, `setInterval(() => {}, 1000); console.log('up')`)
    plain.kill('SIGTERM')
    assert.deepEqual(await once(plain, 'exit'), [null, 'SIGTERM'])
  })

  it('leaves no daemon behind when it is killed itself', withOldNode, async (t) => {
    const folder = temporaryFolder(t)
    cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true })
    cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    // The place of the program, in an installed package.
    cpSync(join(import.meta.dirname, 'endless-program.js.txt'), join(folder, 'dist', 'cli', 'main.js'))
    const child = spawn(oldNode ?? '', [join(folder, 'bin', 'x0')], { stdio: ['ignore', 'pipe', 'inherit'] })
    let pid = 0
    t.after(() => endIfAlive(pid))
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    pid = Number(line.toString())
    assert.notEqual(pid, child.pid)
    // Nothing else holds this pipe's other end: it closes when the program is gone.
    const gone = once(child.stdout, 'close')
    child.kill('SIGKILL')
    await gone
  })

  it('says in one clear sentence what is missing', withOldNode, (t) => {
    const folder = temporaryFolder(t)
    cpSync(join(ROOT, 'bin'), join(folder, 'bin'), { recursive: true })
    const { stdout, stderr, status } = spawnSync(oldNode ?? '', [join(folder, 'bin', 'x0'), 'version'], { encoding: 'utf8' })
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(
      stderr,
      /^x0 needs Node\.js 24\.15 or newer; this is v[\d.]+ and the bundled one .* is not installed: run .*\.\n$/,
    )
    assert.equal(stderr.split('\n').length, 2)
  })
})

function endIfAlive(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
