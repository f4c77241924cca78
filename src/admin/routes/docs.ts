import { fastifySwaggerUi } from '@fastify/swagger-ui'
import Type from 'typebox'
import type { AdminApp } from '../admin-context.ts'

/**
 * What Swagger UI needs and no more: its scripts and styles are files of this port, its icons are data URLs inside of
 * the style sheet. It writes styles through the DOM, which `style-src` does not govern.
 */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const documentSchema = {
  summary: 'This document',
  tags: ['docs'],
  response: { 200: Type.Object({ openapi: Type.String(), paths: Type.Record(Type.String(), Type.Unknown()) }) },
}

/** GET /openapi.json, and Swagger UI below /docs with every resource from here. */
export async function addDocsRoutes(app: AdminApp): Promise<void> {
  app.get('/openapi.json', { schema: documentSchema }, async () => ({ openapi: '', paths: {}, ...app.swagger() }))
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    uiConfig: { url: '/openapi.json', docExpansion: 'list', layout: 'BaseLayout', tryItOutEnabled: false },
  })
}
