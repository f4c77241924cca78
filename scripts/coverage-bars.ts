import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The least share of lines, in percent, that the tests must run; the cores that strangers' bytes reach have a higher bar. */
const BARS: Readonly<Record<string, number>> = {
  src: 85,
  'src/channel': 95,
  'src/trust': 95,
  'src/mesh': 95,
  'src/governance': 95,
}

interface Lines {
  readonly total: number
  readonly covered: number
}

// Reads what c8's json-summary reporter wrote and fails where a folder is below its bar.
const root = join(import.meta.dirname, '..')
const summary: Record<string, { lines: Lines }> = JSON.parse(
  readFileSync(join(root, 'coverage', 'coverage-summary.json'), 'utf8'),
)

for (const [folder, bar] of Object.entries(BARS)) {
  const files = Object.entries(summary).filter(([file]) => relative(root, file).startsWith(`${folder}/`))
  const total = files.reduce((sum, [, { lines }]) => sum + lines.total, 0)
  if (total === 0) continue
  const percent = (100 * files.reduce((sum, [, { lines }]) => sum + lines.covered, 0)) / total
  const missed = percent < bar
  process.stdout.write(`${missed ? 'BELOW' : 'ok   '} ${folder}: ${percent.toFixed(2)} % of ${total} lines, bar ${bar} %\n`)
  if (!missed) continue
  process.exitCode = 1
  for (const [file, { lines }] of files
    .toSorted(([, a], [, b]) => b.lines.total - b.lines.covered - (a.lines.total - a.lines.covered))
    .slice(0, 10)) {
    process.stdout.write(`        ${relative(root, file)}: ${lines.total - lines.covered} lines of ${lines.total} not run\n`)
  }
}
