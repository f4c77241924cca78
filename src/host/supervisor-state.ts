/** What the supervisor knows, is told and asks for. Times are milliseconds of a clock that never goes back. */

/** Who asks for a peer: a bootstrap line, `peers.persistent`, or a command, for as long as this process runs. */
export type WantSource = 'bootstrap' | 'persistent' | 'command'

export type PeerSource = WantSource | 'dht' | 'mdns' | 'record' | 'inbound'

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

/** A line of the operator's that names a peer. */
export interface WantedPeer {
  readonly address: string
  readonly peerId: string | undefined
  readonly x0Id: string | undefined
}

export interface Want extends WantedPeer {
  readonly source: WantSource
}

/** Why a peer is left alone: a removed one for a while, a blocked one until it is unblocked (`until` only says when that will be). */
export type Bar =
  | { readonly code: 'removed'; readonly until: number }
  | { readonly code: 'blocked'; readonly until: number | undefined; readonly message: string }

export interface PeerEntry {
  /** The peer id; for a bootstrap line without one, `@` and its address until the first contact. */
  readonly key: string
  readonly peerId: string | undefined
  /** Text form (identity/x0-id.ts). */
  readonly x0Id: string | undefined
  /** Who asks for it, by which lines. */
  readonly wants: readonly Want[]
  /** Somebody does: it is kept connected for ever. */
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
  /** By peer id and by x0 id. */
  readonly bars: ReadonlyMap<string, Bar>
  readonly searchAt: number
  readonly searchWait: number
}

export type SupervisorEvent =
  | { readonly type: 'tick' }
  | { readonly type: 'want'; readonly wants: readonly Want[] }
  /** These lines ask no more; a peer that nothing asks for any more is forgotten. */
  | { readonly type: 'unwant'; readonly wants: readonly Want[] }
  /** By the key of its entry: whoever asks for it, it goes, and is left alone for a while. */
  | { readonly type: 'forget'; readonly key: string }
  /** `ids`: the peer id, the x0 id or both. */
  | { readonly type: 'block'; readonly ids: readonly string[]; readonly until: number | undefined; readonly message: string }
  | { readonly type: 'unblock'; readonly ids: readonly string[] }
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

/** `x0-id-mismatch`: a line of the operator's now says that somebody else must answer there. */
export type HangUpReason = 'trimmed' | 'too-many-peers' | 'x0-id-mismatch' | Bar['code']

export type SupervisorEffect =
  | {
      readonly type: 'dial'
      readonly key: string
      readonly peerId: string | undefined
      /** What a line of the operator's says of it; a record's mere claim is not insisted on. */
      readonly x0Id: string | undefined
      readonly addresses: readonly string[]
    }
  /** Ends the dial of this entry, if it is still under way. */
  | { readonly type: 'abandon'; readonly key: string }
  | { readonly type: 'hang-up'; readonly peerId: string; readonly reason: HangUpReason; readonly message: string }
  /** Drop what else is kept of the peer, its addresses above all. */
  | { readonly type: 'forget'; readonly peerId: string }
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

/** The bar that holds at `now` against whoever has one of these ids. */
export function barOf(
  bars: ReadonlyMap<string, Bar>,
  { peerId, x0Id }: { readonly peerId: string | undefined; readonly x0Id?: string | undefined },
  now: number,
): Bar | undefined {
  for (const id of [x0Id, peerId]) {
    const bar = id === undefined ? undefined : bars.get(id)
    if (bar !== undefined && (bar.code === 'blocked' || now < bar.until)) return bar
  }
  return undefined
}
