import {
  CANDIDATE_RETRY_MAX_MS,
  CANDIDATE_TRIES,
  KEEP_TRYING_MS,
  MAX_ADDRESSES_PER_PEER,
  RETRY_DENSE_MS,
  RETRY_FIRST_MS,
  RETRY_MAX_MS,
} from './limits.ts'
import { isUp, type PeerEntry } from './supervisor-state.ts'

/**
 * The wait before the next try, ms. At once after a loss; every second (with jitter) for the first minute after a peer
 * was up; else doubling up to 30 s, drawn from the upper half, so that a restarted hub is not hit by all at once.
 * `random` is in [0, 1).
 */
export function retryDelay(entry: PeerEntry, now: number, random: number): number {
  if (entry.failures === 0) return 0
  if (entry.lastUpAt !== undefined && now - entry.lastUpAt < RETRY_DENSE_MS) return RETRY_FIRST_MS * (0.75 + random / 2)
  const most = entry.wanted || entry.lastUpAt !== undefined ? RETRY_MAX_MS : CANDIDATE_RETRY_MAX_MS
  const step = Math.min(most, RETRY_FIRST_MS * 2 ** Math.min(entry.failures - 1, 20))
  return step * (0.5 + random / 2)
}

/** True for a peer that is still of interest while it is down. */
export function isWorthTrying(entry: PeerEntry, now: number): boolean {
  if (entry.wanted) return true
  if (entry.lastUpAt !== undefined) return now - entry.lastUpAt < KEEP_TRYING_MS
  return entry.failures < CANDIDATE_TRIES
}

/** Peers that may be forgotten to make room, the first one first: those that never answered, then the longest gone. */
export function forgettable(entries: Iterable<PeerEntry>): PeerEntry[] {
  return [...entries]
    .filter((entry) => !entry.wanted && !isUp(entry) && !entry.dialling)
    .sort((a, b) => (a.lastUpAt ?? -1) - (b.lastUpAt ?? -1) || b.failures - a.failures || a.since - b.since)
}

/**
 * Peers to let go when there are too many, the least useful first: suspects, then those that dialled us (they know the
 * way back), then the newest. Wanted peers are never among them.
 */
export function trimOrder(entries: Iterable<PeerEntry>): PeerEntry[] {
  const inbound = (entry: PeerEntry): number => (entry.connections.every(({ direction }) => direction === 'inbound') ? 0 : 1)
  return [...entries]
    .filter((entry) => isUp(entry) && !entry.wanted)
    .sort(
      (a, b) =>
        Number(b.status === 'suspect') - Number(a.status === 'suspect') ||
        inbound(a) - inbound(b) ||
        b.since - a.since ||
        (a.key < b.key ? -1 : 1),
    )
}

/** Fresh addresses go in front; the oldest fall off. */
export function mergeAddresses(fresh: readonly string[], known: readonly string[]): readonly string[] {
  return [...new Set([...fresh, ...known])].slice(0, MAX_ADDRESSES_PER_PEER)
}
