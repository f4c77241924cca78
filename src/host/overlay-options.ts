import type { ChannelEvent } from '../channel/channel-event.ts'
import type { Applicant } from '../channel/context.ts'
import type { Door } from '../channel/join-door.ts'
import type { PinBook, PinSource } from '../channel/pins.ts'
import type { RefusalCode } from '../channel/refusal.ts'
import type { Config } from '../config/schema.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import type { Report } from '../observe/event.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Clock } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import type { BlockBook } from './block-book.ts'
import type { CountFault } from './counter.ts'
import type { SequenceShelf } from './record-publisher.ts'
import type { RecordShelf } from './record-store.ts'
import type { Want } from './supervisor-state.ts'
import type { TrustOptions } from './trust-parts.ts'

export interface OverlayOptions {
  readonly config: Config
  /** Multiaddrs to accept peers on. */
  readonly listen: readonly string[]
  /** They were written by somebody: an address that cannot be had is then an error. */
  readonly listenIsWritten: boolean
  readonly crypto: CryptoBackend
  readonly identity: NodeIdentity
  readonly networkId: Uint8Array
  /** First 12 hex digits of the network id. */
  readonly network: string
  readonly version: string
  readonly clock: Clock
  readonly random: Random
  readonly pins: PinBook
  /** What this node shows in its handshakes, and whom it turns away in theirs. */
  readonly credential: () => Uint8Array | undefined
  readonly admit: (applicant: Applicant) => RefusalCode | undefined
  /** Where others may ask to be let into the network; without it nobody can. */
  readonly door?: Door | undefined
  /** Whom to keep out and away from, whatever the network. */
  readonly blocks: BlockBook
  /** Peers to keep connected from the start. */
  readonly wanted: readonly Want[]
  readonly datastorePath: string
  readonly records: RecordShelf
  readonly sequence: SequenceShelf
  readonly report: Report
  readonly onChannelEvent: (event: ChannelEvent) => void
  readonly count: CountFault
  readonly metrics: Metrics
  /** A statement about a peer's x0 id, from a bootstrap line or a record. */
  readonly onStated: (peerId: string, x0Id: string, source: PinSource) => void
  readonly onError: (error: unknown, during: string) => void
  /** Answers requests of the join exchange that peers send or bring. */
  readonly joinRequests?: (request: Uint8Array, from: Uint8Array) => Promise<Uint8Array>
  /** Of a closed network; without it there is nobody who could revoke. */
  readonly trust?: TrustOptions
}
