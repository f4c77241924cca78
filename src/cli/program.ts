import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { defaultHomeFolder } from '../platform/xdg.ts'
import { collect, readCount, readEventId, readTime, readUrl } from './arguments.ts'
import { addAuditCommands } from './audit-commands.ts'
import { addNetworkCommands } from './network-commands.ts'
import { addPeerCommands } from './peer-commands.ts'
import { addPolicyCommands } from './policy-commands.ts'
import type { Call, Terminal } from './terminal.ts'
import { addTokenCommands } from './token-commands.ts'
import { addUserCommands } from './user-commands.ts'

interface GlobalFlags {
  readonly home?: string
  readonly api?: URL
  readonly timeout?: number
  readonly json?: true
  readonly quiet?: true
  readonly color: boolean
}

/** The shells that `x0 completion` writes scripts for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const

/**
 * The command line: every command with its arguments and flags. What a command does is in the file of its noun, which is
 * loaded when it runs, so that `x0 self` does not pay for what only `x0 run` needs.
 */
export function buildProgram(terminal: Terminal): Command {
  const program = new Command('x0')
    .description('A node of a post-quantum mesh, and what talks to it.')
    .configureHelp({ showGlobalOptions: true })
    .helpCommand('help [command]', 'show the help of a command')
    .helpOption('-h, --help', 'show this help')
    .option('--home <dir>', 'home folder of the node (default: $X0_HOME, else x0 in the XDG data folder)')
    .option(
      '--api <url>',
      'admin port to talk to instead of the node of the home folder; the token comes from $X0_TOKEN',
      readUrl,
    )
    .option('--timeout <time>', 'how long to wait: seconds, or a number with ms, s, m or h', readTime)
    .option('--json', 'print the document, not a table')
    .option('-q, --quiet', 'say only what was asked for')
    .option('--no-color', 'print no colours, also on a terminal')

  const call = (): Call => {
    const flags: GlobalFlags = program.opts()
    const home = flags.home === undefined ? defaultHomeFolder(terminal.env) : resolve(flags.home)
    return {
      terminal,
      home,
      api: flags.api,
      timeoutMs: flags.timeout,
      json: flags.json === true,
      quiet: flags.quiet === true,
      color: terminal.interactive && flags.color && !terminal.env.NO_COLOR,
    }
  }

  program
    .command('init')
    .description('create the home folder: keys, token; prints the identity')
    .option('--passphrase-file <file>', 'seal the keys with the first line of this file')
    .action(async (options: { passphraseFile?: string }) => {
      await (await import('./init.ts')).init(call(), options)
    })

  program
    .command('run')
    .description('run the node until Ctrl-C; initialises an empty home by itself')
    .option('--listen <multiaddr>', 'address to accept peers on, port 0 takes a free one (repeatable)', collect)
    .option('--bootstrap <line>', 'peer to join through: MULTIADDR[/p2p/PEERID][#X0ID] (repeatable)', collect)
    .option('--admin <host:port>', 'address of the HTTP port, port 0 takes a free one')
    .option('--config <file>', 'configuration file (default: config.yaml in the home folder)')
    .option('--mdns', 'announce to and look for nodes on the local network')
    .option('--passphrase-file <file>', 'open the sealed keys with the first line of this file')
    .addOption(new Option('--log-level <level>', 'least level to log').choices(LOG_LEVELS))
    .addOption(new Option('--log-format <format>', 'form of the log lines').choices(['text', 'json']))
    .action(async (options: object) => {
      await (await import('./run.ts')).run(call(), options)
    })

  program
    .command('self')
    .description('this node: identity, addresses, bootstrap lines')
    .action(async () => {
      await (await import('./self.ts')).self(call())
    })

  program
    .command('status')
    .description('how the node is: peers, suites, DHT, gossip, clock, alarms')
    .action(async () => {
      await (await import('./status.ts')).status(call())
    })

  program
    .command('peers')
    .description('every peer: state, path, suite, round trip, loss, clock, age, last error')
    .action(async () => {
      await (await import('./peers.ts')).peers(call())
    })

  addPeerCommands(program, call)

  program
    .command('ping')
    .description('measure round trips to a peer')
    .argument('<peer>', 'peer id, x0 id, or MULTIADDR/p2p/PEERID[#X0ID]')
    .option('-c, --count <n>', 'how many', readCount(1, 100), 3)
    .action(async (peer: string, options: { count: number }) => {
      await (await import('./ping.ts')).ping(call(), peer, options)
    })

  program
    .command('handshake')
    .description('make a fresh connection to a peer and report its suite, identities, bytes and times')
    .argument('<peer>', 'peer id, x0 id, or MULTIADDR/p2p/PEERID[#X0ID]')
    .option('--protocol <id>', 'connection encrypter to propose (default: the x0 channel)')
    .action(async (peer: string, options: { protocol?: string }) => {
      await (await import('./handshake.ts')).handshake(call(), peer, options)
    })

  program
    .command('wait')
    .description('wait until the node is ready, has peers, or is connected to one; --timeout says how long (default 60 s)')
    .option('--ready', 'until the node is ready (the default)')
    .option('--peers <n>', 'until this many peers are up', readCount(1, 100_000))
    .option('--for <peer>', 'until this peer (peer id or x0 id) is up')
    .action(async (options: { ready?: true; peers?: number; for?: string }) => {
      await (await import('./wait.ts')).wait(call(), options)
    })

  addNetworkCommands(program, call)
  addPolicyCommands(program, call)
  addAuditCommands(program, call)

  const config = program.command('config').description('the configuration: show, test, schema')
  config
    .command('show')
    .description('the settings in force for this home')
    .option('--origin', 'with where each comes from: variable, file or default')
    .option('--config <file>', 'configuration file (default: config.yaml in the home folder)')
    .action(async (options: { origin?: true; config?: string }) => {
      await (await import('./config.ts')).configShow(call(), options)
    })
  config
    .command('test')
    .description('check a configuration file')
    .argument('[file]', 'the file (default: config.yaml in the home folder)')
    .action(async (file: string | undefined) => {
      await (await import('./config.ts')).configTest(call(), file)
    })
  config
    .command('schema')
    .description('the JSON Schema of the configuration file, for editors')
    .action(async () => {
      await (await import('./config.ts')).configSchema(call())
    })

  program
    .command('events')
    .description('what happened: peers, handshakes, refusals')
    .option('-f, --follow', 'go on with what happens, until Ctrl-C')
    .option('--types <list>', 'only these types, separated by commas; a prefix with a dot (peer.) stands for all of its types')
    .option('--since <id>', 'only what came after the event with this id', readEventId)
    .action(async (options: { follow?: true; types?: string; since?: string }) => {
      await (await import('./events.ts')).events(call(), options)
    })

  const log = program.command('log').description('the log of the running node')
  log
    .command('level')
    .description('show or change the level')
    .argument('[level]', LOG_LEVELS.join(', '))
    .action(async (level: string | undefined) => {
      await (await import('./log.ts')).logLevel(call(), level)
    })

  program
    .command('metrics')
    .description('the metrics of the node in the Prometheus text format')
    .argument('[filter]', 'only families whose name contains this')
    .action(async (filter: string | undefined) => {
      await (await import('./metrics.ts')).metrics(call(), filter)
    })

  addUserCommands(program, call)
  addTokenCommands(program, call)

  program
    .command('completion')
    .description('a completion script for your shell, e.g. `source <(x0 completion bash)`')
    .argument('<shell>', SHELLS.join(', '), readShell)
    .action(async (shell: Shell) => {
      call().terminal.out((await import('./completion.ts')).completion(program, shell))
    })

  program
    .command('version')
    .description('the version of x0, of Node.js and of OpenSSL')
    .action(async () => {
      ;(await import('./version.ts')).version(call())
    })

  return program
}

function readShell(text: string): Shell {
  const shell = SHELLS.find((name) => name === text)
  if (shell === undefined) throw new InvalidArgumentError(`It must be one of ${SHELLS.join(', ')}.`)
  return shell
}
