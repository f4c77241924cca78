import type { AdminApp, AdminContext } from '../admin-context.ts'
import { HandshakeReport, HandshakeRequest } from '../documents.ts'
import type { OperationGate } from '../operation.ts'

const schema = {
  summary: 'Runs a fresh handshake with a peer over a new connection and reports what was measured',
  tags: ['security'],
  body: HandshakeRequest,
  response: { 200: HandshakeReport },
}

/** POST /security/handshake. */
export function addHandshakeRoute(app: AdminApp, context: AdminContext, gate: OperationGate): void {
  app.post('/security/handshake', { schema }, (request, reply) =>
    gate.run(reply, context, (signal) => context.node.handshake(request.body, signal)),
  )
}
