import type { PingReport } from '../admin/documents.ts'
import { ApiClient } from './api-client.ts'
import { CommandFailure } from './failure.ts'
import { milliseconds } from './quantity.ts'
import { type Call, printable, printJson } from './terminal.ts'

/** Milliseconds for connecting and for one answer each. */
const CONNECT_MS = 15_000
const ANSWER_MS = 5_000

/** `x0 ping PEER` */
export async function ping(call: Call, peer: string, options: { readonly count: number }): Promise<void> {
  const document = await (await ApiClient.of(call)).document<PingReport>('x0.ping/v1', {
    method: 'POST',
    path: '/mesh/ping',
    body: { peer, count: options.count },
    timeoutMs: CONNECT_MS + options.count * ANSWER_MS,
  })
  if (call.json) printJson(call, document)
  else call.terminal.out(pingText(document))
  if (document.received === 0) {
    throw new CommandFailure('unreachable', `${printable(peer)} answered none of ${document.sent} pings.`, {
      hint: 'See `x0 peers` for the state of the link.',
    })
  }
}

/** Each round trip, then the summary. */
export function pingText(document: PingReport): string {
  const trips = document.rttMs.map((rtt, index) => `${index + 1}: ${milliseconds(rtt)}\n`).join('')
  const sorted = document.rttMs.toSorted((a, b) => a - b)
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? null
  const summary =
    sorted.length === 0
      ? ''
      : `, min ${milliseconds(sorted[0] ?? null)}, median ${milliseconds(median)}, max ${milliseconds(sorted.at(-1) ?? null)}`
  return `${document.peerId} over ${printable(document.path)}\n${trips}${document.received} of ${document.sent} answered${summary}\n`
}
