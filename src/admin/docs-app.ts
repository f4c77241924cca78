import type { Server } from 'node:http'
import { fastifySwagger } from '@fastify/swagger'
import { fastifySwaggerUi } from '@fastify/swagger-ui'
import { type FastifySchema, type FastifyServerOptions, fastify } from 'fastify'
import Type from 'typebox'
import type { AdminApp, AdminContext } from './admin-context.ts'
import { Problem } from './documents.ts'
import { addErrors } from './errors.ts'
import { addResourceRoutes } from './resource-routes.ts'
import { type Access, accessOf } from './route-table.ts'
import { SCHEMA_COMPILERS } from './schema-compilers.ts'

const DESCRIPTION = `The local port of an x0tta6bl4 node. Send \`Authorization: Bearer TOKEN\` or \`X-API-Key: TOKEN\`; over the unix
socket in the home no token is needed. Errors are RFC 9457 problem documents with a stable \`code\`.`

const ACCESS_TEXT: Readonly<Record<Access, string>> = {
  anyone: 'No token needed.',
  read: 'Scope: read.',
  operate: 'Scope: operate.',
  admin: 'Scope: admin.',
  metrics: 'Scope: metrics.',
  'read-off-loopback': 'No token needed on loopback; elsewhere scope: read.',
  token: 'Any valid token.',
  'admin-unless-open': 'Scope: admin; no token needed where accounts.openRegistration is on.',
  'metrics-unless-open': 'No token needed on loopback unless admin.openMetrics is off; else scope: metrics.',
}

/**
 * What Swagger UI needs and no more: its scripts and styles are files of this port, its icons are data URLs inside of
 * the style sheet. It sets styles through the DOM, which `style-src` does not govern.
 */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const PROBLEM_RESPONSE = { description: 'A refusal or failure', content: { 'application/problem+json': { schema: Problem } } }

/** As the plugin registers it; the document shows it as the table has it. */
const PAGE = '/docs/'

const documentSchema = {
  summary: 'This document',
  tags: ['docs'],
  response: { 200: Type.Object({ openapi: Type.String(), paths: Type.Record(Type.String(), Type.Unknown()) }) },
}

const pageSchema = {
  summary: 'Swagger UI over this document',
  tags: ['docs'],
  response: { 200: { content: { 'text/html': { schema: Type.String() } } } },
}

/**
 * The application behind /openapi.json and /docs. It has the same routes as the port, so that the document is made of
 * the very schemas that check requests, but the port hands it requests for the documentation only, after its checks.
 */
export async function buildDocsApp(context: AdminContext, version: string): Promise<AdminApp> {
  const options: FastifyServerOptions<Server> = {}
  const app: AdminApp = fastify(Object.assign(options, SCHEMA_COMPILERS))
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'x0tta6bl4 admin API', version, description: DESCRIPTION },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      },
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({
      schema: described(schema ?? {}, String(route.method), url),
      url: url === PAGE ? '/docs' : url,
    }),
  })
  addErrors(app, context)
  addResourceRoutes(app, context)
  app.get('/openapi.json', { schema: documentSchema }, async () => ({ openapi: '', paths: {}, ...app.swagger() }))
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    uiConfig: { docExpansion: 'list', layout: 'BaseLayout' },
  })
  await app.ready()
  return app
}

function described(schema: FastifySchema, method: string, url: string): FastifySchema {
  const page = url === PAGE ? { ...pageSchema, hide: false } : {}
  const access = accessOf(method, url)
  const response: unknown = schema.response
  return {
    ...schema,
    description: ACCESS_TEXT[access],
    security: access === 'anyone' ? [] : [...(access.includes('-') ? [{}] : []), { bearer: [] }, { apiKey: [] }],
    response: { ...(typeof response === 'object' ? response : {}), default: PROBLEM_RESPONSE },
    ...page,
  }
}
