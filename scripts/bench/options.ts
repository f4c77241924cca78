import { parseArgs } from 'node:util'

export const SUITES = ['dial', 'connections', 'throughput', 'round-trips', 'node', 'join', 'policy', 'crypto'] as const
export type Suite = (typeof SUITES)[number]

/** Whether two stacks run it over sockets. */
export function isNetworkSuite(suite: Suite): boolean {
  return suite !== 'node' && suite !== 'join' && suite !== 'policy' && suite !== 'crypto'
}

/** What one call of the benchmark was asked for. */
export interface BenchOptions {
  readonly suites: readonly Suite[]
  readonly rounds: number
  /** Small volumes and few operations: shows that everything works, the figures mean little. */
  readonly quick: boolean
  readonly json: boolean
  /** Folder for one V8 CPU profile a process, which slows everything; undefined where none were asked for. */
  readonly profile: string | undefined
}

export type Parsed = { readonly kind: 'run'; readonly options: BenchOptions } | { readonly kind: 'help' }

/** An argument that makes no sense; the message is for the person who typed it. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError'
}

const MAX_ROUNDS = 1000
const DEFAULT_ROUNDS = 9
const QUICK_ROUNDS = 2

export const HELP = `Usage: npm run bench -- [options]

Measures the x0 channel beside plain js-libp2p (tcp, noise, yamux with stock settings), in separate processes on
127.0.0.1, in alternating rounds. docs/benchmarks.md says how and how to read it.

  --only LIST    comma-separated: ${SUITES.join(', ')} (default: all)
  --rounds N     rounds of each measurement (default: ${DEFAULT_ROUNDS}, with --quick ${QUICK_ROUNDS})
  --quick        small volumes: a check that it runs, in seconds
  --json         the document (x0.bench/v1) on stdout, the table on stderr
  --profile DIR  write a V8 CPU profile of each process of the channel suites there (slows them)
  --help         this text
`

/** @throws ArgumentError */
export function parseArguments(argv: readonly string[]): Parsed {
  const { values } = readFlags(argv)
  if (values.help === true) return { kind: 'help' }
  const quick = values.quick === true
  return {
    kind: 'run',
    options: {
      suites: values.only === undefined ? SUITES : readSuites(values.only),
      rounds: values.rounds === undefined ? (quick ? QUICK_ROUNDS : DEFAULT_ROUNDS) : readRounds(values.rounds),
      quick,
      json: values.json === true,
      profile: values.profile,
    },
  }
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string' },
        rounds: { type: 'string' },
        quick: { type: 'boolean' },
        json: { type: 'boolean' },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (cause) {
    throw new ArgumentError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function readSuites(text: string): Suite[] {
  const names = text.split(',').map((name) => name.trim())
  for (const name of names) {
    if (!SUITES.some((suite) => suite === name)) {
      throw new ArgumentError(`--only ${name}: there is ${SUITES.join(', ')}`)
    }
  }
  return SUITES.filter((suite) => names.includes(suite))
}

function readRounds(text: string): number {
  const rounds = Number(text)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) {
    throw new ArgumentError(`--rounds ${text}: a whole number from 1 to ${MAX_ROUNDS}`)
  }
  return rounds
}
