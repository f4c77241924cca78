import type { AdminApp, AdminContext } from '../admin-context.ts'
import { LogLevelDocument, LogLevelRequest } from '../documents.ts'

/** GET and PUT /log/level. */
export function addLogRoutes(app: AdminApp, { node }: AdminContext): void {
  const document = () => ({ schema: 'x0.log-level/v1' as const, level: node.logLevel() })
  app.get(
    '/log/level',
    { schema: { summary: 'The level of the log', tags: ['log'], response: { 200: LogLevelDocument } } },
    async () => document(),
  )
  app.put(
    '/log/level',
    {
      schema: {
        summary: 'Changes the level of the log until the next start',
        tags: ['log'],
        body: LogLevelRequest,
        response: { 200: LogLevelDocument },
      },
    },
    async (request) => {
      node.setLogLevel(request.body.level)
      return document()
    },
  )
}
