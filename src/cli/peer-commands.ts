import type { Command } from 'commander'
import { readSeconds } from './arguments.ts'
import type { Call } from './terminal.ts'

const PEER = 'peer id, x0 id, or the beginning of one of at least 8 characters'

/** `x0 peer`: whom this node has to do with. */
export function addPeerCommands(program: Command, call: () => Call): void {
  const peer = program.command('peer').description('whom this node keeps, removes and blocks')
  peer
    .command('add')
    .description('keep a peer connected from now on')
    .argument('<line>', 'MULTIADDR[/p2p/PEERID][#X0ID], as `x0 self` prints it on the other node')
    .option('--save', 'also after a restart: writes it to peers.persistent in the config.yaml of the home')
    .action(async (line: string, options: { save?: true }) => {
      await (await import('./peer.ts')).peerAdd(call(), line, options)
    })
  peer
    .command('rm')
    .description('hang up on a peer, forget it and leave it alone for 10 minutes')
    .argument('<peer>', `${PEER}, or a line`)
    .option('--save', 'also take its lines out of the config.yaml of the home')
    .action(async (name: string, options: { save?: true }) => {
      await (await import('./peer.ts')).peerRemove(call(), name, options)
    })
  peer
    .command('block')
    .description('have nothing to do with the keys of a peer: it is hung up on, not dialled and not let in')
    .argument('<peer>', `${PEER}, a line, or a whole id that is not known here`)
    .option(
      '--for <time>',
      'how long: seconds, or a number with s, m, h, d or y, at most 10y (default: until unblocked)',
      readSeconds,
    )
    .option('--reason <text>', 'why, for whoever reads `x0 peer blocked`; the peer is not told')
    .action(async (name: string, options: { for?: number; reason?: string }) => {
      await (await import('./peer.ts')).peerBlock(call(), name, options)
    })
  peer
    .command('unblock')
    .description('take a block back')
    .argument('<peer>', PEER)
    .action(async (name: string) => {
      await (await import('./peer.ts')).peerUnblock(call(), name)
    })
  peer
    .command('blocked')
    .description('who is blocked, since when, until when and why')
    .action(async () => {
      await (await import('./peer.ts')).peerBlocked(call())
    })
}
