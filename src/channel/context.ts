import type { CryptoBackend } from '../crypto/backend.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import type { Clock } from '../platform/clock.ts'
import type { Attention } from './attention.ts'
import type { ChannelEvent } from './channel-event.ts'
import type { FloodGate } from './flood-gate.ts'
import type { KeyMaterial } from './key-material.ts'
import type { KnownKeys } from './known-keys.ts'
import type { PinBook } from './pins.ts'
import type { RecentRefusals } from './recent-refusals.ts'
import type { RefusalCode } from './refusal.ts'
import type { Traffic } from './session.ts'
import type { Slots } from './slots.ts'

/** A peer whose signatures hold, shown to whoever decides on admission. */
export interface Applicant {
  readonly peerId: string
  /** Text form; undefined on sessions without ML-DSA-65 authentication. */
  readonly x0Id: string | undefined
  readonly credential: Uint8Array | undefined
}

/** What all encrypters of a node share. */
export interface ChannelContext {
  readonly crypto: CryptoBackend
  readonly identity: NodeIdentity
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly clock: Clock
  readonly keys: KeyMaterial
  readonly pins: PinBook
  readonly known: KnownKeys
  readonly gate: FloodGate
  /** Places in the thread pool for handshakes that others began, and for our own: a flood must not starve our dials. */
  readonly inboundSlots: Slots
  readonly outboundSlots: Slots
  readonly refusals: RecentRefusals
  /** Bytes on the wire of all sessions together, handshakes aside. */
  readonly traffic: Traffic
  /** MAX_FRAME_BYTES of working space for records that span chunks. */
  readonly scratch: Uint8Array
  readonly attention: Attention
  /** A whole handshake, verdict included, in ms. */
  readonly timeoutMs: number
  credential(): Uint8Array | undefined
  /** The reason to turn an authenticated peer away, or undefined. */
  admit(protocol: string, applicant: Applicant): RefusalCode | undefined
  report(event: ChannelEvent): void
}
