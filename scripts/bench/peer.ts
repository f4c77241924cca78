import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { runTask } from './client-tasks.ts'
import { serve } from './listener.ts'
import type { Answer, Command } from './tasks.ts'

// One end of one stack: `peer.ts listener|dialler x0|plain`, driven over IPC by main.ts. It ends with its driver.

const [role, stack] = process.argv.slice(2)
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

async function start(listen: readonly string[]): Promise<Libp2p> {
  // each process loads its own stack alone
  if (stack === 'x0') return (await import('./x0-stack.ts')).startX0(listen)
  return (await import('./plain-stack.ts')).startPlain(listen)
}

function answer(value: Answer): void {
  process.send?.(value)
}

async function main(): Promise<void> {
  let accepted = 0
  const diallers: Promise<Libp2p>[] = []
  let address = ''
  if (role === 'listener') {
    const host = await start([LOOPBACK])
    host.addEventListener('connection:open', () => {
      accepted += 1
    })
    await serve(host)
    address = host.getMultiaddrs()[0]?.toString() ?? ''
  } else diallers.push(start([]))

  const dialler = (index: number): Promise<Libp2p> => {
    diallers[index] ??= start([])
    return diallers[index]
  }
  const obey = async (command: Command): Promise<Answer> => {
    if (command.kind === 'task') {
      return { kind: 'figures', figures: await runTask(command.task, multiaddr(command.address), dialler) }
    }
    if (command.kind === 'stop') process.exit(0)
    const { user, system } = process.cpuUsage()
    return { kind: 'usage', cpuMs: (user + system) / 1000, accepted }
  }
  process.on('message', (command: Command) => {
    obey(command).then(answer, (error: unknown) => {
      answer({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    })
  })
  await Promise.all(diallers)
  answer({ kind: 'ready', address })
}

process.on('disconnect', () => process.exit(0))
await main()
