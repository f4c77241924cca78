import type { FastifyReply } from 'fastify'
import type { AdminApp, AdminContext } from '../admin-context.ts'
import { Health } from '../documents.ts'

const schema = (summary: string) => ({ summary, tags: ['health'], security: [], response: { 200: Health, 503: Health } })

/** GET /health and /readyz: 503 unless ready. GET /livez: 503 only where a restart is the cure. */
export function addHealthRoutes(app: AdminApp, { node }: AdminContext): void {
  const answer = (reply: FastifyReply, good: (health: { live: boolean; ready: boolean }) => boolean) => {
    const health = node.health()
    reply.code(good(health) ? 200 : 503).header('cache-control', 'no-store')
    return health.document
  }
  app.get(
    '/health',
    { schema: schema('Health: 200 when ready, 503 while starting, short of peers or draining') },
    async (_request, reply) => answer(reply, ({ ready }) => ready),
  )
  app.get('/readyz', { schema: schema('Readiness: whether to send work here') }, async (_request, reply) =>
    answer(reply, ({ ready }) => ready),
  )
  app.get('/livez', { schema: schema('Liveness: 503 only if the process should be restarted') }, async (_request, reply) =>
    answer(reply, ({ live }) => live),
  )
}
