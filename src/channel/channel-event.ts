import type { ShedReason } from './flood-gate.ts'
import type { Role } from './pq-auth.ts'
import type { RefusalCode, RefusedBy } from './refusal.ts'
import type { SessionFacts } from './session.ts'

/** What the channel reports; the composition root turns it into metrics and events. Nothing in it is secret. */
export type ChannelEvent =
  | {
      /** The handshake is over at this end; an initiator still waits for the verdict (`accepted` follows). */
      readonly type: 'completed'
      readonly facts: SessionFacts
      readonly durationMs: number
      readonly bytesSent: number
      readonly bytesReceived: number
    }
  | { readonly type: 'accepted'; readonly facts: SessionFacts }
  | {
      readonly type: 'refused'
      readonly role: Role
      readonly protocol: string
      readonly code: RefusalCode
      readonly by: RefusedBy
      readonly message: string
      /** Where the other side was dialled or came from, as text. */
      readonly remoteAddress: string
      /** The peer that was expected or has proved itself; undefined for a stranger that never got so far. */
      readonly remotePeerId: string | undefined
      readonly durationMs: number
    }
  | { readonly type: 'shed'; readonly reason: ShedReason; readonly remoteAddress: string }
  | { readonly type: 'pin-learned'; readonly peerId: string; readonly x0Id: string }
  | { readonly type: 'pin-alarm'; readonly peerId: string; readonly code: RefusalCode; readonly seenX0Id: string | undefined }
  | { readonly type: 'damaged'; readonly facts: SessionFacts; readonly message: string }
  | { readonly type: 'rekeyed'; readonly facts: SessionFacts }
  | {
      /** A visit at the join door is over whose handshake held; others are `refused`. Not a session, and no fault where `answered`. */
      readonly type: 'door'
      readonly result: DoorResult
      readonly message: string
      readonly remoteAddress: string
      readonly remotePeerId: string
      readonly durationMs: number
    }

/** `failed`: we could not answer. All others but `answered` are what the visitor or the network did. */
export const DOOR_RESULTS = [
  'answered',
  'failed',
  'malformed-message',
  'payload-too-large',
  'record-damaged',
  'closed',
  'timeout',
] as const satisfies readonly (RefusalCode | 'answered' | 'failed')[]

export type DoorResult = (typeof DOOR_RESULTS)[number]
