import Type, { type Static } from 'typebox'
import { MAX_BLOCK_MS, MAX_BLOCK_REASON_LENGTH } from '../trust/limits.ts'
import { HandshakeRequest } from './documents.ts'

/** The documents of the operator's hold over peers: adding, removing, blocking. */
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

const ids = { peerId: nullable(Type.String()), x0Id: nullable(Type.String()) }

export const PeerAddRequest = Type.Object(
  {
    line: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: 'MULTIADDR, MULTIADDR/p2p/PEERID or MULTIADDR/p2p/PEERID#x0id, as `x0 self` prints it on the other node',
    }),
    save: Type.Optional(Type.Boolean({ description: 'also write it to peers.persistent in the config.yaml of the home' })),
  },
  { additionalProperties: false },
)

export const PeerAdded = Type.Object({
  schema: Type.Literal('x0.peer-added/v1'),
  ...ids,
  address: Type.String(),
  saved: Type.Boolean({ description: 'it is wanted after a restart too' }),
  blocked: Type.Boolean({ description: 'it is blocked here, so nothing is dialled before it is unblocked' }),
})

/** The name of a peer in a path. */
export const PeerPath = Type.Object({ peer: HandshakeRequest.properties.peer })

export const PeerRemoveQuery = Type.Object(
  {
    save: Type.Optional(
      Type.Union([Type.Literal('true'), Type.Literal('false')], {
        description: 'also take its lines out of the config.yaml of the home',
      }),
    ),
  },
  { additionalProperties: false },
)

export const PeerRemoved = Type.Object({
  schema: Type.Literal('x0.peer-removed/v1'),
  ...ids,
  saved: Type.Boolean({ description: 'lines were taken out of the configuration file' }),
  remains: Type.Array(Type.String(), {
    description: 'what still names it and brings it back at the next start: a flag, a variable, a file with its line',
  }),
})

const blockFields = {
  ...ids,
  since: Type.String({ description: 'ISO 8601' }),
  until: nullable(Type.String({ description: 'ISO 8601; null: until it is taken back' })),
  reason: Type.String({ description: 'for the operator; the peer is told that it is blocked, not why' }),
}

export const BlockRequest = Type.Object(
  {
    peer: HandshakeRequest.properties.peer,
    forSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MAX_BLOCK_MS / 1000, description: 'absent: until it is taken back' }),
    ),
    reason: Type.Optional(Type.String({ maxLength: MAX_BLOCK_REASON_LENGTH })),
  },
  { additionalProperties: false },
)

export const BlockDocument = Type.Object({
  schema: Type.Literal('x0.block/v1'),
  ...blockFields,
  wanted: Type.Boolean({ description: 'the peer is wanted, and will be dialled again when the block ends' }),
})

export const BlockList = Type.Object({ schema: Type.Literal('x0.blocks/v1'), blocks: Type.Array(Type.Object(blockFields)) })

export const Unblocked = Type.Object({ schema: Type.Literal('x0.unblocked/v1'), blocks: Type.Array(Type.Object(blockFields)) })

export type PeerAddRequest = Static<typeof PeerAddRequest>
export type PeerAdded = Static<typeof PeerAdded>
export type PeerRemoved = Static<typeof PeerRemoved>
export type BlockRequest = Static<typeof BlockRequest>
export type BlockDocument = Static<typeof BlockDocument>
export type BlockList = Static<typeof BlockList>
export type Unblocked = Static<typeof Unblocked>
