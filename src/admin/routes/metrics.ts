import Type from 'typebox'
import type { AdminApp, AdminContext } from '../admin-context.ts'

const schema = {
  summary: 'Metrics in the text format of Prometheus',
  tags: ['metrics'],
  response: { 200: { content: { 'text/plain': { schema: Type.String() } } } },
}

/** GET /metrics. */
export function addMetricsRoute(app: AdminApp, { node: { metrics } }: AdminContext): void {
  app.get('/metrics', { schema }, async (_request, reply) => {
    const text = await metrics.text()
    return reply.header('cache-control', 'no-store').type(metrics.contentType).serializer(String).send(text)
  })
}
