import type { AdminApp, AdminContext } from '../admin-context.ts'
import {
  AcceptRequest,
  CreateNetworkRequest,
  Credential,
  Invite,
  InvitePath,
  InviteRequest,
  Invites,
  JoinReport,
  JoinRequest,
  LeaveRequest,
  Members,
  Network,
  Pending,
  PendingDecision,
  PendingPath,
  RevocationDocument,
  Revocations,
  RevokeRequest,
} from '../network-documents.ts'
import type { OperationGate } from '../operation.ts'

const schema = <Document>(summary: string, document: Document) => ({
  summary,
  tags: ['network'],
  response: { 200: document },
})

/** Founding, joining and leaving a network, and who belongs to it. */
export function addNetworkRoutes(app: AdminApp, context: AdminContext, gate: OperationGate): void {
  const { network } = context.node
  app.get('/network', { schema: schema('The network of this node and its own place there', Network) }, async () =>
    network.network(),
  )
  app.post(
    '/network/create',
    { schema: { ...schema('Founds a network and moves there', Network), body: CreateNetworkRequest } },
    (request) => network.create(request.body),
  )
  app.post(
    '/network/join',
    { schema: { ...schema('Joins a network by an invite, or knocks at a bootstrap line', JoinReport), body: JoinRequest } },
    (request, reply) => gate.run(reply, context, (signal) => network.join(request.body, signal)),
  )
  app.post(
    '/network/leave',
    { schema: { ...schema('Leaves the network and forgets it', Network), body: LeaveRequest } },
    (request) => network.leave(request.body),
  )
  app.get('/network/members', { schema: schema('Members, and nodes with a credential', Members) }, () => network.members())
  addInvites(app, context)
  addPending(app, context)
  addCredentials(app, context, gate)
}

function addInvites(app: AdminApp, { node: { network } }: AdminContext): void {
  app.get('/network/invites', { schema: schema('Invites of this node, without their secrets', Invites) }, () => network.invites())
  app.post(
    '/network/invites',
    { schema: { ...schema('Makes an invite: the line that another machine joins by', Invite), body: InviteRequest } },
    (request) => network.invite(request.body),
  )
  app.delete('/network/invites/:id', { schema: { ...schema('Withdraws an invite', Invites), params: InvitePath } }, (request) =>
    network.withdrawInvite(request.params.id),
  )
}

function addPending(app: AdminApp, { node: { network } }: AdminContext): void {
  app.get('/network/pending', { schema: schema('Who asks to be let in', Pending) }, () => network.pending())
  app.post(
    '/network/pending/:node/accept',
    { schema: { ...schema('Lets a node in that asks', PendingDecision), params: PendingPath, body: AcceptRequest } },
    (request) => network.accept(request.params.node, request.body),
  )
  app.post(
    '/network/pending/:node/ignore',
    { schema: { ...schema('Turns a node away that asks', PendingDecision), params: PendingPath } },
    (request) => network.ignore(request.params.node),
  )
}

function addCredentials(app: AdminApp, context: AdminContext, gate: OperationGate): void {
  const { network } = context.node
  app.get('/network/credential', { schema: schema('How this node belongs, and until when', Credential) }, async () =>
    network.credential(),
  )
  app.post(
    '/network/credential/renew',
    { schema: schema('Asks a member for a fresh credential now', Credential) },
    (_request, reply) => gate.run(reply, context, (signal) => network.renew(signal)),
  )
  app.get('/network/revocations', { schema: schema('Which keys do not belong any more', Revocations) }, async () =>
    network.revocations(),
  )
  app.post(
    '/network/revocations',
    { schema: { ...schema('Revokes a node: its connections are cut everywhere', RevocationDocument), body: RevokeRequest } },
    (request) => network.revoke(request.body),
  )
}
