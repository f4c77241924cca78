import { mkdir } from 'node:fs/promises'
import { BenchPeer, type Children } from './child.ts'
import { throughputName } from './client-tasks.ts'
import type { Rounds } from './document.ts'
import type { BenchOptions, Suite } from './options.ts'
import type { Figures, Stack, Task } from './tasks.ts'

/** A task with the row its CPU time belongs to, and how many of the row's units one run of it is. */
interface Planned {
  readonly task: Task
  readonly cpuFigure: string
  /** CPU milliseconds x this = the row's unit. */
  readonly cpuScale: number
}

const MIB = 2 ** 20
/** As many handshakes at once as a small node sees when its network comes back. */
const PARALLEL = 8

/** What a round runs: each task takes a second or less a stack, so that both meet the same weather. */
export function plan(suites: readonly Suite[], quick: boolean): Planned[] {
  const shrink = quick ? 16 : 1
  const tasks: Planned[] = []
  const add = (task: Task, cpuFigure: string, units: number, microseconds = false): void => {
    tasks.push({ task, cpuFigure, cpuScale: (microseconds ? 1000 : 1) / units })
  }
  if (suites.includes('dial')) {
    const count = quick ? 5 : 60
    add({ kind: 'dial', count }, 'dial.cpu', count)
  }
  if (suites.includes('connections')) {
    const count = quick ? 16 : 160
    add({ kind: 'connections', count, parallel: PARALLEL }, 'connections.cpu', count)
  }
  if (suites.includes('throughput')) {
    for (const [chunk, volume] of [
      [64 * 1024, 128 * MIB],
      [1024, 16 * MIB],
    ] as const) {
      for (const direction of ['up', 'down'] as const) {
        const bytes = volume / shrink
        add({ kind: 'throughput', direction, bytes, chunk }, `${throughputName({ chunk, direction })}.cpu`, bytes / 1e6)
      }
    }
  }
  if (suites.includes('round-trips')) {
    const count = 3000 / shrink
    add({ kind: 'ping-pong', count: Math.ceil(count) }, 'round-trips.stream.cpu', Math.ceil(count), true)
    const each = Math.ceil(600 / shrink)
    add({ kind: 'stream-each', count: each }, 'round-trips.stream-each.cpu', each, true)
  }
  return tasks
}

type Pair = { readonly listener: BenchPeer; readonly dialler: BenchPeer }

/** Runs the channel suites: one round of each task is thrown away to warm both stacks up, then they take turns. */
export async function measureNetwork(
  options: BenchOptions,
  children: Children,
  progress: (text: string) => void,
): Promise<Rounds> {
  const tasks = plan(options.suites, options.quick)
  if (options.profile !== undefined) await mkdir(options.profile, { recursive: true })
  const start = async (stack: Stack): Promise<Pair> => ({
    listener: await BenchPeer.start(children, 'listener', stack, options.profile),
    dialler: await BenchPeer.start(children, 'dialler', stack, options.profile),
  })
  const pairs = { x0: await start('x0'), plain: await start('plain') }
  const rounds = { x0: [] as Figures[], plain: [] as Figures[] }
  for (let round = 0; round <= options.rounds; round += 1) {
    const figures: Record<Stack, Record<string, number>> = { x0: {}, plain: {} }
    // who goes first alternates: whatever the first run of a pair pays is shared out
    const order: readonly Stack[] = round % 2 === 0 ? ['x0', 'plain'] : ['plain', 'x0']
    for (const planned of tasks) {
      for (const stack of order) {
        progress(`${round === 0 ? 'warm-up' : `round ${round}/${options.rounds}`} ${planned.cpuFigure} ${stack}`)
        Object.assign(figures[stack], await runOnce(pairs[stack], planned))
      }
    }
    if (round === 0) continue
    rounds.x0.push(figures.x0)
    rounds.plain.push(figures.plain)
  }
  await Promise.all([pairs.x0, pairs.plain].flatMap(({ listener, dialler }) => [listener.stop(), dialler.stop()]))
  return rounds
}

async function runOnce({ listener, dialler }: Pair, planned: Planned): Promise<Figures> {
  const { task } = planned
  const before = await Promise.all([listener.usage(), dialler.usage()])
  const figures = await dialler.run(task, listener.address)
  const after = await Promise.all([listener.usage(), dialler.usage()])
  const accepted = after[0].accepted - before[0].accepted
  const expected = 'count' in task && (task.kind === 'dial' || task.kind === 'connections') ? task.count : 1
  if (accepted !== expected) throw new Error(`the listener accepted ${accepted} connections, ${expected} were dialled`)
  const cpuMs = after[0].cpuMs - before[0].cpuMs + after[1].cpuMs - before[1].cpuMs
  return { ...figures, [planned.cpuFigure]: cpuMs * planned.cpuScale }
}
