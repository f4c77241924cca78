import type { AdminApp, AdminContext } from '../admin-context.ts'
import { BlockDocument, BlockList, BlockRequest, PeerPath, Unblocked } from '../peer-control-documents.ts'

/** GET and POST /mesh/blocks, DELETE /mesh/blocks/:peer. */
export function addBlockRoutes(app: AdminApp, { node }: AdminContext): void {
  app.get(
    '/mesh/blocks',
    { schema: { summary: 'The blocks that are in force', tags: ['mesh'], response: { 200: BlockList } } },
    async () => node.peerControl.blocks(),
  )
  app.post(
    '/mesh/blocks',
    {
      schema: {
        summary: 'Blocks the keys of a peer: it is hung up on at once, not dialled and not let in',
        tags: ['mesh'],
        body: BlockRequest,
        response: { 200: BlockDocument },
      },
    },
    (request) => node.peerControl.block(request.body),
  )
  app.delete(
    '/mesh/blocks/:peer',
    {
      schema: { summary: 'Takes the block of a peer back', tags: ['mesh'], params: PeerPath, response: { 200: Unblocked } },
    },
    (request) => node.peerControl.unblock(request.params.peer),
  )
}
