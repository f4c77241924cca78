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
