import { MAX_KNOWN_PEERS } from './limits.ts'
import { forgettable } from './supervisor-policy.ts'
import {
  type Bar,
  barOf,
  isUp,
  type PeerCounts,
  type PeerEntry,
  type PeerStatus,
  type SupervisorEffect,
  type SupervisorState,
  type SupervisorStep,
} from './supervisor-state.ts'

/** A state being changed within one step; it never leaves that step. */
export class Draft {
  readonly now: number
  readonly random: () => number
  readonly counts: PeerCounts
  readonly peers: Map<string, PeerEntry>
  readonly bars: Map<string, Bar>
  readonly effects: SupervisorEffect[] = []
  searchAt: number
  searchWait: number

  constructor(state: SupervisorState, now: number, random: () => number) {
    this.now = now
    this.random = random
    this.counts = state.counts
    this.peers = new Map(state.peers)
    this.bars = new Map(state.bars)
    this.searchAt = state.searchAt
    this.searchWait = state.searchWait
  }

  /** Changes one peer and derives its status. */
  update(key: string, change: Partial<PeerEntry>): void {
    const before = this.peers.get(key)
    if (before === undefined) return
    this.put({ ...before, ...change }, before.status)
  }

  barOf(ids: { readonly peerId: string | undefined; readonly x0Id?: string | undefined }): Bar | undefined {
    return barOf(this.bars, ids, this.now)
  }

  put(changed: PeerEntry, from: PeerStatus | undefined): void {
    const bar = isUp(changed) ? undefined : this.barOf(changed)
    // whatever asks for a try: not while it is barred
    const entry = {
      ...changed,
      wanted: changed.wants.length > 0,
      retryAt: bar === undefined ? changed.retryAt : bar.until,
    }
    if (entry.status === from) {
      this.peers.set(entry.key, entry)
      return
    }
    const moved = { ...entry, since: this.now }
    this.peers.set(entry.key, moved)
    this.effects.push({ type: 'state', peer: moved, from })
  }

  /** Adds a peer where there is room, at the cost of the least interesting one. */
  add(entry: PeerEntry): boolean {
    if (this.peers.size >= MAX_KNOWN_PEERS) {
      const [victim] = forgettable(this.peers.values())
      if (victim === undefined) return false
      this.peers.delete(victim.key)
    }
    this.put(entry, undefined)
    return true
  }

  finish(): SupervisorStep {
    const { counts, peers, bars, searchAt, searchWait } = this
    return { state: { counts, peers, bars, searchAt, searchWait }, effects: this.effects }
  }
}

/** A peer of which nothing is known but what `known` says; due for a dial at once. */
export function fresh(key: string, now: number, known: Partial<PeerEntry>): PeerEntry {
  return {
    key,
    peerId: undefined,
    x0Id: undefined,
    wants: [],
    wanted: false,
    source: 'dht',
    addresses: [],
    status: 'never',
    since: now,
    connections: [],
    dialling: false,
    failures: 0,
    retryAt: now,
    lastError: undefined,
    downReason: undefined,
    lastUpAt: undefined,
    pausedUntil: undefined,
    ...known,
  }
}

/** Peers that are connected. */
export function upCount(peers: ReadonlyMap<string, PeerEntry>): number {
  let count = 0
  for (const entry of peers.values()) if (isUp(entry)) count += 1
  return count
}
