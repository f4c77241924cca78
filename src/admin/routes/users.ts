import Type from 'typebox'
import {
  readCredentials,
  readNewPassword,
  readPasswordChange,
  readRegistration,
  readScopes,
} from '../../trust/accounts/fields.ts'
import * as documents from '../accounts-documents.ts'
import type { AdminApp, AdminContext } from '../admin-context.ts'
import { type Principal, permits } from '../authentication.ts'
import { callerOf } from '../caller.ts'
import { GuardedPasswords } from '../guarded-passwords.ts'
import { LoginGuard } from '../login-guard.ts'
import { ApiProblem } from '../problem.ts'

const tags = ['accounts']
const params = Type.Object({ id: Type.String() })

/** The body is checked by trust/accounts/fields.ts, which answers 422 with all that is wrong. */
const attachValidation = true

/** Everything below /api/v1/users. */
export function addUserRoutes(app: AdminApp, context: AdminContext): void {
  const { node, report } = context
  const guard = new LoginGuard(context.clock)
  const passwords = new GuardedPasswords(context, guard)

  app.post(
    '/api/v1/users/register',
    {
      schema: {
        summary: 'Makes an account; without a token only where registration is open',
        tags,
        body: documents.RegisterRequest,
        response: { 201: documents.AccountDocument },
      },
      attachValidation,
    },
    async (request, reply) => {
      const caller = context.callers.get(request)
      const registration = readRegistration(request.body)
      const by = registrar(caller)
      if (!by.isAdmin) limitRegistrations(guard.takeRegistration(context.clientOf(request)))
      const account = await node.accounts.register(registration, by)
      report({ type: 'account.registered', level: 'info', data: { account: account.id, by: by.name } })
      return reply.code(201).send(documents.accountDocument(account))
    },
  )

  app.post(
    '/api/v1/users/login',
    {
      schema: {
        summary: 'Gives a token for an e-mail address and a password',
        tags,
        body: documents.LoginRequest,
        response: { 200: documents.LoginDocument },
      },
      attachValidation,
    },
    async (request, reply) => {
      const credentials = readCredentials(request.body)
      const account = node.accounts.accountOf(credentials.email)
      const {
        text,
        token,
        account: owner,
      } = await passwords.shown(request, credentials.email, account, () => node.accounts.login(credentials))
      const { id, scopes, expires_at } = documents.tokenDocument(token)
      const user = documents.accountDocument(owner)
      reply.header('cache-control', 'no-store')
      return { token: text, token_type: 'bearer' as const, expires_at, scopes, token_id: id, user }
    },
  )

  app.post(
    '/api/v1/users/logout',
    { schema: { summary: 'Ends the token that is used', tags, response: { 200: documents.TokenRevoked } } },
    async (request) => {
      const caller = callerOf(context, request)
      if (caller.tokenId === undefined) {
        throw new ApiProblem('token-unknown', 'neither the token in the home of the node nor the unix socket can be logged out')
      }
      await node.accounts.revoke(caller, caller.tokenId)
      return { schema: 'x0.token-revoked/v1' as const, id: caller.tokenId }
    },
  )

  app.get(
    '/api/v1/users/me',
    { schema: { summary: 'The account whose token is used', tags, response: { 200: documents.AccountDocument } } },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      return documents.accountDocument(node.accounts.account(ownId(callerOf(context, request))))
    },
  )

  app.put(
    '/api/v1/users/me/password',
    {
      schema: {
        summary: 'Changes the own password, and ends every other token of the account',
        tags,
        body: documents.PasswordChangeRequest,
        response: { 200: documents.AccountDocument },
      },
      attachValidation,
    },
    async (request) => {
      const caller = callerOf(context, request)
      const account = node.accounts.account(ownId(caller))
      const { old, fresh } = readPasswordChange(request.body)
      const changed = await passwords.shown(request, account.email, account, () =>
        node.accounts.changePassword(account.id, old, fresh, caller.tokenId),
      )
      return documents.accountDocument(changed)
    },
  )

  app.get(
    '/api/v1/users',
    { schema: { summary: 'Every account', tags, response: { 200: documents.AccountList } } },
    async () => ({ schema: 'x0.users/v1' as const, users: node.accounts.list().map(documents.accountDocument) }),
  )

  app.delete(
    '/api/v1/users/:id',
    { schema: { summary: 'Removes an account with all its tokens', tags, params, response: { 200: documents.AccountRemoved } } },
    async (request) => {
      const { id } = request.params
      const by = callerOf(context, request).name
      const revoked = await node.accounts.remove(id, by)
      report({ type: 'account.deleted', level: 'info', data: { account: id, by } })
      return { schema: 'x0.user-removed/v1' as const, id, tokens_revoked: revoked }
    },
  )

  app.put(
    '/api/v1/users/:id/scopes',
    {
      schema: {
        summary: 'Changes what an account may do; its tokens follow at once',
        tags,
        params,
        body: documents.ScopesRequest,
        response: { 200: documents.AccountDocument },
      },
      attachValidation,
    },
    async (request) => {
      const { name } = callerOf(context, request)
      return documents.accountDocument(await node.accounts.setScopes(request.params.id, readScopes(request.body), name))
    },
  )

  app.put(
    '/api/v1/users/:id/password',
    {
      schema: {
        summary: 'Gives an account another password, and ends all its tokens',
        tags,
        params,
        body: documents.PasswordRequest,
        response: { 200: documents.AccountDocument },
      },
      attachValidation,
    },
    async (request) => {
      const { name } = callerOf(context, request)
      return documents.accountDocument(await node.accounts.resetPassword(request.params.id, readNewPassword(request.body), name))
    },
  )
}

/** Only an admin registers others; anybody else who gets here does it for himself. */
function registrar(caller: Principal | undefined): { name: string; isAdmin: boolean } {
  if (caller === undefined) return { name: 'open registration', isAdmin: false }
  return { name: caller.name, isAdmin: permits(caller, 'admin') }
}

function limitRegistrations(waitMs: number): void {
  if (waitMs === 0) return
  const wait = String(Math.ceil(waitMs / 1000))
  throw new ApiProblem('rate-limited', 'too many accounts were registered from this address', { 'retry-after': wait })
}

function ownId(caller: Principal): string {
  if (caller.account === undefined) {
    throw new ApiProblem('account-unknown', 'this is no token of an account: log in for one')
  }
  return caller.account
}
