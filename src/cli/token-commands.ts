import type { Command } from 'commander'
import { collect, readLifetime } from './arguments.ts'
import type { Call } from './terminal.ts'

/** `x0 token ...`: tokens of the admin port. */
export function addTokenCommands(program: Command, call: () => Call): void {
  const token = program.command('token').description('tokens for programs that use the admin port')
  token
    .command('create')
    .description('make a token and print it, this once')
    .option('--name <name>', 'what it is for', 'command line')
    .option('--scope <scope>', 'read, operate, admin or metrics (repeatable; default: read)', collect)
    .option('--ttl <time>', 'how long it lasts: a number with m, h or d, 365d at most (default: 30d)', readLifetime)
    .action(async (options: { name: string; scope?: string[]; ttl?: number }) => {
      await (await import('./token.ts')).tokenCreate(call(), options)
    })
  token
    .command('list')
    .description('every token that has not expired, logins included, without its secret')
    .action(async () => {
      await (await import('./token.ts')).tokenList(call())
    })
  token
    .command('revoke')
    .description('end a token')
    .argument('<id>', 'as `x0 token list` shows it')
    .action(async (id: string) => {
      await (await import('./token.ts')).tokenRevoke(call(), id)
    })
}
