import type { AdminApp, AdminContext } from '../admin-context.ts'
import { Peers, Self, Status } from '../documents.ts'

const schema = <Document>(summary: string, document: Document) => ({ summary, tags: ['mesh'], response: { 200: document } })

/** GET /mesh/self, /mesh/status and /mesh/peers. */
export function addMeshRoutes(app: AdminApp, { node }: AdminContext): void {
  app.get('/mesh/self', { schema: schema('This node: its names, keys, addresses', Self) }, async () => node.self())
  app.get('/mesh/status', { schema: schema('How the node is doing', Status) }, () => node.status())
  app.get('/mesh/peers', { schema: schema('Every peer that this node knows', Peers) }, () => node.peers())
}
