import type { Status } from '../admin/documents.ts'
import { ApiClient } from './api-client.ts'
import { age, bytes, milliseconds, offset, span } from './quantity.ts'
import { type Cell, fields } from './table.ts'
import { type Call, type Color, paint, printable, printJson } from './terminal.ts'

const COLORS: Readonly<Record<Status['status'], Color>> = {
  ok: 'green',
  starting: 'yellow',
  degraded: 'yellow',
  draining: 'yellow',
}

/** `x0 status` */
export async function status(call: Call): Promise<void> {
  const document = await (await ApiClient.of(call)).document<Status>('x0.status/v1', { path: '/mesh/status' })
  if (call.json) printJson(call, document)
  else call.terminal.out(statusText(call, document, Date.now()))
}

/** The state of the node for people at `now`, ms since the Unix epoch: what is wrong is said, not counted. */
export function statusText(call: Pick<Call, 'color'>, document: Status, now: number): string {
  const { peers, dht, gossip } = document
  const ready = document.ready ? 'ready' : 'not ready'
  const suites = Object.entries(document.suites).map(([suite, count]) => `${count} x ${suite}`)
  const failed = document.checks.filter((check) => !check.ok)
  return fields([
    ['status', { text: `${document.status}, ${ready}`, paint: (text) => paint(call, COLORS[document.status], text) }],
    ['up for', `${span(document.uptimeSeconds)}, version ${document.version}`],
    ['peer id', document.peerId],
    ['x0 id', document.x0Id],
    ['network', `${printable(document.network.name)} (${document.network.id})`],
    ['belongs as', belongingCell(call, document.belonging, now)],
    ['listening', document.listen.map(printable)],
    ['peers', `${peers.up} up, ${peers.suspect} suspect, ${peers.down} down, ${peers.never} never reached, ${peers.known} known`],
    ...(peers.blocked > 0 ? [['', `${peers.blocked} blocked, see \`x0 peer blocked\``] as const] : []),
    ['', `aims for ${peers.min} to ${peers.max}, target ${peers.target}`],
    ['post-quantum', pqCell(call, peers)],
    ['suites', suites.length === 0 ? '-' : suites.map(printable)],
    ['DHT', `${dht.mode}, ${dht.routingTable} in the routing table, ${dht.records} records`],
    ['gossip', `${gossip.topics.length} topics, ${gossip.meshPeers} mesh peers, ${gossip.presenceHeard} nodes heard`],
    ['clock', document.clockOffsetMs === null ? '-' : `peers are ${offset(document.clockOffsetMs)} from ours (median)`],
    ['event loop', `lag p50 ${milliseconds(document.eventLoopLagMs.p50)}, p99 ${milliseconds(document.eventLoopLagMs.p99)}`],
    ['memory', `${bytes(document.memoryBytes.rss)} resident, ${bytes(document.memoryBytes.heapUsed)} heap`],
    ...problems(
      call,
      'failing',
      failed.map((check) => `${check.name}: ${check.detail}`),
    ),
    ...problems(
      call,
      'alarms',
      document.alarms.map((alarm) => alarmText(alarm, now)),
    ),
  ])
}

function belongingCell(call: Pick<Call, 'color'>, belonging: Status['belonging'], now: number): Cell {
  const { kind, spiffeId, expiresAt, level } = belonging
  const ends = expiresAt === null ? '' : `, for ${span((Date.parse(expiresAt) - now) / 1000)} more`
  const behind = level ? '' : ', catching up with revocations'
  const text = `${kind === 'open' ? 'anybody' : kind}${spiffeId === null ? '' : ` ${printable(spiffeId)}`}${ends}${behind}`
  return { text, paint: (shown) => (kind === 'none' ? paint(call, 'red', shown) : shown) }
}

function pqCell(call: Pick<Call, 'color'>, peers: Status['peers']): Cell {
  const text = `${peers.pqAuthenticated} of ${peers.up} peers authenticated`
  return { text, paint: (shown) => (peers.pqAuthenticated < peers.up ? paint(call, 'red', shown) : shown) }
}

function problems(call: Pick<Call, 'color'>, name: string, lines: readonly string[]): [string, Cell[]][] {
  if (lines.length === 0) return []
  return [[name, lines.map((line) => ({ text: printable(line), paint: (text) => paint(call, 'red', text) }))]]
}

function alarmText(alarm: Status['alarms'][number], now: number): string {
  return `${alarm.type}${alarm.peer === null ? '' : ` ${alarm.peer}`}, ${age(alarm.at, now)} ago: ${alarm.message}`
}
