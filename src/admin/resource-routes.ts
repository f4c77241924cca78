import type { AdminApp, AdminContext } from './admin-context.ts'
import { MAX_OPERATIONS } from './limits.ts'
import { OperationGate } from './operation.ts'
import { addAuditRoutes } from './routes/audit.ts'
import { addBlockRoutes } from './routes/blocks.ts'
import { addEventsRoute } from './routes/events.ts'
import { addHealthRoutes } from './routes/health.ts'
import { addLogRoutes } from './routes/log.ts'
import { addMeshRoutes } from './routes/mesh.ts'
import { addMetricsRoute } from './routes/metrics.ts'
import { addNetworkRoutes } from './routes/network.ts'
import { addPeerRoutes } from './routes/peers.ts'
import { addPingRoute } from './routes/ping.ts'
import { addPolicyRoutes } from './routes/policy.ts'
import { addHandshakeRoute } from './routes/security.ts'
import { addTokenRoutes } from './routes/tokens.ts'
import { addUserRoutes } from './routes/users.ts'

/** Every route but those of the documentation, which is made from these. */
export function addResourceRoutes(app: AdminApp, context: AdminContext): void {
  const gate = new OperationGate(MAX_OPERATIONS)
  addHealthRoutes(app, context)
  addMetricsRoute(app, context)
  addMeshRoutes(app, context)
  addPeerRoutes(app, context)
  addBlockRoutes(app, context)
  addPingRoute(app, context, gate)
  addHandshakeRoute(app, context, gate)
  addNetworkRoutes(app, context, gate)
  addEventsRoute(app, context)
  addLogRoutes(app, context)
  addUserRoutes(app, context)
  addTokenRoutes(app, context)
  addPolicyRoutes(app, context)
  addAuditRoutes(app, context)
}
