import type { Invite, Invites } from '../admin/network-documents.ts'
import { ApiClient } from './api-client.ts'
import type { InviteFlags } from './network-commands.ts'
import { span } from './quantity.ts'
import { table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'

/** `x0 invite`: the line alone on stdout, all else on stderr. */
export async function invite(call: Call, flags: InviteFlags): Promise<void> {
  const body = {
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.group === undefined ? {} : { groups: [...flags.group] }),
    ...(flags.ttl === undefined ? {} : { ttlMs: flags.ttl }),
    ...(flags.uses === undefined ? {} : { uses: flags.uses }),
    ...(flags.validity === undefined ? {} : { validityMs: flags.validity }),
  }
  const made = await (await ApiClient.of(call)).document<Invite>('x0.invite/v1', {
    method: 'POST',
    path: '/network/invites',
    body,
  })
  if (flags.qr) call.terminal.err(await qrCode(made.line))
  if (call.json) return printJson(call, made)
  call.terminal.out(`${made.line}\n`)
  if (call.quiet) return
  const often = made.uses === 1 ? 'once' : `${made.uses} times`
  const left = span((Date.parse(made.expiresAt) - Date.now()) / 1000)
  call.terminal.err(`Good for ${left}, ${often}. On the other machine: x0 join LINE. Keep the line secret until then.\n`)
}

/** `x0 invites list` */
export async function listInvites(call: Call): Promise<void> {
  print(call, await (await ApiClient.of(call)).document<Invites>('x0.invites/v1', { path: '/network/invites' }))
}

/** `x0 invites withdraw ID` */
export async function withdrawInvite(call: Call, id: string): Promise<void> {
  const path = `/network/invites/${encodeURIComponent(id)}`
  print(call, await (await ApiClient.of(call)).document<Invites>('x0.invites/v1', { method: 'DELETE', path }))
}

function print(call: Call, document: Invites): void {
  if (call.json) {
    printJson(call, document)
    return
  }
  const rows = document.invites.map((each) => [
    each.id,
    printable(each.name ?? '-'),
    each.groups.map(printable).join(',') || '-',
    `${each.used} of ${each.uses}`,
    each.withdrawn ? 'withdrawn' : each.expiresAt,
  ])
  call.terminal.out(table(['ID', 'NAME', 'GROUPS', 'USED', 'UNTIL'], rows, (text) => paint(call, 'bold', text)))
}

/** Dark on light in half blocks, with the quiet zone that scanners want, whatever the colours of the terminal are. */
async function qrCode(line: string): Promise<string> {
  const { default: encodeQR } = await import('qr')
  const rows = encodeQR(line, 'raw', { ecc: 'low', border: 2 })
  const lines: string[] = []
  for (let top = 0; top < rows.length; top += 2) {
    const upper = rows[top] ?? []
    const lower = rows[top + 1] ?? []
    lines.push(upper.map((dark, column) => halfBlock(dark, lower[column] ?? false)).join(''))
  }
  // black on white, written out: a terminal with light text on dark would show the code inverted
  return lines.map((text) => `\u001b[30;107m${text}\u001b[0m\n`).join('')
}

function halfBlock(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '█' : '▀'
  return lower ? '▄' : ' '
}
