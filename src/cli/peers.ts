import type { Peer, PeerState, Peers } from '../admin/documents.ts'
import { ApiClient } from './api-client.ts'
import { age, milliseconds, offset, percent } from './quantity.ts'
import { type Cell, table } from './table.ts'
import { type Call, type Color, paint, printable, printJson } from './terminal.ts'

const HEADER = ['PEER', 'STATE', 'PATH', 'SUITE', 'PQ', 'RTT', 'LOSS', 'OFFSET', 'AGE', 'LAST ERROR']
const COLORS: Readonly<Record<PeerState, Color>> = {
  'up/direct': 'green',
  'up/relayed': 'green',
  suspect: 'yellow',
  down: 'red',
  never: 'dim',
}

/** `x0 peers` */
export async function peers(call: Call): Promise<void> {
  const document = await (await ApiClient.of(call)).document<Peers>('x0.peers/v1', { path: '/mesh/peers' })
  if (call.json) printJson(call, document)
  else if (document.peers.length > 0) call.terminal.out(peersText(call, document, Date.now()))
  else if (!call.quiet) call.terminal.err('This node knows no peers yet. Give it one with `x0 peer add LINE`.\n')
}

/** The table of peers at `now`, ms since the Unix epoch. */
export function peersText(call: Pick<Call, 'color'>, document: Peers, now: number): string {
  const rows = document.peers.map((peer): Cell[] => [
    peer.peerId ?? '(not met yet)',
    { text: peer.state, paint: (text) => paint(call, COLORS[peer.state], text) },
    printable(peer.path ?? '-'),
    printable(peer.suite ?? '-'),
    pqCell(call, peer),
    milliseconds(peer.rttMs),
    percent(peer.lossRatio),
    offset(peer.clockOffsetMs),
    age(peer.since, now),
    lastError(peer, now),
  ])
  return table(HEADER, rows, (text) => paint(call, 'bold', text))
}

/** `yes` only where the peer is authenticated post-quantum; a hybrid key exchange alone keeps secrets but proves nobody. */
function pqCell(call: Pick<Call, 'color'>, peer: Peer): Cell {
  if (peer.suite === null) return '-'
  if (peer.pqAuthenticated) return 'yes'
  return { text: peer.pqKeyExchange ? 'kem' : 'no', paint: (text) => paint(call, 'red', text) }
}

function lastError(peer: Peer, now: number): string {
  const parts: string[] = []
  const told = (failure: NonNullable<Peer['lastError']>): string =>
    `${failure.code}: ${failure.message} (${age(failure.at, now)} ago)`
  if (peer.downReason !== null) parts.push(`down ${told(peer.downReason)}`)
  if (peer.lastError !== null && peer.lastError.at !== peer.downReason?.at) parts.push(told(peer.lastError))
  if (peer.nextRetryAt !== null) {
    const wait = Math.ceil((Date.parse(peer.nextRetryAt) - now) / 1000)
    parts.push(wait > 0 ? `next try in ${wait}s` : 'trying')
  }
  return printable(parts.join(', ') || '-')
}
