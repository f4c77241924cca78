import Type from 'typebox'
import { entryDocument, headDocument } from '../../trust/audit/export-file.ts'
import { MAX_PAGE } from '../../trust/audit/limits.ts'
import type { AdminApp, AdminContext } from '../admin-context.ts'
import { AuditPage, AuditVerification, verificationDocument } from '../audit-documents.ts'
import { ApiProblem } from '../problem.ts'

const DEFAULT_PAGE = 50
const number = (description: string) => Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$', description }))

const query = Type.Object(
  {
    since: number('only entries behind this number; absent: the newest'),
    limit: number(`at most so many, ${MAX_PAGE} at most (default ${DEFAULT_PAGE})`),
  },
  { additionalProperties: false },
)

/** GET /audit and /audit/verify. */
export function addAuditRoutes(app: AdminApp, { node }: AdminContext): void {
  app.get(
    '/audit',
    {
      schema: {
        summary: 'Entries of the audit trail, and its signed head',
        tags: ['audit'],
        querystring: query,
        response: { 200: AuditPage },
      },
    },
    async (request) => {
      const { audit } = node
      const limit = Math.min(Number(request.query.limit ?? DEFAULT_PAGE), MAX_PAGE)
      await audit.flush()
      const { head } = audit
      if (head === undefined) throw new ApiProblem('not-ready', 'the audit trail has no signed head yet')
      const from =
        request.query.since === undefined ? Math.max(head.first, head.count - limit + 1) : Number(request.query.since) + 1
      const entries = limit === 0 ? [] : await audit.page(from, limit)
      return { schema: 'x0.audit/v1' as const, x0Id: audit.x0Id, head: headDocument(head), entries: entries.map(entryDocument) }
    },
  )
  app.get(
    '/audit/verify',
    { schema: { summary: 'Follows the whole audit trail', tags: ['audit'], response: { 200: AuditVerification } } },
    async () => verificationDocument(await node.audit.verify()),
  )
}
