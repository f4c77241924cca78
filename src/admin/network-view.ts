import type {
  AcceptRequest,
  CreateNetworkRequest,
  Credential,
  Invite,
  InviteRequest,
  Invites,
  JoinReport,
  JoinRequest,
  LeaveRequest,
  Members,
  Network,
  Pending,
  PendingDecision,
  RevocationDocument,
  Revocations,
  RevokeRequest,
} from './network-documents.ts'

/** What the admin port may ask of the node about its network. All of it throws NodeFault. */
export interface NetworkView {
  network(): Network
  /** Founds a network with this node as its only member, and moves there. */
  create(request: CreateNetworkRequest): Promise<Network>
  /** One try to join; `pending` says that somebody must accept it first. */
  join(request: JoinRequest, signal: AbortSignal): Promise<JoinReport>
  /** Back to the open network; credential and what is known of the network are deleted. */
  leave(request: LeaveRequest): Promise<Network>
  invite(request: InviteRequest): Promise<Invite>
  invites(): Promise<Invites>
  withdrawInvite(id: string): Promise<Invites>
  pending(): Promise<Pending>
  accept(node: string, request: AcceptRequest): Promise<PendingDecision>
  ignore(node: string): Promise<PendingDecision>
  members(): Promise<Members>
  credential(): Credential
  /** Asks a member for a fresh one now. */
  renew(signal: AbortSignal): Promise<Credential>
  revoke(request: RevokeRequest): Promise<RevocationDocument>
  revocations(): Revocations
}
