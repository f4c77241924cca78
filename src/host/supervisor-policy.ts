import type { RefusalCode } from '../channel/refusal.ts'
import {
  CANDIDATE_RETRY_MAX_MS,
  CANDIDATE_TRIES,
  JUDGED_RETRY_FIRST_MS,
  JUDGED_RETRY_MAX_MS,
  JUDGED_RETRY_MAX_WANTED_MS,
  KEEP_TRYING_MS,
  MAX_ADDRESSES_PER_PEER,
  RETRY_DENSE_MS,
  RETRY_FIRST_MS,
  RETRY_MAX_MS,
} from './limits.ts'
import { isUp, type PeerEntry } from './supervisor-state.ts'

/**
 * Refusals, ours or the peer's, that say who somebody is or where he belongs: they will be the same in 30 s.
 * `catching-up` is none of them: it says to come back.
 */
const JUDGEMENTS: ReadonlySet<string> = new Set<RefusalCode>([
  'wrong-network',
  'not-admitted',
  'not-allowed',
  'revoked',
  'blocked',
  'credential-malformed',
  'credential-forged',
  'credential-expired',
  'credential-early',
  'credential-foreign',
  'credential-mismatch',
  'issuer-unknown',
])

/** True for a peer whose last try ended in a judgement. */
export function isJudged({ failures, lastError }: Pick<PeerEntry, 'failures' | 'lastError'>): boolean {
  return failures > 0 && lastError !== undefined && JUDGEMENTS.has(lastError.code)
}

/**
 * The wait before the next try, ms. After a judgement 5 s doubling, up to 1 min for a wanted peer and 10 min for others. At once
 * after a loss; every second (with jitter) for the first minute after a peer was up; else doubling up to 30 s, drawn from the
 * upper half, so that a restarted hub is not hit by all at once. `random` is in [0, 1).
 */
export function retryDelay(entry: PeerEntry, now: number, random: number): number {
  if (entry.failures === 0) return 0
  const doubled = (first: number, most: number): number =>
    Math.min(most, first * 2 ** Math.min(entry.failures - 1, 20)) * (0.5 + random / 2)
  if (isJudged(entry)) return doubled(JUDGED_RETRY_FIRST_MS, entry.wanted ? JUDGED_RETRY_MAX_WANTED_MS : JUDGED_RETRY_MAX_MS)
  if (entry.lastUpAt !== undefined && now - entry.lastUpAt < RETRY_DENSE_MS) return RETRY_FIRST_MS * (0.75 + random / 2)
  const most = entry.wanted || entry.lastUpAt !== undefined ? RETRY_MAX_MS : CANDIDATE_RETRY_MAX_MS
  return doubled(RETRY_FIRST_MS, most)
}

/** True for a peer that the operator keeps, by name and for good: a bootstrap line is a way in, no more. */
export function isPersistent({ wants }: PeerEntry): boolean {
  return wants.some(({ source }) => source !== 'bootstrap')
}

/** True for a peer that is still of interest while it is down. */
export function isWorthTrying(entry: PeerEntry, now: number): boolean {
  if (entry.wanted) return true
  if (entry.lastUpAt !== undefined) return now - entry.lastUpAt < KEEP_TRYING_MS
  // forgotten, it would be found and tried anew at once
  if (isJudged(entry)) return now - entry.since < KEEP_TRYING_MS
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
