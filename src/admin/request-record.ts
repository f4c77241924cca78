import type { FastifyRequest } from 'fastify'
import { within } from '../observe/instruments.ts'
import { HTTP_METHODS } from '../observe/metric-labels.ts'
import type { AdminApp, AdminContext } from './admin-context.ts'
import { ROUTES, routeLabel, UNMATCHED } from './route-table.ts'

/** Counts and, at level debug, logs every answer: method, route template, status, time. Never a header, a query or a body. */
export function addRequestRecord(app: AdminApp, context: AdminContext): void {
  const endless = new Set(ROUTES.filter((route) => route.endless === true).map((route) => route.path))
  app.addHook('onResponse', async (request, reply) => {
    const route = labelOf(request)
    const status = reply.statusCode
    const { metrics } = context.node
    metrics.httpRequests.inc({
      route,
      method: within(HTTP_METHODS, request.method),
      status: statusClass(status),
    })
    if (!endless.has(route)) metrics.httpDuration.observe({ route }, reply.elapsedTime / 1000)
    context.log.debug(
      { request: request.id, method: request.method, route, status, ms: Math.round(reply.elapsedTime * 10) / 10 },
      'request answered',
    )
  })
}

function labelOf(request: FastifyRequest): string {
  return request.is404 ? UNMATCHED : routeLabel(request.routeOptions.url)
}

function statusClass(status: number): '2xx' | '3xx' | '4xx' | '5xx' {
  if (status < 300) return '2xx'
  if (status < 400) return '3xx'
  return status < 500 ? '4xx' : '5xx'
}
