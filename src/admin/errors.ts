import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { StoreError } from '../store/store-error.ts'
import { AccountError } from '../trust/accounts/account-error.ts'
import { accountProblem } from './account-problem.ts'
import type { AdminApp, AdminContext } from './admin-context.ts'
import { NodeFault } from './node-view.ts'
import { ApiProblem, PROBLEMS, sendProblem } from './problem.ts'
import { methodsOf, routeLabel, UNMATCHED } from './route-table.ts'

/** Makes every refusal and failure a problem document, unknown routes included. */
export function addErrors(app: AdminApp, context: AdminContext): void {
  app.setErrorHandler(async (error: Error, request, reply) => {
    await answerError(error, request, reply, context)
    return reply
  })
  app.setNotFoundHandler(async (request, reply) => {
    await sendProblem(request, reply, absent(request))
    return reply
  })
}

/** For errors that fastify meets before any route, such as a target that is no path. */
export async function answerError(
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
  context: AdminContext,
): Promise<void> {
  const problem = asProblem(error)
  if (problem.code === 'internal-error' || error instanceof StoreError) {
    const route = routeLabel(request.routeOptions.url)
    context.log.error({ err: error, request: request.id, route: request.is404 ? UNMATCHED : route }, 'a request failed')
  }
  await sendProblem(request, reply, problem)
}

function absent(request: FastifyRequest): ApiProblem {
  const [path = ''] = request.url.split('?')
  const methods = methodsOf(path)
  if (methods.length === 0) return new ApiProblem('route-unknown', 'GET /openapi.json lists what there is')
  const allow = methods.join(', ')
  return new ApiProblem('method-unsupported', `this resource has ${allow}`, { allow })
}

function asProblem(error: Error | FastifyError): ApiProblem {
  if (error instanceof ApiProblem) return error
  if (error instanceof AccountError) return accountProblem(error)
  if (error instanceof StoreError) return new ApiProblem('not-ready', 'the store failed: see the log, and restart the node')
  if (error instanceof NodeFault) return new ApiProblem(error.code, error.message)
  switch ('code' in error ? error.code : undefined) {
    case 'FST_ERR_VALIDATION':
      return new ApiProblem('request-invalid', error.message)
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiProblem('body-too-large', `${PROBLEMS['body-too-large'][1]}: at most 65,536 bytes`)
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiProblem('body-type-unsupported', 'send Content-Type: application/json')
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new ApiProblem('body-malformed', 'the body must be one JSON document')
    case 'FST_STATIC_FORBIDDEN_PATH':
      return new ApiProblem('route-unknown', 'GET /openapi.json lists what there is')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new ApiProblem('request-malformed', 'the request line or its Content-Length is wrong')
    default:
      return error instanceof SyntaxError && 'statusCode' in error
        ? new ApiProblem('body-malformed', 'the body must be one JSON document')
        : new ApiProblem('internal-error', 'the log of the node says what happened')
  }
}
