import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import { temporaryHome, x0 } from './fake-node.ts'

const X0 = join(import.meta.dirname, '..', '..', 'bin', 'x0')
/** Nothing leaves this machine, and no port is fixed. */
const LOOPBACK = ['--listen', '/ip4/127.0.0.1/tcp/0', '--admin', '127.0.0.1:0']

interface Running {
  readonly child: ChildProcess
  /** The next line of that stream that has `part` in it. */
  line(from: 'stdout' | 'stderr', part: string): Promise<string>
}

function runNode(t: TestContext, args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [X0, 'run', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  const streams = { stdout: lines(child, 'stdout'), stderr: lines(child, 'stderr') }
  return { child, line: (from, part) => streams[from](part) }
}

/** Reads a stream by lines and hands each to whoever waits for it. */
function lines(child: ChildProcess, from: 'stdout' | 'stderr'): (part: string) => Promise<string> {
  const read: string[] = []
  const waiting = new Set<() => void>()
  const reader = createInterface({ input: child[from] ?? process.stdin })
  reader.on('line', (line) => {
    read.push(line)
    for (const look of waiting) look()
  })
  let next = 0
  return (part) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const at = read.findIndex((line, index) => index >= next && line.includes(part))
        if (at === -1) return
        next = at + 1
        waiting.delete(look)
        resolve(read[at] ?? '')
      }
      waiting.add(look)
      reader.once('close', () => reject(new Error(`no line with '${part}' in ${JSON.stringify(read)}`)))
      look()
    })
}

describe('x0 run', { timeout: 120_000 }, () => {
  it('starts in an empty home, is found by it, reloads, and stops on Ctrl-C', async (t) => {
    const home = join(await temporaryHome(t), 'home')
    const node = runNode(t, ['--home', home, '--json', ...LOOPBACK])
    const announced = JSON.parse(await node.line('stdout', 'x0.run/v1'))
    assert.match(announced.bootstrap[0], /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo\w+#x0[a-z2-7]{52}$/)
    assert.match(announced.admin, /^http:\/\/127\.0\.0\.1:\d+\/$/)
    assert.equal((await stat(home)).mode & 0o077, 0)

    const self = JSON.parse((await x0(['self', '--json', '--home', home])).out)
    assert.deepEqual([self.x0Id, self.pid, self.bootstrap], [announced.x0Id, node.child.pid, announced.bootstrap])
    assert.equal((await x0(['wait', '--ready', '--home', home])).code, 0)
    assert.match((await x0(['status', '--home', home])).out, /^status {8}ok, ready\n/)
    assert.match((await x0(['events', '--home', home])).out, /node\.started/)
    assert.match((await x0(['metrics', 'x0_build', '--home', home])).out, /^# HELP x0_build_info/)
    assert.equal((await x0(['log', 'level', 'debug', '--home', home])).out, 'debug\n')
    assert.equal((await x0(['handshake', announced.peerId, '--home', home])).code, 6, 'it is no peer of itself')
    assert.equal((await x0(['init', '--home', home])).code, 1, 'the home is in use')

    await writeFile(join(home, 'config.yaml'), 'log: { level: warn }\nsecurity: { renewAfterHours: 12 }\n')
    node.child.kill('SIGHUP')
    assert.match(await node.line('stderr', 'need a restart'), /security\.renewAfterHours/)
    assert.equal((await x0(['log', 'level', '--home', home])).out, 'warn\n')
    await writeFile(join(home, 'config.yaml'), 'log: { levle: info }\n')
    node.child.kill('SIGHUP')
    assert.match(await node.line('stderr', 'keeps the one it has'), /levle/)

    const ended = once(node.child, 'exit')
    node.child.kill('SIGINT')
    assert.deepEqual(await ended, [0, null])
    assert.equal((await x0(['self', '--home', home])).code, 3)
    await assert.rejects(readFile(join(home, 'api.json')), { code: 'ENOENT' })
  })

  it('says for people how to join', async (t) => {
    const node = runNode(t, ['--home', join(await temporaryHome(t), 'home'), ...LOOPBACK])
    assert.match(await node.line('stdout', 'bootstrap'), /^bootstrap {2}\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+#x0\w+$/)
    await node.line('stderr', 'x0 run --bootstrap')
    const ended = once(node.child, 'exit')
    node.child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  })

  it('tells what is wrong with exit code 7 and without a stack trace', async (t) => {
    const home = await temporaryHome(t)
    for (const [args, what] of [
      [['--home', home, '--listen', 'nowhere'], /--listen: listen/],
      [['--home', home, '--config', join(home, 'absent.yaml')], /no such file/],
      [['--home', home, '--passphrase-file', join(home, 'absent'), ...LOOPBACK], /passphrase file cannot be read/],
    ] as const) {
      const { code, err } = await x0(['run', ...args])
      assert.equal(code, 7, err)
      assert.match(err, what)
      assert.doesNotMatch(err, /^\s+at /m)
    }
    const wrong = await x0(['config', 'show', '--home', home], { X0_LISTN: 'x' })
    assert.equal(wrong.code, 7)
    assert.match(wrong.err, /did you mean X0_LISTEN/)
  })
})

describe('x0 init', () => {
  it('makes keys once, and seals them with a passphrase', async (t) => {
    const folder = await temporaryHome(t)
    const home = join(folder, 'home')
    const file = join(folder, 'passphrase')
    await writeFile(file, 'correct horse battery\nnot this line\n')
    const first = await x0(['init', '--home', home, '--json', '--passphrase-file', file])
    assert.equal(first.code, 0, first.err)
    const made = JSON.parse(first.out)
    assert.deepEqual([made.schema, made.created, made.home], ['x0.init/v1', true, home])

    const again = await x0(['init', '--home', home], { X0_PASSPHRASE: 'correct horse battery' })
    assert.equal(again.code, 0, again.err)
    assert.ok(again.out.includes(made.x0Id))
    assert.match(again.err, /has keys already/)
    assert.equal((await x0(['init', '--home', home], { X0_PASSPHRASE: 'wrong horse battery' })).code, 5)
    const without = await x0(['init', '--home', home])
    assert.equal(without.code, 5)
    assert.match(without.err, /--passphrase-file/)
    await writeFile(file, '\n')
    assert.equal((await x0(['init', '--home', home, '--passphrase-file', file])).code, 7)
  })

  it('leaves a folder alone that is no home', async (t) => {
    const folder = await temporaryHome(t)
    await mkdir(join(folder, 'letters'))
    const { code, err } = await x0(['init', '--home', folder])
    assert.equal(code, 7)
    assert.match(err, /is no home of a node/)
  })
})

describe('x0 config', () => {
  it('shows where each setting comes from', async (t) => {
    const home = await temporaryHome(t)
    const file = join(home, 'config.yaml')
    await writeFile(file, 'peers:\n  min: 1\n')
    const env = { X0_LOG_LEVEL: 'debug' }
    const { code, out } = await x0(['config', 'show', '--origin', '--home', home], env)
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^peers\\.min +1 +${file} line 2$`, 'm'))
    assert.match(out, /^log\.level +"debug" +X0_LOG_LEVEL$/m)
    assert.match(out, /^peers\.max +64 +default$/m)
    assert.doesNotMatch((await x0(['config', 'show', '--home', home], env)).out, /ORIGIN/)
    const json = JSON.parse((await x0(['config', 'show', '--origin', '--json', '--home', home], env)).out)
    assert.deepEqual(
      [json.schema, json.file, json.config.peers.min, json.origins['peers.max']],
      ['x0.config/v1', file, 1, 'default'],
    )
  })

  it('tests a file', async (t) => {
    const home = await temporaryHome(t)
    const file = join(home, 'some.yaml')
    await writeFile(file, 'peers: { min: 1 }\n')
    assert.match((await x0(['config', 'test', file])).out, /can be used/)
    assert.match((await x0(['config', 'test', '--home', home])).out, /the defaults apply/)
    assert.equal(JSON.parse((await x0(['config', 'test', file, '--json'])).out).ok, true)
    await writeFile(file, 'peers: { mim: 1 }\n')
    const wrong = await x0(['config', 'test', file, '--json'])
    assert.equal(wrong.code, 7)
    const report = JSON.parse(wrong.out)
    assert.deepEqual([report.schema, report.ok, report.problems[0].code], ['x0.config-test/v1', false, 'unknown-key'])
    assert.match(wrong.err, /did you mean/i)
  })

  it('prints a JSON Schema that editors understand', async () => {
    const { out } = await x0(['config', 'schema'])
    assert.equal(JSON.parse(out).$schema, 'http://json-schema.org/draft-07/schema#')
  })
})
