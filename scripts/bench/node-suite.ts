import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Children } from './child.ts'
import type { Rounds } from './document.ts'
import type { BenchOptions } from './options.ts'
import { type ProcessFacts, processFacts } from './process-facts.ts'
import type { Figures, Stack } from './tasks.ts'
import { WholeNode } from './whole-node.ts'

/** Six nodes that all know each other: each has five peers. */
const NODES = 6
const MESH_MS = 60_000
const STACKS: readonly Stack[] = ['x0', 'plain']

interface Reading {
  readonly at: number
  readonly facts: ProcessFacts
  readonly wireBytes: number | undefined
}

/** Starts of whole nodes: with an empty home, and again with what is there. */
export async function measureStart(options: BenchOptions, children: Children, progress: (text: string) => void): Promise<Rounds> {
  const folder = await makeFolder(children)
  const rounds = { x0: [] as Figures[], plain: [] as Figures[] }
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const stack of round % 2 === 0 ? STACKS : STACKS.toReversed()) {
      progress(`start ${stack} round ${round}/${options.rounds}`)
      const home = join(folder, `${stack}-${round}`)
      const first = await WholeNode.start(children, stack, home, [])
      await first.stop()
      await rm(join(home, 'api.json'), { force: true })
      const again = await WholeNode.start(children, stack, home, [])
      await again.stop()
      // the first round reads the files of the program into memory
      if (round > 0) rounds[stack].push({ 'start.first': first.startMs, 'start.again': again.startMs })
    }
  }
  return rounds
}

/** Two nets of six nodes at rest side by side; each node is a sample. */
export async function measureRest(options: BenchOptions, children: Children, progress: (text: string) => void): Promise<Rounds> {
  const settleMs = options.quick ? 2_000 : 30_000
  const windowMs = options.quick ? 3_000 : 30_000
  const folder = await makeFolder(children)
  const nets = { x0: [] as WholeNode[], plain: [] as WholeNode[] }
  for (const stack of STACKS) {
    for (let index = 0; index < NODES; index += 1) {
      progress(`rest: ${stack} node ${index + 1}/${NODES}`)
      const bootstrap = nets[stack].flatMap(({ api }) => api.bootstrap.slice(0, 1))
      nets[stack].push(await WholeNode.start(children, stack, join(folder, `${stack}-${index}`), bootstrap))
    }
  }
  const nodes = [...nets.x0, ...nets.plain]
  progress(`rest: waiting for ${NODES - 1} peers each`)
  await whenMeshed(nodes)
  progress(`rest: ${settleMs / 1000} s to settle, then ${windowMs / 1000} s of measurement`)
  await pause(settleMs)
  const before = await Promise.all(nodes.map(read))
  await pause(windowMs)
  const after = await Promise.all(nodes.map(read))
  const figures = nodes.map((node, index) => atRest(node.stack, before[index], after[index]))
  await Promise.all(nodes.map((node) => node.stop()))
  return { x0: figures.slice(0, NODES), plain: figures.slice(NODES) }
}

async function read(node: WholeNode): Promise<Reading> {
  const wireBytes = await node.wireBytes()
  return { at: performance.now(), facts: await processFacts(node.api.pid), wireBytes }
}

function atRest(stack: Stack, before: Reading | undefined, after: Reading | undefined): Figures {
  if (before === undefined || after === undefined) throw new Error('a node without a reading')
  const seconds = (after.at - before.at) / 1000
  return {
    'rest.rss': after.facts.rssBytes / 1e6,
    'rest.pss': after.facts.pssBytes / 1e6,
    'rest.cpu': (after.facts.cpuMs - before.facts.cpuMs) / 10 / seconds,
    'rest.io': (after.facts.ioBytes - before.facts.ioBytes) / seconds,
    ...(stack === 'x0' && after.wireBytes !== undefined && before.wireBytes !== undefined
      ? { 'rest.wire': (after.wireBytes - before.wireBytes) / seconds }
      : {}),
  }
}

async function whenMeshed(nodes: readonly WholeNode[]): Promise<void> {
  const deadline = performance.now() + MESH_MS
  for (;;) {
    const peers = await Promise.all(nodes.map((node) => node.peers()))
    if (peers.every((count) => count >= NODES - 1)) return
    if (performance.now() > deadline) throw new Error(`after ${MESH_MS / 1000} s the nodes have ${peers.join(', ')} peers`)
    await pause(200)
  }
}

async function makeFolder(children: Children): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'x0-bench-'))
  children.addFolder(folder)
  return folder
}
