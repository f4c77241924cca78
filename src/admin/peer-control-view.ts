import type {
  BlockDocument,
  BlockList,
  BlockRequest,
  PeerAdded,
  PeerAddRequest,
  PeerRemoved,
  Unblocked,
} from './peer-control-documents.ts'

/** What the admin port asks of the node to change whom it has to do with. All @throws NodeFault */
export interface PeerControlView {
  add(request: PeerAddRequest): Promise<PeerAdded>
  remove(peer: string, save: boolean): Promise<PeerRemoved>
  blocks(): BlockList
  block(request: BlockRequest): Promise<BlockDocument>
  unblock(peer: string): Promise<Unblocked>
}
