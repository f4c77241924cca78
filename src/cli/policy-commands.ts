import type { Command } from 'commander'
import { collect } from './arguments.ts'
import type { Call } from './terminal.ts'

/** Who may do what at a node. */
export function addPolicyCommands(program: Command, call: () => Call): void {
  const policy = program
    .command('policy')
    .description('who may do what at the node (access; whom it peers with is another matter)')
  policy
    .command('test')
    .description('check a policy document and run the tests that it brings along; asks no node')
    .argument('[file]', 'the document (default: policy.yaml in the home folder)')
    .action(async (file: string | undefined) => {
      await (await import('./policy.ts')).policyTest(call(), file)
    })
  policy
    .command('show')
    .description('the document that the running node goes by: its hash, since when, its rules in the order in which they decide')
    .action(async () => {
      await (await import('./policy.ts')).policyShow(call())
    })
  policy
    .command('explain')
    .description('what the policy says to a request, which rule decides, and what became of the others that fit')
    .argument('<source>', 'who: spiffe://NETWORK/node/NAME or an x0 id')
    .argument('<action>', 'what: connect:SERVICE, relay, admin:SCOPE, renew')
    .argument('<destination>', 'at whose node: as source')
    .option('--group <name>', 'group of the source (repeatable)', collect)
    .option('--to-group <name>', 'group of the destination (repeatable)', collect)
    .option('--at <time>', 'at another time than now, as 2026-11-25T10:00:00Z')
    .option('--file <file>', 'by this document instead of asking the running node')
    .action(async (source: string, action: string, destination: string, options: ExplainFlags) => {
      await (await import('./policy.ts')).policyExplain(call(), { source, action, destination }, options)
    })
}

export interface ExplainFlags {
  readonly group?: readonly string[]
  readonly toGroup?: readonly string[]
  readonly at?: string
  readonly file?: string
}
