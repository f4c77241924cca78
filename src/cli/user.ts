import type { AccountDocument, AccountList, AccountRemoved } from '../admin/accounts-documents.ts'
import { ApiClient } from './api-client.ts'
import { CommandFailure } from './failure.ts'
import { askSecret, firstLine } from './passphrase.ts'
import { age } from './quantity.ts'
import { fields, table } from './table.ts'
import { type Call, paint, printable, printJson } from './terminal.ts'

interface PasswordSource {
  readonly passwordFile?: string
}

/** `x0 user add`; the node says what is wrong with the address, the password or the scopes. */
export async function userAdd(
  call: Call,
  email: string,
  options: PasswordSource & { readonly scope?: readonly string[]; readonly name?: string; readonly company?: string },
): Promise<void> {
  const client = await ApiClient.of(call)
  const body = {
    email,
    password: await newPassword(call, options),
    ...(options.name === undefined ? {} : { full_name: options.name }),
    ...(options.company === undefined ? {} : { company: options.company }),
    ...(options.scope === undefined ? {} : { scopes: options.scope }),
  }
  const ask = { method: 'POST', path: '/api/v1/users/register', body, expect: [201] } as const
  show(call, await client.object<AccountDocument>(ask))
}

/** `x0 user list` */
export async function userList(call: Call): Promise<void> {
  const document = await listOf(await ApiClient.of(call))
  if (call.json) return printJson(call, document)
  if (document.users.length === 0) {
    if (!call.quiet) call.terminal.err('There are no accounts yet. Make one with `x0 user add EMAIL`.\n')
    return
  }
  const rows = document.users.map((user) => [
    user.id,
    printable(user.email),
    printable(user.full_name ?? '-'),
    printable(user.company ?? '-'),
    user.scopes.join(' '),
    age(user.created_at, Date.now()),
  ])
  call.terminal.out(table(['ID', 'EMAIL', 'NAME', 'COMPANY', 'SCOPES', 'AGE'], rows, (text) => paint(call, 'bold', text)))
}

/** `x0 user rm` */
export async function userRemove(call: Call, name: string): Promise<void> {
  const client = await ApiClient.of(call)
  const path = `/api/v1/users/${await idOf(client, name)}`
  const document = await client.document<AccountRemoved>('x0.user-removed/v1', { method: 'DELETE', path })
  if (call.json) printJson(call, document)
  else if (!call.quiet) {
    const tokens = document.tokens_revoked === 1 ? '1 token' : `${document.tokens_revoked} tokens`
    call.terminal.out(`${document.id} is removed, and ${tokens} with it\n`)
  }
}

/** `x0 user scopes` */
export async function userScopes(call: Call, name: string, scopes: readonly string[]): Promise<void> {
  const client = await ApiClient.of(call)
  const path = `/api/v1/users/${await idOf(client, name)}/scopes`
  show(call, await client.object<AccountDocument>({ method: 'PUT', path, body: { scopes } }))
}

/** `x0 user password` */
export async function userPassword(call: Call, name: string, options: PasswordSource): Promise<void> {
  const client = await ApiClient.of(call)
  const path = `/api/v1/users/${await idOf(client, name)}/password`
  const body = { new_password: await newPassword(call, options) }
  show(call, await client.object<AccountDocument>({ method: 'PUT', path, body }))
}

function show(call: Call, user: AccountDocument): void {
  const { id, email, scopes } = user
  if (call.json) printJson(call, { schema: 'x0.user/v1', ...user })
  else {
    call.terminal.out(
      fields([
        ['id', id],
        ['email', printable(email)],
        ['scopes', scopes.join(' ')],
      ]),
    )
  }
}

function listOf(client: ApiClient): Promise<AccountList> {
  return client.document<AccountList>('x0.users/v1', { path: '/api/v1/users' })
}

/** The id for an id or an e-mail address in any case. */
async function idOf(client: ApiClient, name: string): Promise<string> {
  const { users } = await listOf(client)
  const found = users.find(({ id, email }) => id === name || email.toLowerCase() === name.toLowerCase())
  if (found !== undefined) return found.id
  throw new CommandFailure('failure', `There is no account ${printable(name)}.`, {
    hint: '`x0 user list` shows which there are.',
  })
}

/** From the file, or typed twice. */
async function newPassword(call: Call, { passwordFile }: PasswordSource): Promise<string> {
  if (passwordFile !== undefined) return await firstLine(passwordFile, 'password file')
  const typed = await askSecret(call.terminal, 'New password')
  if (typed === undefined) {
    throw new CommandFailure('usage', 'There is no terminal to ask for the password.', { hint: 'Give it with --password-file.' })
  }
  if (typed !== (await askSecret(call.terminal, 'The same again'))) {
    throw new CommandFailure('usage', 'The two passwords are not the same.')
  }
  return typed
}
