import type { Members } from '../admin/network-documents.ts'
import { ApiClient } from './api-client.ts'
import { table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'

/** `x0 members` */
export async function members(call: Call): Promise<void> {
  const document = await (await ApiClient.of(call)).document<Members>('x0.members/v1', { path: '/network/members' })
  if (call.json) return printJson(call, document)
  const rows = [
    ...document.members.map((each) => [...common(each), `member, weight ${each.weight}`, '-', each.x0Id]),
    ...document.nodes.map((each) => [...common(each), each.kind, each.expiresAt ?? '-', each.x0Id]),
  ]
  call.terminal.out(table(['NAME', 'GROUPS', 'UP', 'BELONGS', 'EXPIRES', 'X0 ID'], rows, (text) => paint(call, 'bold', text)))
}

function common(node: { name: string | null; groups: readonly string[]; up: boolean; self: boolean }): string[] {
  const up = node.self ? 'this node' : node.up ? 'yes' : 'no'
  return [printable(node.name ?? '-'), node.groups.map(printable).join(',') || '-', up]
}
