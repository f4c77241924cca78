import type { Credential, RevocationDocument, Revocations } from '../admin/network-documents.ts'
import { ApiClient } from './api-client.ts'
import { span } from './quantity.ts'
import { fields, table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'

/** Milliseconds to find a member and have it sign. */
const RENEW_MS = 20_000

/** `x0 credential show` */
export async function showCredential(call: Call): Promise<void> {
  print(call, await (await ApiClient.of(call)).document<Credential>('x0.credential/v1', { path: '/network/credential' }))
}

/** `x0 credential renew` */
export async function renewCredential(call: Call): Promise<void> {
  const ask = { method: 'POST', path: '/network/credential/renew', timeoutMs: RENEW_MS } as const
  print(call, await (await ApiClient.of(call)).document<Credential>('x0.credential/v1', ask))
}

/** `x0 credential revoke NODE --reason TEXT` */
export async function revokeNode(call: Call, node: string, { reason }: { readonly reason: string }): Promise<void> {
  const ask = { method: 'POST', path: '/network/revocations', body: { node, reason } } as const
  const document = await (await ApiClient.of(call)).document<RevocationDocument>('x0.revocation/v1', ask)
  if (call.json) return printJson(call, document)
  call.terminal.out(`revoked ${document.x0Id}\n`)
  if (!call.quiet) call.terminal.err('For good: the way back is new keys and a new invite.\n')
}

/** `x0 credential revocations` */
export async function listRevocations(call: Call): Promise<void> {
  const document = await (await ApiClient.of(call)).document<Revocations>('x0.revocations/v1', { path: '/network/revocations' })
  if (call.json) return printJson(call, document)
  const rows = document.revocations.map((each) => [each.x0Id, each.at, each.issuer, printable(each.reason)])
  call.terminal.out(table(['X0 ID', 'AT', 'BY', 'REASON'], rows, (text) => paint(call, 'bold', text)))
}

function print(call: Call, document: Credential): void {
  if (call.json) {
    printJson(call, document)
    return
  }
  const { secondsLeft, lastRenewal } = document
  call.terminal.out(
    fields([
      ['network', printable(document.network.name)],
      ['x0 id', document.x0Id],
      ['belongs by', document.revoked ? { text: 'revoked', paint: (text) => paint(call, 'red', text) } : document.kind],
      ['spiffe id', printable(document.spiffeId ?? '-')],
      ['groups', document.groups.map(printable).join(', ') || '-'],
      ['issuer', document.issuer ?? '-'],
      ['serial', document.serial ?? '-'],
      ['not before', document.notBefore ?? '-'],
      ['expires', document.expiresAt === null ? '-' : `${document.expiresAt} (${span(secondsLeft ?? 0)} left)`],
      ['renews', document.renewAt ?? '-'],
      [
        'last renewal',
        lastRenewal === null ? '-' : `${lastRenewal.at} ${lastRenewal.ok ? 'ok' : 'failed'}: ${printable(lastRenewal.detail)}`,
      ],
    ]),
  )
}
