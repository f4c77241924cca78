import { parseAction } from '../../trust/policy/action.ts'
import { parseParty } from '../../trust/policy/party.ts'
import { parseTime } from '../../trust/policy/read-tests.ts'
import type { AdminApp, AdminContext } from '../admin-context.ts'
import { ExplainRequest, explanationDocument, PolicyDocument, PolicyExplanation, policyDocument } from '../policy-documents.ts'
import { ApiProblem } from '../problem.ts'

/** GET /policy and POST /policy/explain. */
export function addPolicyRoutes(app: AdminApp, { node, clock }: AdminContext): void {
  app.get(
    '/policy',
    { schema: { summary: 'The policy document in force', tags: ['policy'], response: { 200: PolicyDocument } } },
    async () => policyDocument(node.policy.file, node.policy.current()),
  )
  app.post(
    '/policy/explain',
    {
      schema: {
        summary: 'What the policy would say to a request, and which rule decides; nothing is taken from any rate',
        tags: ['policy'],
        body: ExplainRequest,
        response: { 200: PolicyExplanation },
      },
    },
    async ({ body }) => {
      const source = party('source', body.source, body.groups)
      const destination = party('destination', body.destination, body.destinationGroups)
      const parsed = parseAction(body.action)
      if ('problem' in parsed) throw new ApiProblem('request-invalid', `action: ${parsed.problem}`)
      const at = body.at === undefined ? clock.now() : parseTime(body.at)
      if (at === undefined) throw new ApiProblem('request-invalid', 'at: expected a time as 2026-11-25T10:00:00Z')
      return explanationDocument(node.policy.explain({ source, action: parsed.action, destination }, at), at)
    },
  )
}

function party(field: string, text: string, groups: readonly string[] = []) {
  const parsed = parseParty(text, groups)
  if ('problem' in parsed) throw new ApiProblem('request-invalid', `${field}: ${parsed.problem}`)
  return parsed.party
}
