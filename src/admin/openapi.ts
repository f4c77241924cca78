import { fastifySwagger } from '@fastify/swagger'
import type { FastifySchema } from 'fastify'
import type { AdminApp } from './admin-context.ts'
import { Problem } from './documents.ts'
import { type Access, accessOf } from './route-table.ts'

const DESCRIPTION = `The local port of an x0tta6bl4 node. Send \`Authorization: Bearer TOKEN\` or \`X-API-Key: TOKEN\`; over the unix socket in
the home no token is needed. Errors are RFC 9457 problem documents with a stable \`code\`.`

const ACCESS_TEXT: Readonly<Record<Access, string>> = {
  anyone: 'No token needed.',
  read: 'Scope: read.',
  operate: 'Scope: operate.',
  admin: 'Scope: admin.',
  metrics: 'Scope: metrics.',
  'read-off-loopback': 'No token needed on loopback; elsewhere scope: read.',
  'metrics-unless-open': 'No token needed on loopback unless admin.openMetrics is off; else scope: metrics.',
}

const PROBLEM_RESPONSE = { description: 'A refusal or failure', content: { 'application/problem+json': { schema: Problem } } }

/**
 * Collects the schemas of the routes that are registered after it. The document that /openapi.json shows is made of the
 * very schemas that check requests; access and errors come from the same tables that enforce them.
 */
export async function addOpenApi(app: AdminApp, version: string): Promise<void> {
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
    transform: ({ schema, url, route }) => ({ schema: described(schema ?? {}, String(route.method), url), url }),
  })
}

function described(schema: FastifySchema, method: string, url: string): FastifySchema {
  const access = accessOf(method, url)
  const response: unknown = schema.response
  return {
    ...schema,
    description: ACCESS_TEXT[access],
    security: access === 'anyone' || access.includes('-') ? [] : [{ bearer: [] }, { apiKey: [] }],
    response: { ...(typeof response === 'object' ? response : {}), default: PROBLEM_RESPONSE },
  }
}
