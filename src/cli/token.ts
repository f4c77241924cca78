import type { TokenCreated, TokenList, TokenRevoked } from '../admin/accounts-documents.ts'
import { ApiClient } from './api-client.ts'
import { age, span } from './quantity.ts'
import { table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'

/** `x0 token create`: stdout is the token alone, so that a script can take it as it is. */
export async function tokenCreate(
  call: Call,
  options: { readonly name: string; readonly scope?: readonly string[]; readonly ttl?: number },
): Promise<void> {
  const body = {
    name: options.name,
    ...(options.scope === undefined ? {} : { scopes: options.scope }),
    ...(options.ttl === undefined ? {} : { expires_in: options.ttl }),
  }
  const ask = { method: 'POST', path: '/api/v1/tokens', body, expect: [201] } as const
  const document = await (await ApiClient.of(call)).document<TokenCreated>('x0.token/v1', ask)
  if (call.json) return printJson(call, document)
  if (!call.quiet) {
    const { id, scopes, expires_at } = document
    call.terminal.err(`${id}: ${scopes.join(' ')}, until ${expires_at}. It is shown this once; who has it can use it.\n`)
  }
  call.terminal.out(`${document.token}\n`)
}

/** `x0 token list` */
export async function tokenList(call: Call): Promise<void> {
  const client = await ApiClient.of(call)
  const document = await client.document<TokenList>('x0.tokens/v1', { path: '/api/v1/tokens?all=true' })
  if (call.json) return printJson(call, document)
  if (document.tokens.length === 0) {
    if (!call.quiet) call.terminal.err('There are no tokens. Make one with `x0 token create`.\n')
    return
  }
  const now = Date.now()
  const rows = document.tokens.map((token) => [
    token.id,
    token.kind,
    token.owner ?? 'operator',
    token.scopes.join(' '),
    age(token.created_at, now),
    age(token.last_used_at, now),
    span((Date.parse(token.expires_at) - now) / 1000),
    printable(token.name),
  ])
  const header = ['ID', 'KIND', 'OWNER', 'SCOPES', 'AGE', 'USED', 'LEFT', 'NAME']
  call.terminal.out(table(header, rows, (text) => paint(call, 'bold', text)))
}

/** `x0 token revoke` */
export async function tokenRevoke(call: Call, id: string): Promise<void> {
  const path = `/api/v1/tokens/${encodeURIComponent(id)}`
  const document = await (await ApiClient.of(call)).document<TokenRevoked>('x0.token-revoked/v1', { method: 'DELETE', path })
  if (call.json) printJson(call, document)
  else if (!call.quiet) call.terminal.out(`${document.id} is revoked\n`)
}
