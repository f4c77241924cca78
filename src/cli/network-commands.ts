import { type Command, InvalidArgumentError, Option } from 'commander'
import { collect, readCount, readSeconds } from './arguments.ts'
import type { Call } from './terminal.ts'

/** Everything of a network: founding, inviting, joining, members, credentials. */
export function addNetworkCommands(program: Command, call: () => Call): void {
  const network = program.command('network').description('the network of the node')
  network
    .command('create')
    .description('found a network with this node as its first member, and move there')
    .argument('<name>', 'small letters, digits, inner hyphens')
    .addOption(
      new Option('--admission <mode>', 'who lets nodes in: any member by an invite, everybody, or a vote')
        .choices(['sponsor', 'open', 'vote'])
        .default('sponsor'),
    )
    .option('--node-name <name>', 'name of this node in the network (default: its host name)')
    .option('--group <group>', 'group of this node (repeatable)', collect)
    .option('--passphrase-file <file>', 'open the sealed keys of a home without a running node')
    .action(async (name: string, options: CreateFlags) => {
      await (await import('./network.ts')).createNetwork(call(), name, options)
    })
  network
    .command('show')
    .description('the network, how this node belongs, and how current its knowledge of revocations is')
    .action(async () => {
      await (await import('./network.ts')).showNetwork(call())
    })

  addInvite(program, call)
  program
    .command('join')
    // the message of a command line that is too long would show the secret
    .allowExcessArguments(true)
    .description('join a network by the line of an invite; by a bootstrap line, knock and wait to be accepted')
    .argument('<line>', 'what `x0 invite` printed; - reads it from standard input')
    .option('--name <name>', 'name of this node in the network (default: its host name, where the invite gives none)')
    .option('--note <text>', 'for the operator who sees the request in the pending list')
    .option('--passphrase-file <file>', 'open the sealed keys of a home without a running node')
    .action(async (line: string, options: JoinFlags, command: Command) => {
      if (command.args.length > 1) throw new InvalidArgumentError('One line and nothing else: put quotes around it.')
      await (await import('./join.ts')).join(call(), line, options)
    })
  program
    .command('leave')
    .description('leave the network: forget it and its credential, and go back to the open one; what was seen of keys stays')
    .option('--force', 'also where this node is the only member: nobody could admit or revoke any more')
    .action(async (options: { force?: true }) => {
      await (await import('./network.ts')).leaveNetwork(call(), options)
    })
  addPending(program, call)
  program
    .command('members')
    .description('the members of the network, and the nodes that belong by a credential')
    .action(async () => {
      await (await import('./members.ts')).members(call())
    })
  addCredential(program, call)
}

export interface CreateFlags {
  readonly admission: 'open' | 'sponsor' | 'vote'
  readonly nodeName?: string
  readonly group?: readonly string[]
  readonly passphraseFile?: string
}

export interface JoinFlags {
  readonly name?: string
  readonly note?: string
  readonly passphraseFile?: string
}

export interface InviteFlags {
  readonly name?: string
  readonly group?: readonly string[]
  readonly ttl?: number
  readonly uses?: number
  readonly validity?: number
  readonly qr?: true
}

export interface AcceptFlags {
  readonly name?: string
  readonly group?: readonly string[]
  readonly validity?: number
}

function addInvite(program: Command, call: () => Call): void {
  program
    .command('invite')
    .description('print one line by which another machine joins; whoever has the line can use it')
    .option('--name <name>', 'name of the node that joins (default: it says one)')
    .option('--group <group>', 'group of the node that joins (repeatable)', collect)
    .option('--ttl <time>', 'how long the line can be used (default 1h; d for days, at most 30d)', readSpan)
    .option('--uses <n>', 'how many nodes may join by it (default 1)', readCount(1, 1_000))
    .option('--validity <time>', 'how long a credential lasts; the node renews it at half of that (default 30d)', readSpan)
    .option('--qr', 'also draw it as a QR code, on standard error')
    .action(async (options: InviteFlags) => {
      await (await import('./invite.ts')).invite(call(), options)
    })
  const invites = program.command('invites').description('the invites of this node')
  invites
    .command('list')
    .description('open invites, without their secrets')
    .action(async () => {
      await (await import('./invite.ts')).listInvites(call())
    })
  invites
    .command('withdraw')
    .description('make an invite useless')
    .argument('<id>', 'as `x0 invites list` shows it')
    .action(async (id: string) => {
      await (await import('./invite.ts')).withdrawInvite(call(), id)
    })
}

function addPending(program: Command, call: () => Call): void {
  const pending = program.command('pending').description('nodes that ask to be let in')
  pending
    .command('list')
    .description('who asks, since when, with which words')
    .action(async () => {
      await (await import('./pending.ts')).listPending(call())
    })
  pending
    .command('accept')
    .description('let a node in')
    .argument('<node>', 'its x0 id, or the name that it asks for')
    .option('--name <name>', 'another name than it asks for')
    .option('--group <group>', 'group of the node (repeatable)', collect)
    .option('--validity <time>', 'how long its credential lasts between renewals (default 30d)', readSpan)
    .action(async (node: string, options: AcceptFlags) => {
      await (await import('./pending.ts')).acceptPending(call(), node, options)
    })
  pending
    .command('ignore')
    .description('turn a node away')
    .argument('<node>', 'its x0 id, or the name that it asks for')
    .action(async (node: string) => {
      await (await import('./pending.ts')).ignorePending(call(), node)
    })
}

function addCredential(program: Command, call: () => Call): void {
  const credential = program.command('credential').description('how this node belongs to its network')
  credential
    .command('show')
    .description('name, groups, issuer, expiry')
    .action(async () => {
      await (await import('./credential.ts')).showCredential(call())
    })
  credential
    .command('renew')
    .description('ask a member for a fresh one now; the node does so by itself at half of its life')
    .action(async () => {
      await (await import('./credential.ts')).renewCredential(call())
    })
  credential
    .command('revoke')
    .description('revoke a node of the network: every node cuts its connections')
    .argument('<node>', 'name, SPIFFE id or x0 id')
    .requiredOption('--reason <text>', 'told to every node')
    .action(async (node: string, options: { reason: string }) => {
      await (await import('./credential.ts')).revokeNode(call(), node, options)
    })
  credential
    .command('revocations')
    .description('keys that do not belong any more')
    .action(async () => {
      await (await import('./credential.ts')).listRevocations(call())
    })
  credential
    .command('rotate')
    .description('new keys for this node, which must not run; its name and groups carry over, the old keys are revoked')
    .option('--passphrase-file <file>', 'open the sealed keys, and seal the new ones, with the first line of this file')
    .action(async (options: { passphraseFile?: string }) => {
      await (await import('./rotate.ts')).rotateKeys(call(), options)
    })
}

/** Milliseconds. @throws InvalidArgumentError */
function readSpan(text: string): number {
  return readSeconds(text) * 1_000
}
