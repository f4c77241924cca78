import type { HandshakeReport } from '../admin/documents.ts'
import { ApiClient } from './api-client.ts'
import { milliseconds } from './quantity.ts'
import { fields, table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'

/** Milliseconds: a dial over a slow link takes 10,000 at most by config, the handshake 5,000. */
const TIMEOUT_MS = 20_000

/** `x0 handshake PEER` */
export async function handshake(call: Call, peer: string, options: { readonly protocol?: string }): Promise<void> {
  const document = await (await ApiClient.of(call)).document<HandshakeReport>('x0.handshake/v1', {
    method: 'POST',
    path: '/security/handshake',
    body: { peer, ...options },
    timeoutMs: TIMEOUT_MS,
  })
  if (call.json) printJson(call, document)
  else call.terminal.out(handshakeText(call, document))
}

/** What was measured: who it was, how it was secured, and each flight with its bytes. */
export function handshakeText(call: Pick<Call, 'color'>, document: HandshakeReport): string {
  const authenticated = document.pqAuthenticated ? 'yes' : 'no'
  const summary = fields([
    ['peer id', document.peerId],
    ['x0 id', document.remoteX0Id ?? '-'],
    ['our x0 id', document.localX0Id],
    ['address', printable(document.address)],
    ['protocol', printable(document.protocol)],
    ['suite', printable(document.suite)],
    ['pq key exchange', document.pqKeyExchange ? 'yes' : 'no'],
    ['pq authenticated', { text: authenticated, paint: (text) => paint(call, document.pqAuthenticated ? 'green' : 'red', text) }],
    ['verdict', printable(document.verdict)],
    ['transcript', document.transcriptHash],
    ['connect', milliseconds(document.connectMs)],
    ['negotiate', milliseconds(document.negotiateMs)],
    ['handshake', milliseconds(document.handshakeMs)],
    ['total', milliseconds(document.totalMs)],
    ['bytes', `${document.bytesSent} sent, ${document.bytesReceived} received`],
  ])
  const flights = document.flights.map((flight) => [
    printable(flight.name),
    flight.direction,
    String(flight.bytes),
    milliseconds(flight.atMs),
  ])
  return `${summary}\n${table(['FLIGHT', 'DIRECTION', 'BYTES', 'AT'], flights, (text) => paint(call, 'bold', text))}`
}
