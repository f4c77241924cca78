import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AdminApp, AdminContext } from '../admin-context.ts'

/**
 * GET /openapi.json and everything below /docs. Few nodes are ever asked, and Swagger costs 3 MB and a tenth of a second
 * of every start: it is loaded by the first request.
 */
export function addDocsRoutes(app: AdminApp, context: AdminContext, version: string): void {
  let loading: Promise<AdminApp> | undefined
  const load = async () => (await import('../docs-app.ts')).buildDocsApp(context, version)
  const pass = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    loading ??= load()
    const docs = await loading
    reply.hijack()
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) reply.raw.setHeader(name, value)
    docs.routing(request.raw, reply.raw)
  }
  for (const path of ['/openapi.json', '/docs', '/docs/*']) app.get(path, pass)
  app.addHook('onClose', async () => {
    await (await loading)?.close()
  })
}
