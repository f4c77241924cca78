import type { AdminApp, AdminContext } from '../admin-context.ts'
import { PingReport, PingRequest } from '../documents.ts'
import type { OperationGate } from '../operation.ts'

const schema = { summary: 'Measures the round trip to a peer', tags: ['mesh'], body: PingRequest, response: { 200: PingReport } }

/** POST /mesh/ping. */
export function addPingRoute(app: AdminApp, context: AdminContext, gate: OperationGate): void {
  app.post('/mesh/ping', { schema }, (request, reply) =>
    gate.run(reply, context, (signal) => context.node.ping(request.body, signal)),
  )
}
