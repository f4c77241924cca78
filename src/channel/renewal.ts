import { RENEW_AFTER_MS, RENEW_JITTER } from './limits.ts'

/** A session as the renewal schedule sees it. */
export interface RenewableSession {
  readonly id: string
  /** Wall clock, ms, when its handshake ended. */
  readonly since: number
  /** Only the side that dialled renews, so that the two do not cross. */
  readonly role: 'initiator' | 'responder'
}

/**
 * When a session is to be replaced by a fresh handshake, in ms of the wall clock: after `afterMs`, less a share of up to a
 * tenth that depends on the session's id, so that sessions made together are not renewed together.
 */
export function renewAt(session: RenewableSession, afterMs: number = RENEW_AFTER_MS): number {
  return session.since + afterMs * (1 - RENEW_JITTER * share(session.id))
}

/** The sessions that are due, oldest first: renewed one by one, so that a renewal never takes every link at once. */
export function dueForRenewal<T extends RenewableSession>(
  sessions: readonly T[],
  now: number,
  afterMs: number = RENEW_AFTER_MS,
): T[] {
  return sessions
    .filter((session) => session.role === 'initiator' && renewAt(session, afterMs) <= now)
    .sort((one, other) => one.since - other.since)
}

/** A number in [0, 1) that is always the same for `id` (FNV-1a, 32 bit). */
function share(id: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193) >>> 0
  return hash / 2 ** 32
}
