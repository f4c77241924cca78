import Type, { type Static } from 'typebox'
import type { Account, Token } from '../trust/accounts/account.ts'
import { API_TOKEN_SECONDS, MAX_NAME_LENGTH, MAX_TOKEN_NAME_LENGTH, PASSWORD_LENGTH } from '../trust/accounts/limits.ts'

/*
 * The documents of accounts and tokens. Requests are read by trust/accounts/fields.ts, which finds everything that is wrong
 * at once and counts code points; the schemas here say the same to programs (a test holds the two together).
 */

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const closed = { additionalProperties: false } as const
const time = Type.String({ description: 'ISO 8601' })

const scope = Type.Union([Type.Literal('read'), Type.Literal('operate'), Type.Literal('admin'), Type.Literal('metrics')])
const scopes = Type.Array(scope, { minItems: 1, maxItems: 4 })
const someName = (most: number) => ({ description: `at most ${most} characters, none of them a control character` })
const email = Type.String({ description: 'compared in small letters and composed form' })
const password = Type.String({
  description: `${PASSWORD_LENGTH.least} to ${PASSWORD_LENGTH.most} characters (code points), any Unicode`,
})

export const RegisterRequest = Type.Object(
  {
    email,
    password,
    full_name: Type.Optional(nullable(Type.String(someName(MAX_NAME_LENGTH)))),
    company: Type.Optional(nullable(Type.String(someName(MAX_NAME_LENGTH)))),
    scopes: Type.Optional(scopes),
  },
  closed,
)
export const LoginRequest = Type.Object({ email, password: Type.String() }, closed)
export const PasswordChangeRequest = Type.Object({ old_password: Type.String(), new_password: password }, closed)
export const PasswordRequest = Type.Object({ new_password: password }, closed)
export const ScopesRequest = Type.Object({ scopes }, closed)
export const TokenCreateRequest = Type.Object(
  {
    name: Type.String({ description: `1 to ${MAX_TOKEN_NAME_LENGTH} characters: what it is for` }),
    scopes: Type.Optional(Type.Array(scope, { minItems: 1, maxItems: 4, description: 'none that you lack; default: read' })),
    expires_in: Type.Optional(
      Type.Integer({
        minimum: API_TOKEN_SECONDS.least,
        maximum: API_TOKEN_SECONDS.most,
        description: `seconds; default ${API_TOKEN_SECONDS.usual}`,
      }),
    ),
  },
  closed,
)

const accountFields = {
  id: Type.String(),
  email: Type.String(),
  full_name: nullable(Type.String()),
  company: nullable(Type.String()),
  scopes,
  created_at: time,
}

/** Without a `schema` of its own: scripts rely on these very fields. */
export const AccountDocument = Type.Object(accountFields)
export const AccountList = Type.Object({ schema: Type.Literal('x0.users/v1'), users: Type.Array(AccountDocument) })
export const AccountRemoved = Type.Object({
  schema: Type.Literal('x0.user-removed/v1'),
  id: Type.String(),
  tokens_revoked: Type.Integer(),
})

const issued = {
  token: Type.String({ description: 'the secret: shown this once' }),
  token_type: Type.Literal('bearer'),
  expires_at: time,
  scopes,
}
export const LoginDocument = Type.Object({ ...issued, token_id: Type.String(), user: AccountDocument })

const tokenFields = {
  id: Type.String(),
  kind: Type.Union([Type.Literal('login'), Type.Literal('api')]),
  name: Type.String(),
  owner: nullable(Type.String({ description: 'id of the account; null: the operator' })),
  scopes,
  created_at: time,
  expires_at: time,
  last_used_at: nullable(Type.String({ description: 'to the minute' })),
}
export const TokenDocument = Type.Object(tokenFields)
export const TokenCreated = Type.Object({ schema: Type.Literal('x0.token/v1'), ...tokenFields, ...issued })
export const TokenList = Type.Object({ schema: Type.Literal('x0.tokens/v1'), tokens: Type.Array(TokenDocument) })
export const TokenRevoked = Type.Object({ schema: Type.Literal('x0.token-revoked/v1'), id: Type.String() })

export type AccountDocument = Static<typeof AccountDocument>
export type AccountList = Static<typeof AccountList>
export type AccountRemoved = Static<typeof AccountRemoved>
export type TokenDocument = Static<typeof TokenDocument>
export type TokenCreated = Static<typeof TokenCreated>
export type TokenList = Static<typeof TokenList>
export type TokenRevoked = Static<typeof TokenRevoked>

export function accountDocument(account: Account): AccountDocument {
  const { id, email: address, fullName, company, createdAt } = account
  return { id, email: address, full_name: fullName, company, scopes: [...account.scopes], created_at: iso(createdAt) }
}

export function tokenDocument(token: Token): TokenDocument {
  const { id, kind, name, owner, createdAt, expiresAt, lastUsedAt } = token
  return {
    id,
    kind,
    name,
    owner,
    scopes: [...token.scopes],
    created_at: iso(createdAt),
    expires_at: iso(expiresAt),
    last_used_at: lastUsedAt === null ? null : iso(lastUsedAt),
  }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
