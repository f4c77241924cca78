import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildProgram } from '../src/cli/program.ts'
import { cliMarkdown } from './cli-docs.ts'

// Writes docs/cli.md anew.
const silent = { env: {}, interactive: false, out: () => undefined, err: () => undefined }
writeFileSync(join(import.meta.dirname, '..', 'docs', 'cli.md'), cliMarkdown(buildProgram(silent)))
