import Type, { type Static } from 'typebox'

/** The documents of the network: founding, joining, members, credentials, revocations. */
const schemaName = <Name extends string>(name: Name) => Type.Literal(name)
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const time = (description: string) => Type.String({ description: `${description}, ISO 8601` })
const request = <T extends Record<string, Type.TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false })

/** A label of DNS in small letters; the trust core judges it again. */
const NodeName = Type.String({
  minLength: 1,
  maxLength: 63,
  description: 'small letters, digits and inner hyphens, at most 63',
})
const Groups = Type.Array(NodeName, { maxItems: 16 })
const NodeRef = Type.String({ minLength: 1, maxLength: 256, description: 'a node name, SPIFFE id or x0 id of this network' })
const Reason = Type.String({ minLength: 1, maxLength: 200 })
/** Milliseconds. */
const Milliseconds = (maximum: number, description: string) => Type.Integer({ minimum: 1_000, maximum, description })
const DAY_MS = 86_400_000

const NetworkName = Type.Object({
  id: Type.String({ description: 'hex, 32 bytes: SHA-256 of the genesis' }),
  name: Type.String(),
  admission: Type.Union([Type.Literal('open'), Type.Literal('sponsor'), Type.Literal('vote')]),
})

/** How this node, or another, belongs. */
const Belonging = {
  kind: Type.Union([Type.Literal('open'), Type.Literal('member'), Type.Literal('credential'), Type.Literal('none')], {
    description:
      'open: the network admits everybody; member: of the electorate; credential: admitted by a member; none: not any more',
  }),
  name: nullable(Type.String()),
  spiffeId: nullable(Type.String()),
  groups: Type.Array(Type.String()),
  issuer: nullable(Type.String({ description: 'x0 id of the member that signed the credential' })),
  expiresAt: nullable(time('When the credential ends')),
}

export const Network = Type.Object({
  schema: schemaName('x0.network/v1'),
  network: NetworkName,
  isDefault: Type.Boolean({ description: 'the open network of nodes that have joined none' }),
  createdAt: nullable(time('When it was founded')),
  members: Type.Integer(),
  revocations: Type.Integer(),
  revocationDigest: Type.String({ description: 'hex, 32 bytes: equal on nodes that know the same revocations' }),
  trust: Type.Object({
    level: Type.Boolean({ description: 'false while this node still learns what was revoked while it was away' }),
    since: time('Since when'),
    syncedWith: nullable(Type.String({ description: 'x0 id of who it was learned from' })),
  }),
  self: Type.Object(Belonging),
})

export const CreateNetworkRequest = request({
  name: Type.String({ minLength: 1, maxLength: 63 }),
  admission: Type.Optional(NetworkName.properties.admission),
  nodeName: Type.Optional(NodeName),
  groups: Type.Optional(Groups),
})

export const JoinRequest = request({
  line: Type.String({ minLength: 1, maxLength: 2_048, description: 'what `x0 invite` printed, or a bootstrap line to knock at' }),
  name: Type.Optional(NodeName),
  note: Type.Optional(Type.String({ maxLength: 200, description: 'for the operator who looks at the pending list' })),
})

export const JoinReport = Type.Object({
  schema: schemaName('x0.join/v1'),
  state: Type.Union([Type.Literal('joined'), Type.Literal('already'), Type.Literal('pending')]),
  network: nullable(NetworkName),
  ...Belonging,
  via: nullable(Type.String({ description: 'the address that answered' })),
  retryAfterMs: nullable(Type.Integer({ description: 'pending: when to ask again' })),
})

export const LeaveRequest = request({
  force: Type.Optional(Type.Boolean({ description: 'leave although this node is the last member' })),
})

export const InviteRequest = request({
  name: Type.Optional(NodeName),
  groups: Type.Optional(Groups),
  ttlMs: Type.Optional(Milliseconds(30 * DAY_MS, 'how long the line can be used; default 1 h')),
  uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: 'nodes that may join by it; default 1' })),
  validityMs: Type.Optional(Milliseconds(90 * DAY_MS, 'how long a credential lasts between renewals; default 30 days')),
})

const InviteFacts = {
  id: Type.String({ description: 'names the invite; it does not open anything' }),
  name: nullable(Type.String()),
  groups: Type.Array(Type.String()),
  uses: Type.Integer(),
  expiresAt: time('Until when it can be used'),
}
export const Invite = Type.Object({
  schema: schemaName('x0.invite/v1'),
  line: Type.String({ description: 'secret: whoever has it can join' }),
  ...InviteFacts,
})
export const Invites = Type.Object({
  schema: schemaName('x0.invites/v1'),
  invites: Type.Array(Type.Object({ ...InviteFacts, used: Type.Integer(), withdrawn: Type.Boolean() })),
})
export const InvitePath = request({ id: Type.String({ minLength: 1, maxLength: 128 }) })

const PendingRequest = Type.Object({
  x0Id: Type.String(),
  name: Type.String(),
  note: Type.String({ description: "the asker's own words" }),
  address: nullable(Type.String()),
  since: time('When it first asked'),
  lastAskedAt: time('When it last asked'),
})
export const Pending = Type.Object({ schema: schemaName('x0.pending/v1'), requests: Type.Array(PendingRequest) })
export const PendingPath = request({ node: NodeRef })
export const AcceptRequest = request({
  name: Type.Optional(NodeName),
  groups: Type.Optional(Groups),
  validityMs: InviteRequest.properties.validityMs,
})
export const PendingDecision = Type.Object({
  schema: schemaName('x0.pending-decision/v1'),
  x0Id: Type.String(),
  name: Type.String(),
  decision: Type.Union([Type.Literal('accepted'), Type.Literal('ignored')]),
})

export const Members = Type.Object({
  schema: schemaName('x0.members/v1'),
  network: NetworkName,
  members: Type.Array(
    Type.Object({
      x0Id: Type.String(),
      name: Type.String(),
      spiffeId: Type.String(),
      groups: Type.Array(Type.String()),
      weight: Type.Integer(),
      self: Type.Boolean(),
      up: Type.Boolean(),
    }),
    { description: 'who may admit, revoke and (later) vote' },
  ),
  nodes: Type.Array(Type.Object({ x0Id: Type.String(), ...Belonging, self: Type.Boolean(), up: Type.Boolean() }), {
    description: 'who belongs by a credential, as far as this node has met them or issued it',
  }),
})

export const Credential = Type.Object({
  schema: schemaName('x0.credential/v1'),
  network: NetworkName,
  x0Id: Type.String(),
  ...Belonging,
  serial: nullable(Type.String({ description: 'hex, 16 bytes' })),
  notBefore: nullable(time('From when it holds')),
  renewAt: nullable(time('When this node renews it by itself: half of its life')),
  secondsLeft: nullable(Type.Integer()),
  revoked: Type.Boolean(),
  lastRenewal: nullable(
    Type.Object({ at: time('When'), ok: Type.Boolean(), detail: Type.String({ description: 'with whom, or why not' }) }),
  ),
})

export const RevokeRequest = request({ node: NodeRef, reason: Reason })
const RevocationFacts = {
  x0Id: Type.String({ description: 'the key that does not belong any more' }),
  issuer: Type.String({ description: 'x0 id of the member that signed it' }),
  reason: Type.String(),
  at: time('When it was signed'),
}
export const RevocationDocument = Type.Object({ schema: schemaName('x0.revocation/v1'), ...RevocationFacts })
export const Revocations = Type.Object({
  schema: schemaName('x0.revocations/v1'),
  digest: Network.properties.revocationDigest,
  revocations: Type.Array(Type.Object(RevocationFacts)),
})

export type Network = Static<typeof Network>
export type CreateNetworkRequest = Static<typeof CreateNetworkRequest>
export type JoinRequest = Static<typeof JoinRequest>
export type JoinReport = Static<typeof JoinReport>
export type LeaveRequest = Static<typeof LeaveRequest>
export type InviteRequest = Static<typeof InviteRequest>
export type Invite = Static<typeof Invite>
export type Invites = Static<typeof Invites>
export type Pending = Static<typeof Pending>
export type AcceptRequest = Static<typeof AcceptRequest>
export type PendingDecision = Static<typeof PendingDecision>
export type Members = Static<typeof Members>
export type Credential = Static<typeof Credential>
export type RevokeRequest = Static<typeof RevokeRequest>
export type RevocationDocument = Static<typeof RevocationDocument>
export type Revocations = Static<typeof Revocations>
