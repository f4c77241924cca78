import Type from 'typebox'
import { ownerOf } from '../../trust/accounts/account-book.ts'
import { readTokenRequest } from '../../trust/accounts/fields.ts'
import * as documents from '../accounts-documents.ts'
import type { AdminApp, AdminContext } from '../admin-context.ts'
import { permits } from '../authentication.ts'
import { callerOf } from '../caller.ts'
import { ApiProblem } from '../problem.ts'

const tags = ['accounts']
const params = Type.Object({ id: Type.String() })
const querystring = Type.Object(
  {
    all: Type.Optional(
      Type.Union([Type.Literal('true'), Type.Literal('false')], { description: "true: everybody's; for admins only" }),
    ),
  },
  { additionalProperties: false },
)

/** GET, POST and DELETE below /api/v1/tokens. Who comes without an account is the operator, and has tokens of his own. */
export function addTokenRoutes(app: AdminApp, context: AdminContext): void {
  const { accounts } = context.node

  app.get(
    '/api/v1/tokens',
    { schema: { summary: 'The own tokens, without their secrets', tags, querystring, response: { 200: documents.TokenList } } },
    async (request) => {
      const caller = callerOf(context, request)
      const everybody = request.query.all === 'true'
      if (everybody && !permits(caller, 'admin')) throw new ApiProblem('scope-missing', 'this needs the scope admin')
      const tokens = accounts.tokens(everybody ? 'all' : ownerOf(caller))
      return { schema: 'x0.tokens/v1' as const, tokens: tokens.map(documents.tokenDocument) }
    },
  )

  app.post(
    '/api/v1/tokens',
    {
      schema: {
        summary: 'Makes an API token for oneself, with no more scopes than one has',
        tags,
        body: documents.TokenCreateRequest,
        response: { 201: documents.TokenCreated },
      },
      // the body is checked by trust/accounts/fields.ts, which answers 422 with all that is wrong
      attachValidation: true,
    },
    async (request, reply) => {
      const { text, token } = await accounts.createToken(callerOf(context, request), readTokenRequest(request.body))
      const document = documents.tokenDocument(token)
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ schema: 'x0.token/v1' as const, ...document, token: text, token_type: 'bearer' as const })
    },
  )

  app.delete(
    '/api/v1/tokens/:id',
    { schema: { summary: 'Ends a token', tags, params, response: { 200: documents.TokenRevoked } } },
    async (request) => {
      await accounts.revoke(callerOf(context, request), request.params.id)
      return { schema: 'x0.token-revoked/v1' as const, id: request.params.id }
    },
  )
}
