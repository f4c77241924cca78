import { Children } from './child.ts'
import { measureCrypto } from './crypto-suite.ts'
import { type BenchDocument, type Measure, measure, type Skipped } from './document.ts'
import { measureJoin } from './join-suite.ts'
import { machineFacts } from './machine.ts'
import { measureNetwork } from './network-suite.ts'
import { measureRest, measureStart } from './node-suite.ts'
import { ArgumentError, type BenchOptions, HELP, isNetworkSuite, parseArguments, type Suite } from './options.ts'
import { measurePolicy } from './policy-suite.ts'
import { report } from './report.ts'
import { JOIN_ROWS, NETWORK_ROWS, POLICY_ROWS, REST_ROWS, START_ROWS } from './rows.ts'

const EXIT_USAGE = 2
const EXIT_INTERRUPTED = 130

/** One line that is written over on a terminal; nothing where stderr is a file. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

async function bench(options: BenchOptions, children: Children): Promise<BenchDocument> {
  const machine = machineFacts()
  const measures: Measure[] = []
  const skipped: Skipped[] = []
  const wants = (suite: Suite): boolean => options.suites.includes(suite)
  if (options.suites.some(isNetworkSuite)) {
    measures.push(...measure(NETWORK_ROWS, await measureNetwork(options, children, progress)))
  }
  if (wants('node') && process.platform !== 'linux') {
    skipped.push({ suite: 'node', reason: 'it reads /proc, which only Linux has' })
  } else if (wants('node')) {
    measures.push(...measure(START_ROWS, await measureStart(options, children, progress)))
    measures.push(...measure(REST_ROWS, await measureRest(options, children, progress)))
  }
  if (wants('join')) measures.push(...measure(JOIN_ROWS, await measureJoin(options, children, progress)))
  if (wants('policy')) measures.push(...measure(POLICY_ROWS, measurePolicy(options, progress)))
  const crypto = wants('crypto') ? await measureCrypto(options.rounds, options.quick, progress) : []
  progress('')
  const at = new Date().toISOString()
  return { schema: 'x0.bench/v1', at, machine, quick: options.quick, rounds: options.rounds, measures, crypto, skipped }
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
