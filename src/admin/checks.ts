import type { FastifyReply, FastifyRequest } from 'fastify'
import { addressKey } from '../platform/address-key.ts'
import type { AdminApp, AdminContext } from './admin-context.ts'
import { Authenticator, permits, presentedToken, type Scope, type TokenVerifier } from './authentication.ts'
import { allowCrossOrigin } from './cors.ts'
import { hostAllowed } from './host-check.ts'
import { MAX_TRACKED_CLIENTS, TOKEN_FAILURES_PER_MINUTE } from './limits.ts'
import { originAllowed } from './origin-check.ts'
import { ApiProblem } from './problem.ts'
import { accessOf, routeLabel } from './route-table.ts'
import { TokenBuckets } from './token-buckets.ts'

/** The one bucket of everybody who comes over the unix socket: they are one user. */
const UNIX_CLIENT = 'unix'

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
  const clientOf = (request: FastifyRequest) => (context.isUnix(request) ? UNIX_CLIENT : addressKey(request.ip))
  app.addHook('onRequest', async (request) => checkHost(request, context))
  app.addHook('onRequest', async (request, reply) => checkOrigin(request, reply, context))
  app.addHook('onRequest', async (request) => checkRate(clientOf(request), rates, context))
  app.addHook('onRequest', async (request) => checkToken(request, clientOf(request), authenticator, context))
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

async function checkToken(
  request: FastifyRequest,
  client: string,
  authenticator: Authenticator,
  context: AdminContext,
): Promise<void> {
  const template = request.routeOptions.url
  if (request.is404 || template === undefined) return
  const needed = neededScope(request.method, template, context)
  if (needed === undefined || context.isUnix(request)) return
  const verdict = await authenticator.decide(presentedToken(request.headers), client)
  if (verdict.ok && permits(verdict.principal, needed)) return
  const reason = verdict.ok ? 'scope' : verdict.reason
  context.node.metrics.authFailures.inc({ reason })
  if (reason === 'scope' || reason === 'unknown') {
    const data = { reason, address: request.ip, method: request.method, route: routeLabel(template) }
    context.report({ type: 'auth.failed', level: 'warn', data })
  }
  if (verdict.ok) throw new ApiProblem('scope-missing', `this needs the scope ${needed}`)
  if (verdict.reason === 'limited') {
    throw new ApiProblem('token-failures', 'no token from this address is looked at for a while', retryAfter(verdict.retryMs))
  }
  throw new ApiProblem('token-required', 'send Authorization: Bearer TOKEN, or use the unix socket in the home', {
    'www-authenticate': 'Bearer realm="x0"',
  })
}

/** The scope that a request must have, or undefined where it needs none. */
function neededScope(method: string, template: string, context: AdminContext): Scope | undefined {
  const access = accessOf(method, template)
  switch (access) {
    case 'anyone':
      return undefined
    case 'read-off-loopback':
      return context.onLoopback ? undefined : 'read'
    case 'metrics-unless-open':
      return context.onLoopback && context.settings().openMetrics ? undefined : 'metrics'
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
