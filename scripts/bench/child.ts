import { type ChildProcess, fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer, Command, Figures, Stack, Task } from './tasks.ts'

/** A process that does not answer within this many milliseconds is broken: the largest task takes a few seconds. */
const ANSWER_MS = 120_000
const START_MS = 30_000
/** A process that is asked to stop writes its profile first, where one was asked for. */
const STOP_MS = 10_000

/** Processes and folders of this run, so that every way out ends and removes them: these processes, by their id, and no others. */
export class Children {
  readonly #running = new Set<ChildProcess>()
  readonly #folders = new Set<string>()

  add(child: ChildProcess): void {
    this.#running.add(child)
    child.once('exit', () => this.#running.delete(child))
  }

  /** Remembers a folder that goes with the run. */
  addFolder(folder: string): void {
    this.#folders.add(folder)
  }

  kill(): void {
    for (const child of this.#running) child.kill('SIGKILL')
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** One process of peer.ts: one question at a time. */
export class BenchPeer {
  readonly #process: ChildProcess
  readonly #name: string
  #address = ''

  private constructor(child: ChildProcess, name: string) {
    this.#process = child
    this.#name = name
  }

  static async start(children: Children, role: 'listener' | 'dialler', stack: Stack, profile?: string): Promise<BenchPeer> {
    const name = `${stack}-${role}`
    const execArgv =
      profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name}.cpuprofile`]
    const child = fork(join(import.meta.dirname, 'peer.ts'), [role, stack], { execPath: process.execPath, execArgv })
    children.add(child)
    const peer = new BenchPeer(child, name)
    const ready = await peer.#next('ready', START_MS)
    peer.#address = ready.address
    return peer
  }

  /** Multiaddr of a listener. */
  get address(): string {
    return this.#address
  }

  async run(task: Task, address: string): Promise<Figures> {
    return (await this.#ask({ kind: 'task', task, address }, 'figures')).figures
  }

  usage(): Promise<Extract<Answer, { kind: 'usage' }>> {
    return this.#ask({ kind: 'usage' }, 'usage')
  }

  async stop(): Promise<void> {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      child.send({ kind: 'stop' } satisfies Command)
    })
  }

  async #ask<K extends Answer['kind']>(command: Command, kind: K): Promise<Extract<Answer, { kind: K }>> {
    const answer = this.#next(kind, ANSWER_MS)
    this.#process.send(command)
    return await answer
  }

  #next<K extends Answer['kind']>(kind: K, withinMs: number): Promise<Extract<Answer, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const child = this.#process
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        child.off('message', onMessage)
        child.off('exit', onExit)
        act()
      }
      const fail = (message: string): void => settle(() => reject(new Error(`${this.#name}: ${message}`)))
      const onMessage = (answer: Answer): void => {
        if (isKind(answer, kind)) settle(() => resolve(answer))
        else fail(answer.kind === 'failed' ? answer.message : `answered ${answer.kind} instead of ${kind}`)
      }
      const onExit = (code: number | null, signal: string | null): void => fail(`ended with ${code ?? signal}`)
      const timer = setTimeout(() => fail(`no answer within ${withinMs} ms`), withinMs)
      child.on('message', onMessage)
      child.on('exit', onExit)
    })
  }
}

function isKind<K extends Answer['kind']>(answer: Answer, kind: K): answer is Extract<Answer, { kind: K }> {
  return answer.kind === kind
}
