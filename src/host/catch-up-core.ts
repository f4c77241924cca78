import { CATCH_UP_AWAY_MS, CATCH_UP_GRACE_MS, MAX_CATCH_UP_HEARD } from './limits.ts'

/** One moment by both clocks, ms. The monotonic one stands still while the machine sleeps, the wall clock may jump. */
export interface Moment {
  readonly monotonic: number
  readonly wall: number
}

/** Whether this node knows of all revocations that its network told while it was away, as far as it can know. */
export type CatchUpState = CatchingUp | Level

interface Common {
  /** When this state began. */
  readonly since: Moment
  /** When a peer was last at the other end of a connection; the start where none was yet. */
  readonly contactAt: Moment
  /** Nobody but this node can revoke: there is nothing to catch up with, ever. */
  readonly alone: boolean
}

export interface CatchingUp extends Common {
  readonly level: false
  /** X0 ids (text) of peers that a sync was completed with since then, the newest last. */
  readonly heard: readonly string[]
}

export interface Level extends Common {
  readonly level: true
  /** X0 id (text) of the peer whose sync ended the catching up; undefined where there was nothing to catch up with. */
  readonly syncedWith: string | undefined
}

export type CatchUpEvent =
  /** A connection to an admitted peer has opened, or is still open. */
  | { readonly type: 'contact' }
  /** A sync that this node began was completed with an admitted peer. */
  | { readonly type: 'synced'; readonly x0Id: string; readonly isMember: boolean }
  /** That node does not belong any more: what it said counts for nothing. */
  | { readonly type: 'revoked'; readonly x0Id: string }
  | { readonly type: 'tick' }

export type CatchUpEffect =
  /** Fence every connection off, and sync with whoever is there. */
  | { readonly type: 'fence' }
  /** Judge the fenced connections anew and open them. */
  | { readonly type: 'release'; readonly with: string; readonly isMember: boolean; readonly tookMs: number }

export interface CatchUpStep {
  readonly state: CatchUpState
  readonly effects: readonly CatchUpEffect[]
}

/**
 * @param alone this node is the only member, so nobody else could have revoked anybody
 * @param damaged a revocation on the disk could not be read: others must tell it again, whoever signed it
 */
export function initialCatchUp({ alone, damaged }: { alone: boolean; damaged: boolean }, now: Moment): CatchUpState {
  const common = { since: now, contactAt: now, alone }
  return alone && !damaged ? { ...common, level: true, syncedWith: undefined } : { ...common, level: false, heard: [] }
}

/**
 * `catching-up` ends with the first sync with a member. Where none has been synced with for 30 s, it ends as soon as a sync
 * with any admitted peer has been completed since it began. It begins again where this process met nobody for 10 min: it was
 * cut off, or slept, and missed what was told meanwhile.
 */
export function catchUpStep(before: CatchUpState, event: CatchUpEvent, now: Moment): CatchUpStep {
  const effects: CatchUpEffect[] = []
  let state = before
  // The gap shows with the first thing that happens after it, before that is given any weight.
  const wasAway = event.type !== 'revoked' && hasBeenAway(state, now)
  if (wasAway) {
    if (state.level) effects.push({ type: 'fence' })
    state = { level: false, since: now, contactAt: now, alone: state.alone, heard: [] }
  }
  switch (event.type) {
    case 'contact':
      state = { ...state, contactAt: now }
      break
    case 'synced':
      state = { ...state, contactAt: now }
      // a sync that was under way when the machine fell asleep tells what was known then
      if (state.level || wasAway) break
      state = { ...state, heard: [...state.heard.filter((x0Id) => x0Id !== event.x0Id), event.x0Id].slice(-MAX_CATCH_UP_HEARD) }
      if (event.isMember) return release(state, event.x0Id, true, now, effects)
      break
    case 'revoked':
      if (!state.level) state = { ...state, heard: state.heard.filter((x0Id) => x0Id !== event.x0Id) }
      break
    case 'tick':
      break
  }
  const newest = state.level ? undefined : state.heard.at(-1)
  if (newest !== undefined && now.monotonic >= graceEnd(state)) return release(state, newest, false, now, effects)
  return { state, effects }
}

/** When the next `tick` is needed, on the monotonic clock; infinity where none is. */
export function catchUpDue(state: CatchUpState): number {
  return state.level || state.heard.length === 0 ? Number.POSITIVE_INFINITY : graceEnd(state)
}

function graceEnd(state: CatchUpState): number {
  return state.since.monotonic + CATCH_UP_GRACE_MS
}

function hasBeenAway(state: CatchUpState, now: Moment): boolean {
  if (state.alone && state.level) return false
  const { contactAt } = state
  return Math.max(now.monotonic - contactAt.monotonic, now.wall - contactAt.wall) >= CATCH_UP_AWAY_MS
}

function release(state: CatchUpState, x0Id: string, isMember: boolean, now: Moment, effects: CatchUpEffect[]): CatchUpStep {
  const tookMs = now.monotonic - state.since.monotonic
  const { contactAt, alone } = state
  return {
    state: { level: true, since: now, contactAt, alone, syncedWith: x0Id },
    effects: [...effects, { type: 'release', with: x0Id, isMember, tookMs }],
  }
}
