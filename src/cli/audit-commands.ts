import type { Command } from 'commander'
import { MAX_PAGE } from '../trust/audit/limits.ts'
import { readCount } from './arguments.ts'
import type { Call } from './terminal.ts'

/** The record of what was denied, admitted and changed. */
export function addAuditCommands(program: Command, call: () => Call): void {
  const audit = program.command('audit').description('the audit trail of the node; without a running node, of the home folder')
  audit
    .command('show')
    .description('entries of the trail')
    .option('--since <n>', 'only those behind the entry with this number (default: the newest)', readCount(0, 1e15))
    .option('--limit <n>', 'at most so many', readCount(1, MAX_PAGE), 50)
    .action(async (options: { since?: number; limit: number }) => {
      await (await import('./audit.ts')).auditShow(call(), options)
    })
  audit
    .command('export')
    .description('write the whole trail with its signed head to a file that anybody can verify')
    .argument('<file>', 'made anew; - writes to standard output')
    .action(async (file: string) => {
      await (await import('./audit.ts')).auditExport(call(), file)
    })
  audit
    .command('verify')
    .description('check that no entry was removed, changed, moved or added since the node signed for it')
    .argument('[file]', 'an exported file (default: the trail of the node)')
    .option('--x0-id <id>', 'whose trail it must be, told to you over another way')
    .action(async (file: string | undefined, options: { x0Id?: string }) => {
      await (await import('./audit.ts')).auditVerify(call(), file, options)
    })
}
