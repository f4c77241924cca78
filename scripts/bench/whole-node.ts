import { spawn } from 'node:child_process'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Children } from './child.ts'
import type { Stack } from './tasks.ts'

/** What the benchmark reads of `api.json`. */
interface Api {
  readonly pid: number
  readonly admin: string | null
  readonly bootstrap: readonly string[]
}

const POLL_MS = 10
const START_MS = 30_000
const STOP_MS = 20_000
const ROOT = join(import.meta.dirname, '..', '..')

/** A node as people run it: `bin/x0 run`, or plain js-libp2p with comparable services. */
export class WholeNode {
  readonly stack: Stack
  readonly home: string
  readonly api: Api
  /** Milliseconds from spawn until api.json stood there, which is when it listens. */
  readonly startMs: number
  readonly #stop: () => Promise<void>

  private constructor(stack: Stack, home: string, api: Api, startMs: number, stop: () => Promise<void>) {
    this.stack = stack
    this.home = home
    this.api = api
    this.startMs = startMs
    this.#stop = stop
  }

  /** @throws Error where it does not listen within 30 s; its last words are in the message */
  static async start(children: Children, stack: Stack, home: string, bootstrap: readonly string[]): Promise<WholeNode> {
    await mkdir(home, { recursive: true, mode: 0o700 })
    const spawnedAt = Date.now()
    const child = spawn(process.execPath, commandLine(stack, home, bootstrap), {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    children.add(child)
    let lastWords = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-2000)
    })
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
    const path = join(home, 'api.json')
    for (let waited = 0; ; waited += POLL_MS) {
      if (isOver() || waited > START_MS) throw new Error(`the ${stack} node does not listen: ${lastWords.trim()}`)
      const found = await stat(path).catch(() => undefined)
      if (found === undefined) {
        await pause(POLL_MS)
        continue
      }
      const api: Api = JSON.parse(await readFile(path, 'utf8'))
      const stop = async (): Promise<void> => {
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
        child.kill('SIGTERM')
        await ended
        clearTimeout(timer)
      }
      return new WholeNode(stack, home, api, found.mtimeMs - spawnedAt, stop)
    }
  }

  /** Peers that are connected now. */
  async peers(): Promise<number> {
    if (this.stack === 'x0') return sum(await this.#metrics(), 'x0_peers', 'state="up/')
    return Number(await readFile(join(this.home, 'peers'), 'utf8').catch(() => '0'))
  }

  /** Bytes on the wire so far, as the node counts them; undefined for plain, which counts none. */
  async wireBytes(): Promise<number | undefined> {
    return this.stack === 'x0' ? sum(await this.#metrics(), 'x0_network_bytes_total', '') : undefined
  }

  stop(): Promise<void> {
    return this.#stop()
  }

  async #metrics(): Promise<string> {
    const response = await fetch(new URL('/metrics', this.api.admin ?? ''), { signal: AbortSignal.timeout(5_000) })
    if (!response.ok) throw new Error(`/metrics answered ${response.status}`)
    return await response.text()
  }
}

function commandLine(stack: Stack, home: string, bootstrap: readonly string[]): string[] {
  if (stack === 'plain') return [join(import.meta.dirname, 'plain-node.ts'), home, ...bootstrap]
  const lines = bootstrap.flatMap((line) => ['--bootstrap', line])
  const address = ['--listen', '/ip4/127.0.0.1/tcp/0', '--admin', '127.0.0.1:0']
  return [join(ROOT, 'bin', 'x0'), 'run', '--home', home, ...address, ...lines]
}

/** The sum of all samples of a metric (Prometheus text) whose labels hold `label`. */
export function sum(text: string, name: string, label: string): number {
  if (!text.includes(`# TYPE ${name} `)) throw new Error(`/metrics has no ${name}`)
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label))
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
