import Type, { type Static } from 'typebox'

/**
 * The documents of the admin API. One schema each: it validates, it is what /openapi.json shows, and its static type
 * is what the node's composition root must deliver and what the command line prints.
 */
const schemaName = <Name extends string>(name: Name) => Type.Literal(name)
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

const Check = Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() })

export const Health = Type.Object({
  schema: schemaName('x0.health/v1'),
  status: Type.Union([Type.Literal('ok'), Type.Literal('starting'), Type.Literal('degraded'), Type.Literal('draining')]),
  version: Type.String(),
  uptimeSeconds: Type.Number(),
  checks: Type.Array(Check),
})

export const Self = Type.Object({
  schema: schemaName('x0.self/v1'),
  version: Type.String(),
  peerId: Type.String(),
  x0Id: Type.String(),
  ed25519PublicKey: Type.String({ description: 'base64, 32 bytes' }),
  mldsa65PublicKey: Type.String({ description: 'base64, 1,952 bytes' }),
  networkId: Type.String({ description: 'hex, 32 bytes' }),
  addresses: Type.Array(Type.String()),
  bootstrap: Type.Array(Type.String(), { description: 'lines ready for another node: MULTIADDR/p2p/PEERID#x0id' }),
  protocols: Type.Array(Type.String()),
  backend: Type.Union([Type.Literal('native'), Type.Literal('portable')]),
  home: Type.String(),
  pid: Type.Integer(),
})

/** What the data plane says of a peer; `up/relayed` comes with relays. */
export const PeerState = Type.Union([
  Type.Literal('up/direct'),
  Type.Literal('up/relayed'),
  Type.Literal('suspect'),
  Type.Literal('down'),
  Type.Literal('never'),
])

const Failure = Type.Object({ code: Type.String(), message: Type.String(), at: Type.String() })

export const Peer = Type.Object({
  peerId: nullable(Type.String({ description: 'null for a bootstrap line without /p2p/ until the first contact' })),
  x0Id: nullable(Type.String()),
  state: PeerState,
  /** Since when it is in this state, ISO 8601. */
  since: Type.String(),
  wanted: Type.Boolean({ description: 'this node keeps trying to reach it' }),
  source: Type.String({ description: 'bootstrap, persistent, command, dht, mdns, record, inbound' }),
  path: nullable(Type.String({ description: 'the multiaddr in use' })),
  direction: nullable(Type.Union([Type.Literal('inbound'), Type.Literal('outbound')])),
  suite: nullable(Type.String()),
  pqKeyExchange: Type.Boolean(),
  pqAuthenticated: Type.Boolean(),
  rttMs: nullable(Type.Number()),
  lossRatio: nullable(Type.Number({ description: 'probes unanswered of the last 32, 0 to 1' })),
  clockOffsetMs: nullable(Type.Number({ description: "the peer's clock minus ours, from the liveness probes" })),
  bytesIn: nullable(
    Type.Number({ description: 'on this connection; null without one, and where its suite is not measured (classical)' }),
  ),
  bytesOut: nullable(Type.Number()),
  connectedAt: nullable(Type.String()),
  lastError: nullable({ ...Failure, description: 'the latest: why it went down, then what each try met' }),
  downReason: nullable({ ...Failure, description: 'why it went down, while it is' }),
  nextRetryAt: nullable(Type.String()),
  addresses: Type.Array(Type.String()),
})

export const Peers = Type.Object({ schema: schemaName('x0.peers/v1'), peers: Type.Array(Peer) })

export const Status = Type.Object({
  schema: schemaName('x0.status/v1'),
  version: Type.String(),
  status: Health.properties.status,
  ready: Type.Boolean(),
  uptimeSeconds: Type.Number(),
  peerId: Type.String(),
  x0Id: Type.String(),
  network: Type.Object({ id: Type.String(), name: Type.String() }),
  belonging: Type.Object({
    kind: Type.String({ description: 'open, member, credential, or none where the node does not belong any more' }),
    spiffeId: nullable(Type.String()),
    groups: Type.Array(Type.String()),
    expiresAt: nullable(Type.String({ description: 'when the credential ends, ISO 8601' })),
    level: Type.Boolean({ description: 'false while the node learns what was revoked while it was away, and serves nobody' }),
  }),
  listen: Type.Array(Type.String()),
  peers: Type.Object({
    known: Type.Integer(),
    up: Type.Integer(),
    suspect: Type.Integer(),
    down: Type.Integer(),
    never: Type.Integer(),
    blocked: Type.Integer({ description: 'blocks in force, of peers known and unknown' }),
    pqAuthenticated: Type.Integer(),
    min: Type.Integer(),
    target: Type.Integer(),
    max: Type.Integer(),
  }),
  suites: Type.Record(Type.String(), Type.Integer(), { description: 'live connections by suite' }),
  dht: Type.Object({ mode: Type.String(), routingTable: Type.Integer(), records: Type.Integer() }),
  gossip: Type.Object({ topics: Type.Array(Type.String()), meshPeers: Type.Integer(), presenceHeard: Type.Integer() }),
  clockOffsetMs: nullable(Type.Number({ description: 'median over the peers that are up' })),
  eventLoopLagMs: Type.Object({ p50: Type.Number(), p99: Type.Number() }),
  memoryBytes: Type.Object({ rss: Type.Number(), heapUsed: Type.Number() }),
  alarms: Type.Array(
    Type.Object({ type: Type.String(), peer: nullable(Type.String()), at: Type.String(), message: Type.String() }),
  ),
  checks: Type.Array(Check),
})

export const HandshakeRequest = Type.Object(
  {
    peer: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'a peer id or x0 id that this node knows, or MULTIADDR/p2p/PEERID with an optional #x0id',
    }),
    protocol: Type.Optional(Type.String({ maxLength: 128, description: 'the encrypter to propose; default the x0 channel' })),
  },
  { additionalProperties: false },
)

export const HandshakeReport = Type.Object({
  schema: schemaName('x0.handshake/v1'),
  peerId: Type.String(),
  remoteX0Id: nullable(Type.String()),
  localX0Id: Type.String(),
  address: Type.String(),
  protocol: Type.String(),
  suite: Type.String(),
  pqKeyExchange: Type.Boolean(),
  pqAuthenticated: Type.Boolean(),
  verdict: Type.String({ description: 'accepted, or none on protocols without a verdict' }),
  connectMs: Type.Number(),
  negotiateMs: Type.Number(),
  handshakeMs: Type.Number(),
  totalMs: Type.Number(),
  flights: Type.Array(
    Type.Object({
      name: Type.String(),
      direction: Type.Union([Type.Literal('sent'), Type.Literal('received')]),
      bytes: Type.Integer(),
      atMs: Type.Number(),
    }),
  ),
  bytesSent: Type.Integer(),
  bytesReceived: Type.Integer(),
  transcriptHash: Type.String({ description: 'hex, 32 bytes: the final h' }),
})

export const PingRequest = Type.Object(
  { peer: HandshakeRequest.properties.peer, count: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })) },
  { additionalProperties: false },
)
export const PingReport = Type.Object({
  schema: schemaName('x0.ping/v1'),
  peerId: Type.String(),
  path: Type.String(),
  sent: Type.Integer(),
  received: Type.Integer(),
  rttMs: Type.Array(Type.Number()),
})

export const LogLevel = Type.Union([
  Type.Literal('fatal'),
  Type.Literal('error'),
  Type.Literal('warn'),
  Type.Literal('info'),
  Type.Literal('debug'),
  Type.Literal('trace'),
])
export const LogLevelDocument = Type.Object({ schema: schemaName('x0.log-level/v1'), level: LogLevel })
export const LogLevelRequest = Type.Object({ level: LogLevel }, { additionalProperties: false })

/** One event of GET /v1/events, and what `x0 events --json` prints: a line each. */
export const EventDocument = Type.Object({
  schema: schemaName('x0.event/v1'),
  id: Type.String({ description: 'EPOCH.NUMBER: send it as Last-Event-ID to resume behind it' }),
  type: Type.String(),
  at: Type.String({ description: 'ISO 8601' }),
  level: Type.Union([Type.Literal('info'), Type.Literal('warn'), Type.Literal('alarm')]),
  peer: nullable(Type.String()),
  data: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
})

/** RFC 9457. `code` is stable and is what the command line maps to an exit code. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String(),
  instance: Type.Optional(Type.String()),
  errors: Type.Optional(
    Type.Array(Type.Object({ field: Type.String(), message: Type.String() }), { description: 'what is wrong with each field' }),
  ),
})

export type Health = Static<typeof Health>
export type Self = Static<typeof Self>
export type Peer = Static<typeof Peer>
export type PeerState = Static<typeof PeerState>
export type Peers = Static<typeof Peers>
export type Status = Static<typeof Status>
export type HandshakeRequest = Static<typeof HandshakeRequest>
export type HandshakeReport = Static<typeof HandshakeReport>
export type PingRequest = Static<typeof PingRequest>
export type PingReport = Static<typeof PingReport>
export type LogLevel = Static<typeof LogLevel>
export type EventDocument = Static<typeof EventDocument>
export type Problem = Static<typeof Problem>
