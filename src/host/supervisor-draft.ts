import { MAX_KNOWN_PEERS } from './limits.ts'
import { forgettable } from './supervisor-policy.ts'
import {
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
  readonly effects: SupervisorEffect[] = []
  searchAt: number
  searchWait: number

  constructor(state: SupervisorState, now: number, random: () => number) {
    this.now = now
    this.random = random
    this.counts = state.counts
    this.peers = new Map(state.peers)
    this.searchAt = state.searchAt
    this.searchWait = state.searchWait
  }

  /** Changes one peer and derives its status. */
  update(key: string, change: Partial<PeerEntry>): void {
    const before = this.peers.get(key)
    if (before === undefined) return
    this.put({ ...before, ...change }, before.status)
  }

  put(entry: PeerEntry, from: PeerStatus | undefined): void {
    if (entry.status === from) {
      this.peers.set(entry.key, entry)
      return
    }
    const changed = { ...entry, since: this.now }
    this.peers.set(entry.key, changed)
    this.effects.push({ type: 'state', peer: changed, from })
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
    const { counts, peers, searchAt, searchWait } = this
    return { state: { counts, peers, searchAt, searchWait }, effects: this.effects }
  }
}

/** A peer of which nothing is known but what `known` says; due for a dial at once. */
export function fresh(key: string, now: number, known: Partial<PeerEntry>): PeerEntry {
  return {
    key,
    peerId: undefined,
    x0Id: undefined,
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
