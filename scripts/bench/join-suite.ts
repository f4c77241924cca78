import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Children } from './child.ts'
import type { Rounds } from './document.ts'
import type { BenchOptions } from './options.ts'
import type { Figures } from './tasks.ts'
import { WholeNode } from './whole-node.ts'

const NODES = 3
const TOGETHER_MS = 60_000
const POLL_MS = 25
const BIN = join(import.meta.dirname, '..', '..', 'bin', 'x0')
const run = promisify(execFile)

/**
 * From three nodes that know nothing of each other to a network of theirs, by the commands that people type: `network create`,
 * `invite`, and `join` on both others at once. Each round has new homes; the first is thrown away.
 */
export async function measureJoin(options: BenchOptions, children: Children, progress: (text: string) => void): Promise<Rounds> {
  const folder = await mkdtemp(join(tmpdir(), 'x0-bench-'))
  children.addFolder(folder)
  const rounds: Figures[] = []
  for (let round = 0; round <= options.rounds; round += 1) {
    progress(`join round ${round}/${options.rounds}`)
    const homes = Array.from({ length: NODES }, (_, index) => join(folder, `${round}-${index}`))
    const nodes = await Promise.all(homes.map((home) => WholeNode.start(children, 'x0', home, [])))
    const figures = await together(nodes)
    await Promise.all(nodes.map((node) => node.stop()))
    if (round > 0) rounds.push(figures)
  }
  return { x0: rounds, plain: [] }
}

/** Milliseconds since the first command: until the last one was answered, and until all are connected to all. */
async function together(nodes: readonly WholeNode[]): Promise<Figures> {
  const [hub, ...others] = nodes
  if (hub === undefined) throw new Error('a network of nobody')
  const began = performance.now()
  await x0(hub, 'network', 'create', 'bench')
  const line = (await x0(hub, 'invite', '--uses', String(others.length))).trim()
  // a joined node shows its credential in every handshake of the network: connected is credentialed
  await Promise.all(others.map((node, index) => x0(node, 'join', line, '--name', `node-${index}`)))
  const commands = performance.now() - began
  for (;;) {
    const peers = await Promise.all(nodes.map((node) => node.peers()))
    const elapsed = performance.now() - began
    if (peers.every((count) => count >= NODES - 1)) return { 'join.commands': commands, 'join.connected': elapsed }
    if (elapsed > TOGETHER_MS) throw new Error(`after ${TOGETHER_MS / 1000} s the nodes have ${peers.join(', ')} peers`)
    await pause(POLL_MS)
  }
}

async function x0(node: WholeNode, ...args: readonly string[]): Promise<string> {
  return (await run(process.execPath, [BIN, ...args, '--home', node.home])).stdout
}
