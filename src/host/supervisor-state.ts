/** What the supervisor knows, is told and asks for. Times are milliseconds of a clock that never goes back. */

export type PeerSource = 'bootstrap' | 'dht' | 'mdns' | 'record' | 'inbound'

/** States that users can trust. `up/relayed` comes with relays. */
export type PeerStatus = 'up/direct' | 'suspect' | 'down' | 'never'

export interface PeerFailure {
  /** Stable and short: `refused`, `timeout`, `liveness`, ... */
  readonly code: string
  readonly message: string
  readonly at: number
}

export interface LiveConnection {
  readonly id: string
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  readonly since: number
}

export interface PeerEntry {
  /** The peer id; for a bootstrap line without one, `@` and its address until the first contact. */
  readonly key: string
  readonly peerId: string | undefined
  /** Text form (identity/x0-id.ts). */
  readonly x0Id: string | undefined
  /** Kept connected for ever. */
  readonly wanted: boolean
  readonly source: PeerSource
  /** Multiaddrs without a /p2p/ part, the most recently confirmed first. */
  readonly addresses: readonly string[]
  readonly status: PeerStatus
  readonly since: number
  readonly connections: readonly LiveConnection[]
  readonly dialling: boolean
  /** Failed tries in a row. */
  readonly failures: number
  readonly retryAt: number | undefined
  /** Why it last went down or could not be reached: each retry that fails replaces it. */
  readonly lastError: PeerFailure | undefined
  /** Why it went down, while it is: what the retries say since then does not replace it. */
  readonly downReason: PeerFailure | undefined
  /** When it was last connected. */
  readonly lastUpAt: number | undefined
  /** Let go because of `max`: not dialled before this. */
  readonly pausedUntil: number | undefined
}

export interface PeerCounts {
  /** Below it, searches hurry. */
  readonly min: number
  /** Below it, candidates are dialled. */
  readonly target: number
  /** Above it, the least useful peers that are not wanted are let go. */
  readonly max: number
}

export interface SupervisorState {
  readonly counts: PeerCounts
  readonly peers: ReadonlyMap<string, PeerEntry>
  readonly searchAt: number
  readonly searchWait: number
}

export interface WantedPeer {
  readonly address: string
  readonly peerId: string | undefined
  readonly x0Id: string | undefined
}

export type SupervisorEvent =
  | { readonly type: 'tick' }
  | { readonly type: 'want'; readonly peers: readonly WantedPeer[] }
  /** Seen in the DHT, on the local network or in a record. */
  | {
      readonly type: 'found'
      readonly peerId: string
      readonly addresses: readonly string[]
      readonly source: PeerSource
      readonly x0Id?: string
    }
  | {
      readonly type: 'connected'
      readonly peerId: string
      readonly connectionId: string
      readonly address: string
      readonly direction: 'inbound' | 'outbound'
      readonly x0Id?: string
    }
  | {
      readonly type: 'disconnected'
      readonly peerId: string
      readonly connectionId: string
      readonly code: string
      readonly message: string
    }
  /** A dial that succeeded: `key` is what was dialled, `peerId` who answered. */
  | { readonly type: 'dialled'; readonly key: string; readonly peerId: string }
  | { readonly type: 'dial-failed'; readonly key: string; readonly code: string; readonly message: string }
  /** From the liveness probes. */
  | { readonly type: 'suspect' | 'healthy'; readonly peerId: string; readonly connectionId: string }
  /** The addresses of this machine changed: every wait is void. */
  | { readonly type: 'network-changed' }

export type SupervisorEffect =
  | {
      readonly type: 'dial'
      readonly key: string
      readonly peerId: string | undefined
      readonly x0Id: string | undefined
      readonly addresses: readonly string[]
    }
  | { readonly type: 'hang-up'; readonly peerId: string; readonly reason: string }
  /** Ask the DHT for more peers. */
  | { readonly type: 'search' }
  | { readonly type: 'state'; readonly peer: PeerEntry; readonly from: PeerStatus | undefined }

export interface SupervisorStep {
  readonly state: SupervisorState
  readonly effects: readonly SupervisorEffect[]
}

export function isUp(entry: PeerEntry): boolean {
  return entry.connections.length > 0
}
