import type { AdminApp, AdminContext } from '../admin-context.ts'
import { PeerAdded, PeerAddRequest, PeerPath, PeerRemoved, PeerRemoveQuery } from '../peer-control-documents.ts'

/** POST /mesh/peers and DELETE /mesh/peers/:peer. */
export function addPeerRoutes(app: AdminApp, { node }: AdminContext): void {
  app.post(
    '/mesh/peers',
    {
      schema: {
        summary: 'Keeps a peer connected from now on',
        tags: ['mesh'],
        body: PeerAddRequest,
        response: { 200: PeerAdded },
      },
    },
    (request) => node.peerControl.add(request.body),
  )
  app.delete(
    '/mesh/peers/:peer',
    {
      schema: {
        summary: 'Hangs up on a peer, forgets it and leaves it alone for 10 minutes',
        tags: ['mesh'],
        params: PeerPath,
        querystring: PeerRemoveQuery,
        response: { 200: PeerRemoved },
      },
    },
    (request) => node.peerControl.remove(request.params.peer, request.query.save === 'true'),
  )
}
