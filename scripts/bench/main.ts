import { Children } from './child.ts'
import { type BenchDocument, measure } from './document.ts'
import { machineFacts } from './machine.ts'
import { measureNetwork } from './network-suite.ts'
import { ArgumentError, type BenchOptions, HELP, parseArguments } from './options.ts'
import { report } from './report.ts'
import { NETWORK_ROWS } from './rows.ts'

const EXIT_USAGE = 2
const EXIT_INTERRUPTED = 130

/** One line that is written over on a terminal; nothing where stderr is a file. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

async function bench(options: BenchOptions, children: Children): Promise<BenchDocument> {
  const machine = machineFacts()
  const rounds = await measureNetwork(options, children, progress)
  progress('')
  return {
    schema: 'x0.bench/v1',
    at: new Date().toISOString(),
    machine,
    quick: options.quick,
    rounds: options.rounds,
    measures: measure(NETWORK_ROWS, rounds),
    crypto: [],
    skipped: [],
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseArguments(argv)
  if (parsed.kind === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const children = new Children()
  const interrupt = (): void => {
    children.kill()
    process.exit(EXIT_INTERRUPTED)
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const document = await bench(parsed.options, children)
    if (parsed.options.json) {
      process.stderr.write(report(document))
      process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`)
    } else process.stdout.write(report(document))
    return 0
  } finally {
    children.kill()
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof ArgumentError)) throw error
  process.stderr.write(`${error.message}\n\n${HELP}`)
  process.exitCode = EXIT_USAGE
}
