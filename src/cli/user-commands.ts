import type { Command } from 'commander'
import { collect } from './arguments.ts'
import type { Call } from './terminal.ts'

const USER = 'its id or e-mail address'
const FILE = 'take the first line of this file as the password (default: asked for on the terminal)'

/** `x0 user ...`: the accounts of the admin port. */
export function addUserCommands(program: Command, call: () => Call): void {
  const user = program.command('user').description('the accounts of the admin port')
  user
    .command('add')
    .description('register an account; the first one may do everything, the others only look, unless --scope says more')
    .argument('<email>', 'what its owner logs in with')
    .option('--scope <scope>', 'read, operate, admin or metrics (repeatable)', collect)
    .option('--name <name>', 'full name')
    .option('--company <name>', 'company')
    .option('--password-file <file>', FILE)
    .action(async (email: string, options: { scope?: string[]; name?: string; company?: string; passwordFile?: string }) => {
      await (await import('./user.ts')).userAdd(call(), email, options)
    })
  user
    .command('list')
    .description('every account: id, e-mail address, scopes, age')
    .action(async () => {
      await (await import('./user.ts')).userList(call())
    })
  user
    .command('rm')
    .description('remove an account and end all its tokens')
    .argument('<user>', USER)
    .action(async (name: string) => {
      await (await import('./user.ts')).userRemove(call(), name)
    })
  user
    .command('scopes')
    .description('change what an account may do; its tokens follow at once')
    .argument('<user>', USER)
    .argument('<scope...>', 'read, operate, admin or metrics')
    .action(async (name: string, scopes: string[]) => {
      await (await import('./user.ts')).userScopes(call(), name, scopes)
    })
  user
    .command('password')
    .description('give an account another password and end all its tokens')
    .argument('<user>', USER)
    .option('--password-file <file>', FILE)
    .action(async (name: string, options: { passwordFile?: string }) => {
      await (await import('./user.ts')).userPassword(call(), name, options)
    })
}
