import type { Pending, PendingDecision } from '../admin/network-documents.ts'
import { ApiClient } from './api-client.ts'
import type { AcceptFlags } from './network-commands.ts'
import { age } from './quantity.ts'
import { table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'

/** `x0 pending list` */
export async function listPending(call: Call): Promise<void> {
  const document = await (await ApiClient.of(call)).document<Pending>('x0.pending/v1', { path: '/network/pending' })
  if (call.json) return printJson(call, document)
  const now = Date.now()
  const rows = document.requests.map((each) => [
    printable(each.name),
    each.x0Id,
    age(each.since, now),
    age(each.lastAskedAt, now),
    printable(each.address ?? '-'),
    printable(each.note),
  ])
  call.terminal.out(table(['NAME', 'X0 ID', 'WAITS', 'LAST ASKED', 'ADDRESS', 'NOTE'], rows, (text) => paint(call, 'bold', text)))
}

/** `x0 pending accept NODE` */
export async function acceptPending(call: Call, node: string, flags: AcceptFlags): Promise<void> {
  const body = {
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.group === undefined ? {} : { groups: [...flags.group] }),
    ...(flags.validity === undefined ? {} : { validityMs: flags.validity }),
  }
  await decide(call, node, 'accept', body)
}

/** `x0 pending ignore NODE` */
export async function ignorePending(call: Call, node: string): Promise<void> {
  await decide(call, node, 'ignore', undefined)
}

async function decide(call: Call, node: string, verb: 'accept' | 'ignore', body: object | undefined): Promise<void> {
  const document = await (await ApiClient.of(call)).document<PendingDecision>('x0.pending-decision/v1', {
    method: 'POST',
    path: `/network/pending/${encodeURIComponent(node)}/${verb}`,
    ...(body === undefined ? {} : { body }),
  })
  if (call.json) return printJson(call, document)
  call.terminal.out(`${document.decision} ${printable(document.name)} ${document.x0Id}\n`)
  if (!call.quiet && verb === 'accept') call.terminal.err('It gets its credential when it asks again, within seconds.\n')
}
