import { MAX_TIMEOUT_MS } from './limits.ts'

/** What the attesters take for granted of the network while it is well; decisions are never wrong where it is not, only late. */
export interface Timing {
  /** delta, ms: how long a message takes from one honest attester to all others, its processing included. */
  readonly deltaMs: number
  /** epsilon, ms: twice the largest difference between the clocks of two honest attesters. */
  readonly epsilonMs: number
}

/** A time as a core needs it. */
export interface Moment {
  /** Wall clock, whole ms: for deadlines, which are agreed. */
  readonly wall: number
  /** Ms that never go back: for timeouts. */
  readonly monotonic: number
}

/** From a deadline, when a proposer has all that an honest attester had before it: delta + epsilon / 2. */
export function cutDelay({ deltaMs, epsilonMs }: Timing): number {
  return deltaMs + epsilonMs / 2
}

/** From a deadline, when every honest attester has all that an honest proposer had at its cut: 2 delta + epsilon. */
export function lateAfter({ deltaMs, epsilonMs }: Timing): number {
  return 2 * deltaMs + epsilonMs
}

/** For the proposal of a round: the proposer's wait for its cut, the way of its message, and a delta to spare. */
export function proposeTimeout(timing: Timing, round: number): number {
  return grown(3 * timing.deltaMs + timing.epsilonMs, timing, round)
}

/** From more than two thirds of any votes, for those that agree. */
export function voteTimeout(timing: Timing, round: number): number {
  return grown(2 * timing.deltaMs, timing, round)
}

/** How often an attester says what it has, so that others send what it lacks. */
export function summaryInterval({ deltaMs }: Timing): number {
  return 3 * deltaMs
}

/** Rounds grow by delta each, so that one is long enough whatever delta truly is. */
function grown(base: number, { deltaMs }: Timing, round: number): number {
  return Math.min(base + round * deltaMs, Math.max(base, MAX_TIMEOUT_MS))
}
