import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Scope } from '../trust/accounts/scope.ts'
import type { AdminApp, AdminContext } from './admin-context.ts'
import { Authenticator, type Principal, permits, presentedToken, type TokenVerifier } from './authentication.ts'
import { allowCrossOrigin } from './cors.ts'
import { hostAllowed } from './host-check.ts'
import { MAX_TRACKED_CLIENTS, TOKEN_FAILURES_PER_MINUTE } from './limits.ts'
import { originAllowed } from './origin-check.ts'
import { ApiProblem } from './problem.ts'
import { accessOf, routeLabel } from './route-table.ts'
import { TokenBuckets } from './token-buckets.ts'

const TOKEN_HINT = 'send Authorization: Bearer TOKEN, or use the unix socket in the home'
const CHALLENGE = { 'www-authenticate': 'Bearer realm="x0"' }

/** Who comes over the unix socket is the user who runs the node: the file's mode has seen to that. */
const OPERATOR: Principal = { name: 'unix socket', scopes: ['admin'] }

/**
 * What a request must show: a token with a scope, any valid token, a valid one if it shows one at all, nothing.
 */
type Need = Scope | 'token' | 'what-is-shown' | 'nothing'

/**
 * Puts the checks before every route, in this order: Host, Origin, rate, token and scope. (The schema is checked after
 * them, and the body is not read before.) Unknown routes pass the first three and are then 404.
 */
export function addChecks(app: AdminApp, context: AdminContext, verifiers: readonly TokenVerifier[]): void {
  const { clock } = context
  const { requestsPerSecond, burst } = context.settings()
  const rates = new TokenBuckets(clock, { perSecond: requestsPerSecond, burst, maxKeys: MAX_TRACKED_CLIENTS })
  const failures = new TokenBuckets(clock, {
    perSecond: TOKEN_FAILURES_PER_MINUTE / 60,
    burst: TOKEN_FAILURES_PER_MINUTE,
    maxKeys: MAX_TRACKED_CLIENTS,
  })
  const authenticator = new Authenticator(verifiers, failures)
  app.addHook('onRequest', async (request) => checkHost(request, context))
  app.addHook('onRequest', async (request, reply) => checkOrigin(request, reply, context))
  app.addHook('onRequest', async (request) => checkRate(context.clientOf(request), rates, context))
  app.addHook('onRequest', async (request) => checkToken(request, authenticator, context))
}

function checkHost(request: FastifyRequest, context: AdminContext): void {
  if (context.isUnix(request) || hostAllowed(request.headers.host, request.socket.localAddress, context.settings().allowedHosts))
    return
  context.node.metrics.httpRefused.inc({ reason: 'host' })
  throw new ApiProblem('host-refused', 'use 127.0.0.1, localhost or [::1], or add the name to admin.allowedHosts')
}

async function checkOrigin(
  request: FastifyRequest,
  reply: FastifyReply,
  context: AdminContext,
): Promise<FastifyReply | undefined> {
  const { allowedOrigins } = context.settings()
  const { origin, 'sec-fetch-site': fetchSite, host = '' } = request.headers
  const facts = { method: request.method, scheme: request.protocol, host, origin, fetchSite: single(fetchSite) }
  if (!originAllowed(facts, allowedOrigins)) {
    context.node.metrics.httpRefused.inc({ reason: 'origin' })
    throw new ApiProblem(
      'origin-refused',
      'a web page of another origin may not write here; admin.allowedOrigins names exceptions',
    )
  }
  return (await allowCrossOrigin(request, reply, allowedOrigins)) ? reply : undefined
}

function checkRate(client: string, rates: TokenBuckets, context: AdminContext): void {
  const { requestsPerSecond, burst } = context.settings()
  rates.setRate(requestsPerSecond, burst)
  if (rates.take(client)) return
  context.node.metrics.httpRefused.inc({ reason: 'rate' })
  throw new ApiProblem('rate-limited', `at most ${requestsPerSecond} requests a second`, retryAfter(rates.waitMs(client)))
}

async function checkToken(request: FastifyRequest, authenticator: Authenticator, context: AdminContext): Promise<void> {
  const template = request.routeOptions.url
  if (request.is404 || template === undefined) return
  const need = needOf(request.method, template, context)
  if (context.isUnix(request)) context.callers.set(request, OPERATOR)
  if (need === 'nothing' || context.isUnix(request)) return
  const token = presentedToken(request.headers)
  if (need === 'what-is-shown' && token === undefined) return
  const verdict = await authenticator.decide(token, context.clientOf(request))
  if (verdict.ok && (need === 'token' || need === 'what-is-shown' || permits(verdict.principal, need))) {
    context.callers.set(request, verdict.principal)
    return
  }
  const reason = verdict.ok ? 'scope' : verdict.reason
  context.node.metrics.authFailures.inc({ reason })
  if (reason === 'scope' || reason === 'unknown') {
    const data = { reason, address: request.ip, method: request.method, route: routeLabel(template) }
    context.report({ type: 'auth.failed', level: 'warn', data })
  }
  if (verdict.ok) throw new ApiProblem('scope-missing', `this needs the scope ${need}`)
  if (verdict.reason === 'limited') {
    throw new ApiProblem('token-failures', 'no token from this address is looked at for a while', retryAfter(verdict.retryMs))
  }
  const detail = verdict.reason === 'expired' ? 'the token has expired: log in again, or have another one made' : TOKEN_HINT
  throw new ApiProblem('token-required', detail, CHALLENGE)
}

function needOf(method: string, template: string, context: AdminContext): Need {
  const access = accessOf(method, template)
  switch (access) {
    case 'anyone':
      return 'nothing'
    case 'read-off-loopback':
      return context.onLoopback ? 'nothing' : 'read'
    case 'metrics-unless-open':
      return context.onLoopback && context.settings().openMetrics ? 'nothing' : 'metrics'
    case 'admin-unless-open':
      return context.settings().openRegistration ? 'what-is-shown' : 'admin'
    default:
      return access
  }
}

function retryAfter(ms: number): Record<string, string> {
  return { 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}
