import assert from 'node:assert/strict'
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Peer, Peers, Status } from '../../src/admin/documents.ts'
import type { ApiFile } from '../../src/store/api-file.ts'
import { until } from '../host/testing.ts'

const X0 = fileURLToPath(new URL('../../bin/x0', import.meta.url))
/** A start takes about a second; on a machine that also runs the other tests under coverage, several. */
const START_MS = 30_000
/** What one command may take, and an orderly stop. */
const COMMAND_MS = 30_000

/** How a command of `bin/x0` ended. */
export interface Answer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface DaemonOptions {
  /** Absent: a folder that does not exist yet, gone with the test. */
  readonly home?: string
  /** Default: a free port of 127.0.0.1. */
  readonly listen?: string
  readonly bootstrap?: readonly string[]
  /** More flags of `x0 run`. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Its memory or its time is measured: without the instruments of the coverage run. */
  readonly measured?: boolean
  /** Neither `--listen` nor `--admin` is given: the test names them elsewhere. */
  readonly bare?: boolean
}

/** A temporary folder that goes with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'x0-e2e-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What spawn() needs to start a command of `bin/x0`. */
export function commandLine(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): [program: string, args: string[], options: SpawnOptions] {
  return [process.execPath, [X0, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: environment(env, false) }]
}

/** Runs one command of `bin/x0` to its end. */
export async function x0(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const [program, all, options] = commandLine(args, env)
  const child = spawn(program, all, { ...options, timeout: COMMAND_MS, killSignal: 'SIGKILL' })
  const stdout = collect(child, 'stdout')
  const stderr = collect(child, 'stderr')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: stdout(), stderr: stderr() }
}

/** `bin/x0 run` in a process of its own. */
export class Daemon {
  readonly home: string
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  #api: ApiFile | undefined

  constructor(home: string, child: ChildProcess) {
    this.home = home
    this.child = child
    this.stdout = collect(child, 'stdout')
    this.stderr = collect(child, 'stderr')
  }

  get pid(): number {
    assert.ok(this.child.pid !== undefined, 'the process could not be started')
    return this.child.pid
  }

  /** What api.json said when the node began to listen. */
  get api(): ApiFile {
    assert.ok(this.#api !== undefined, 'the node does not listen yet')
    return this.#api
  }

  get peerId(): string {
    return this.api.peerId
  }

  /** Its first line for another node's `--bootstrap`. */
  get line(): string {
    const [line] = this.api.bootstrap
    assert.ok(line !== undefined, 'the node listens nowhere')
    return line
  }

  /** The TCP port that it listens on. */
  get port(): number {
    return Number(/\/tcp\/(\d+)/.exec(this.line)?.[1])
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Waits for the api.json of this very process. @returns milliseconds waited */
  async listening(): Promise<number> {
    const waited = await until(
      'the node writes api.json',
      async () => {
        assert.ok(this.alive, `the node ended with ${this.child.exitCode ?? this.child.signalCode}:\n${this.stderr()}`)
        const api = await readApi(this.home)
        if (api?.pid !== this.pid) return false
        this.#api = api
        return true
      },
      START_MS,
    )
    return waited
  }

  /** A command about this node. */
  run(...args: readonly string[]): Promise<Answer> {
    return x0([...args, '--home', this.home])
  }

  /** The document that a command prints with `--json`; it must succeed. */
  async json<Document extends { readonly schema: string }>(schema: Document['schema'], ...args: string[]): Promise<Document> {
    const { code, stdout, stderr } = await this.run(...args, '--json')
    assert.equal(code, 0, `x0 ${args.join(' ')}: ${stderr}`)
    const document: Document = JSON.parse(stdout)
    assert.equal(document.schema, schema)
    return document
  }

  /** GET over the admin port with the token of the home: what commands do, without the start of a process. */
  async get(path: string): Promise<string> {
    const { admin, tokenFile } = this.api
    assert.ok(admin !== null && tokenFile !== null)
    const token = (await readFile(tokenFile, 'utf8')).trim()
    const response = await fetch(new URL(path, admin), {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(COMMAND_MS),
    })
    const body = await response.text()
    assert.ok(response.ok, `${path}: ${response.status} ${body}`)
    return body
  }

  async status(): Promise<Status> {
    return JSON.parse(await this.get('/mesh/status'))
  }

  async peers(): Promise<readonly Peer[]> {
    const document: Peers = JSON.parse(await this.get('/mesh/peers'))
    return document.peers
  }

  /** What it says of one peer. */
  async peer(peerId: string): Promise<Peer | undefined> {
    return (await this.peers()).find((peer) => peer.peerId === peerId)
  }

  /** Waits until `holds` is true of what it says of one peer. @returns milliseconds waited, and the peer */
  async peerThat(
    peerId: string,
    what: string,
    holds: (peer: Peer) => boolean,
    timeoutMs = 15_000,
  ): Promise<{ readonly afterMs: number; readonly peer: Peer }> {
    let last: Peer | undefined
    try {
      const afterMs = await until(
        what,
        async () => {
          last = await this.peer(peerId)
          return last !== undefined && holds(last)
        },
        timeoutMs,
      )
      assert.ok(last !== undefined)
      return { afterMs, peer: last }
    } catch (cause) {
      throw new Error(`${what}: the node says ${JSON.stringify(last)}`, { cause })
    }
  }

  /** The sum of the series of one metric whose labels hold all of `labels`. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    let sum = 0
    for (const line of (await this.get('/metrics')).split('\n')) {
      const [, series, held = '', value] = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const bears = Object.entries(labels).every(([label, wanted]) => held.includes(`${label}="${wanted}"`))
      if (series === name && bears) sum += Number(value)
    }
    return sum
  }

  /** Sends a signal and waits for the end. @returns the exit code, or the signal that ended it */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    if (this.alive) {
      this.child.kill(signal)
      await this.ended()
    }
    return this.child.exitCode ?? this.child.signalCode
  }

  /** Waits for the end, which must come by itself; whoever is late is killed. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    if (this.alive) {
      const late = setTimeout(() => this.child.kill('SIGKILL'), COMMAND_MS)
      await once(this.child, 'close')
      clearTimeout(late)
    }
    return this.child.exitCode ?? this.child.signalCode
  }
}

/** Starts `bin/x0 run` without waiting for it. The end of the test kills it. */
export async function launch(t: TestContext, options: DaemonOptions = {}): Promise<Daemon> {
  const home = options.home ?? join(await temporaryFolder(t), 'home')
  const args = ['run', '--home', home]
  if (!options.bare) args.push('--listen', options.listen ?? '/ip4/127.0.0.1/tcp/0', '--admin', '127.0.0.1:0')
  for (const line of options.bootstrap ?? []) args.push('--bootstrap', line)
  const child = spawn(process.execPath, [X0, ...args, ...(options.flags ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(options.env ?? {}, options.measured !== true),
  })
  const daemon = new Daemon(home, child)
  t.after(() => daemon.end('SIGKILL'))
  return daemon
}

/** Starts `bin/x0 run` and waits until it listens. The end of the test kills it. */
export async function start(t: TestContext, options: DaemonOptions = {}): Promise<Daemon> {
  const daemon = await launch(t, options)
  await daemon.listening()
  return daemon
}

/** `line` without the x0 id, which its peer then has to be believed. */
export function withoutX0Id(line: string): string {
  return line.replace(/#.*$/, '')
}

async function readApi(home: string): Promise<ApiFile | undefined> {
  try {
    // It is written under another name and renamed: whoever sees it sees all of it.
    return JSON.parse(await readFile(join(home, 'api.json'), 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined
    throw error
  }
}

/** The variables of this process without settings of x0: a node refuses those it does not know. */
function environment(more: Readonly<Record<string, string>>, withCoverage: boolean): NodeJS.ProcessEnv {
  const dropped = (name: string): boolean => name.startsWith('X0_') || (name === 'NODE_V8_COVERAGE' && !withCoverage)
  // empty, not absent: Node.js hands its own on to every child that has none
  const coverage = withCoverage ? {} : { NODE_V8_COVERAGE: '' }
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !dropped(name))), ...coverage, ...more }
}

function collect(child: ChildProcess, from: 'stdout' | 'stderr'): () => string {
  const pieces: string[] = []
  child[from]?.setEncoding('utf8').on('data', (text: string) => pieces.push(text))
  return () => pieces.join('')
}
