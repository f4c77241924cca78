import type { FastifyRequest } from 'fastify'
import type { AdminContext } from './admin-context.ts'
import type { Principal } from './authentication.ts'
import { ApiProblem } from './problem.ts'

/** Who makes a request to a route that needs a token. @throws ApiProblem token-required, were the checks to let anybody by */
export function callerOf(context: AdminContext, request: FastifyRequest): Principal {
  const caller = context.callers.get(request)
  if (caller === undefined) throw new ApiProblem('token-required', 'this needs a token')
  return caller
}
