import type { BlockDocument, BlockList, PeerAdded, PeerRemoved, Unblocked } from '../admin/peer-control-documents.ts'
import { ApiClient } from './api-client.ts'
import { age, span } from './quantity.ts'
import { table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'

/** `x0 peer add LINE` */
export async function peerAdd(call: Call, line: string, options: { readonly save?: boolean }): Promise<void> {
  const document = await (await ApiClient.of(call)).document<PeerAdded>('x0.peer-added/v1', {
    method: 'POST',
    path: '/mesh/peers',
    body: { line, ...options },
  })
  if (call.json) return printJson(call, document)
  if (call.quiet) return
  const until = document.saved ? 'for good' : 'until the next start (with --save for good)'
  call.terminal.out(`${nameOf(document, document.address)} is kept connected ${until}.\n`)
  if (document.blocked) call.terminal.err('It is blocked here and is not dialled before `x0 peer unblock`.\n')
}

/** `x0 peer rm PEER` */
export async function peerRemove(call: Call, peer: string, options: { readonly save?: boolean }): Promise<void> {
  const document = await (await ApiClient.of(call)).document<PeerRemoved>('x0.peer-removed/v1', {
    method: 'DELETE',
    path: `/mesh/peers/${encodeURIComponent(peer)}${options.save === true ? '?save=true' : ''}`,
  })
  if (call.json) return printJson(call, document)
  if (call.quiet) return
  call.terminal.out(`${nameOf(document, peer)} is removed, and left alone for 10 minutes.\n`)
  for (const place of document.remains) call.terminal.err(`It is back at the next start: ${printable(place)} names it.\n`)
}

/** `x0 peer block PEER` */
export async function peerBlock(
  call: Call,
  peer: string,
  options: { readonly for?: number; readonly reason?: string },
): Promise<void> {
  const document = await (await ApiClient.of(call)).document<BlockDocument>('x0.block/v1', {
    method: 'POST',
    path: '/mesh/blocks',
    body: {
      peer,
      ...(options.for === undefined ? {} : { forSeconds: options.for }),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    },
  })
  if (call.json) return printJson(call, document)
  if (call.quiet) return
  call.terminal.out(`${nameOf(document, peer)} is blocked until ${document.until ?? 'it is unblocked'}.\n`)
  if (document.wanted) call.terminal.err('It is a peer that this node wants: it is dialled again when the block ends.\n')
}

/** `x0 peer unblock PEER` */
export async function peerUnblock(call: Call, peer: string): Promise<void> {
  const document = await (await ApiClient.of(call)).document<Unblocked>('x0.unblocked/v1', {
    method: 'DELETE',
    path: `/mesh/blocks/${encodeURIComponent(peer)}`,
  })
  if (call.json) return printJson(call, document)
  if (call.quiet) return
  for (const block of document.blocks) call.terminal.out(`${nameOf(block, peer)} is not blocked any more.\n`)
}

/** `x0 peer blocked` */
export async function peerBlocked(call: Call): Promise<void> {
  const document = await (await ApiClient.of(call)).document<BlockList>('x0.blocks/v1', { path: '/mesh/blocks' })
  if (call.json) printJson(call, document)
  else if (document.blocks.length > 0) call.terminal.out(blocksText(call, document, Date.now()))
  else if (!call.quiet) call.terminal.err('Nobody is blocked.\n')
}

/** The table of blocks at `now`, ms since the Unix epoch. */
export function blocksText(call: Pick<Call, 'color'>, document: BlockList, now: number): string {
  const rows = document.blocks.map(({ x0Id, peerId, since, until, reason }) => [
    x0Id ?? '-',
    peerId ?? '-',
    age(since, now),
    until === null ? 'unblocked' : `${span((Date.parse(until) - now) / 1000)} from now`,
    printable(reason || '-'),
  ])
  return table(['X0 ID', 'PEER', 'SINCE', 'UNTIL', 'REASON'], rows, (text) => paint(call, 'bold', text))
}

function nameOf({ peerId, x0Id }: { readonly peerId: string | null; readonly x0Id: string | null }, asked: string): string {
  return printable(x0Id ?? peerId ?? asked)
}
