import { flushCompileCache } from 'node:module'
import { constants } from 'node:os'
import { type FlagValue, loadConfig } from '../config/load.ts'
import type { LoadedConfig } from '../config/origin.ts'
import type { RunningNode } from '../node/start-node.ts'
import { createLog, type RootLog } from '../platform/log.ts'
import { findDaemon } from './daemon.ts'
import { EXIT } from './failure.ts'
import { Interrupts } from './interrupts.ts'
import { askSecret, knownPassphrase } from './passphrase.ts'
import { startFailure } from './start-failure.ts'
import { fields } from './table.ts'
import { type Call, printable } from './terminal.ts'

const HEARTBEAT_MS = 60_000
/** Milliseconds for an orderly stop: ten times what closing 64 connections and two databases takes. */
const STOP_MS = 15_000

export interface RunFlags {
  readonly listen?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly admin?: string
  readonly config?: string
  readonly mdns?: boolean
  readonly passphraseFile?: string
  readonly logLevel?: string
  readonly logFormat?: string
}

/** `x0 run`: returns when the node has stopped in order. */
export async function run(call: Call, flags: RunFlags): Promise<void> {
  const load = (): Promise<LoadedConfig> =>
    loadConfig({
      home: call.home,
      flags: flagValues(flags),
      env: call.terminal.env,
      ...(flags.config === undefined ? {} : { configFile: flags.config }),
    })
  let loaded: LoadedConfig
  try {
    loaded = await load()
  } catch (error) {
    throw startFailure(error)
  }
  const { level, format } = loaded.config.log
  const log = createLog({ level, format, output: { write: (line) => call.terminal.err(line) }, now: () => Date.now() })
  using _faults = endOnFaults(log)
  using interrupts = listenForInterrupts(log)
  // from the first moment: a SIGHUP that nobody listens for ends the process
  const started = Promise.withResolvers<RunningNode>()
  using _reload = on('SIGHUP', () => void started.promise.then((node) => reload(node, load, log)))
  const node = await start(call, loaded, log)
  await announce(call, node)
  started.resolve(node)
  // Now, not at the exit: a node runs for months and may end by a kill.
  flushCompileCache()
  using _heartbeat = call.quiet ? undefined : every(HEARTBEAT_MS, () => void beat(node, log))
  const signal = await Promise.race([interrupts.stop, node.stopped])
  if (signal !== undefined) await stopInOrder(node, signal, log)
}

async function start(call: Call, config: LoadedConfig, log: RootLog): Promise<RunningNode> {
  const { startNode } = await import('../node/start-node.ts')
  const passphrase = await knownPassphrase(call.terminal, config.config.security.passphraseFile)
  const attempt = (secret: string | undefined): Promise<RunningNode> =>
    startNode({ home: call.home, config, log, ...(secret === undefined ? {} : { passphrase: secret }) })
  try {
    return await attempt(passphrase)
  } catch (error) {
    const needed = error instanceof Error && 'code' in error && error.code === 'passphrase-needed'
    const asked = needed ? await askSecret(call.terminal, 'Passphrase of the node keys') : undefined
    if (asked === undefined) throw startFailure(error)
    return await attempt(asked).catch((again: unknown) => {
      throw startFailure(again)
    })
  }
}

/** What others need to join, on stdout. */
async function announce(call: Call, node: RunningNode): Promise<void> {
  const { version, peerId, x0Id, addresses, bootstrap, home, pid } = node.describe()
  const admin = (await findDaemon({ ...call, api: undefined })).url?.href ?? null
  if (call.json) {
    call.terminal.out(
      `${JSON.stringify({ schema: 'x0.run/v1', version, pid, home, admin, peerId, x0Id, addresses, bootstrap })}\n`,
    )
    return
  }
  call.terminal.out(
    fields([
      ['peer id', peerId],
      ['x0 id', x0Id],
      ['home', printable(home)],
      ['admin', admin ?? '-'],
      ['bootstrap', bootstrap],
    ]),
  )
  if (!call.quiet) call.terminal.err('Another node joins this one with: x0 run --bootstrap LINE (a bootstrap line above).\n')
}

async function beat(node: RunningNode, log: RootLog): Promise<void> {
  try {
    const { status, ready, peers, memoryBytes } = await node.status()
    const { up, down, pqAuthenticated } = peers
    const memoryMiB = Math.round(memoryBytes.rss / 1024 / 1024)
    log.info({ status, ready, peersUp: up, peersDown: down, pqAuthenticated, memoryMiB }, 'heartbeat')
  } catch (error) {
    log.error({ err: error }, 'the node cannot tell its status')
  }
}

async function reload(node: RunningNode, load: () => Promise<LoadedConfig>, log: RootLog): Promise<void> {
  try {
    const { live, restart } = node.reload(await load())
    if (live.length === 0 && restart.length === 0) log.info({}, 'the configuration is unchanged')
    if (live.length > 0) log.info({ settings: live }, 'changed settings are applied')
    if (restart.length > 0) log.warn({ settings: restart }, 'changed settings need a restart')
  } catch (error) {
    log.error({ err: error }, 'the configuration cannot be used; the node keeps the one it has')
  }
}

async function stopInOrder(node: RunningNode, signal: string, log: RootLog): Promise<void> {
  log.info({ signal }, 'stopping; once more to force it')
  const timer = setTimeout(() => {
    log.error({ afterMs: STOP_MS }, 'ended before everything was closed')
    process.exit(EXIT.failure)
  }, STOP_MS)
  await node.stop(signal)
  clearTimeout(timer)
}

type EndSignal = 'SIGINT' | 'SIGTERM'

/** The first signal resolves `stop`, a second one ends the process at once with the code of that signal. */
function listenForInterrupts(log: RootLog): Disposable & { readonly stop: Promise<EndSignal> } {
  const interrupts = new Interrupts()
  const { promise, resolve } = Promise.withResolvers<EndSignal>()
  const arrived = (signal: EndSignal): void => {
    const wish = interrupts.arrived(performance.now())
    if (wish === 'stop') resolve(signal)
    if (wish !== 'force') return
    log.warn({ signal }, 'ended before everything was closed')
    process.exit(128 + constants.signals[signal])
  }
  const listeners = new DisposableStack()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) listeners.use(on(signal, () => arrived(signal)))
  return { stop: promise, [Symbol.dispose]: () => listeners.dispose() }
}

/** A fault of our own ends the node: what it would do after it, nobody can say. */
function endOnFaults(log: RootLog): Disposable {
  const end = (error: unknown): void => {
    log.fatal({ err: error }, 'the node ends by a fault of its own')
    process.exit(EXIT.failure)
  }
  // Node.js hands rejections that nobody handles to the same listeners.
  process.on('uncaughtException', end)
  return { [Symbol.dispose]: () => process.off('uncaughtException', end) }
}

function on(signal: NodeJS.Signals, listener: () => void): Disposable {
  process.on(signal, listener)
  return { [Symbol.dispose]: () => process.off(signal, listener) }
}

function every(ms: number, act: () => void): Disposable {
  const timer = setInterval(act, ms)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

function flagValues(flags: RunFlags): FlagValue[] {
  const given: [path: string, flag: string, value: FlagValue['value'] | undefined][] = [
    ['listen', '--listen', flags.listen],
    ['bootstrap', '--bootstrap', flags.bootstrap],
    ['admin.address', '--admin', flags.admin],
    ['discovery.mdns', '--mdns', flags.mdns],
    ['security.passphraseFile', '--passphrase-file', flags.passphraseFile],
    ['log.level', '--log-level', flags.logLevel],
    ['log.format', '--log-format', flags.logFormat],
  ]
  return given.flatMap(([path, flag, value]) => (value === undefined ? [] : [{ path, flag, value }]))
}
