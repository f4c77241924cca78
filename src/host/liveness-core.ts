import {
  LIVENESS_DOWN_AFTER,
  LIVENESS_IDLE_MS,
  LIVENESS_LAG_MS,
  LIVENESS_LOSS_WINDOW,
  LIVENESS_MAX_TIMEOUT_MS,
  LIVENESS_MIN_TIMEOUT_MS,
  LIVENESS_OFFSET_SAMPLES,
  LIVENESS_SUSPECT_AFTER,
  LIVENESS_URGENT_MS,
} from './limits.ts'

/** A probe that is not answered yet. */
interface Outstanding {
  readonly seq: number
  /** Monotonic ms. */
  readonly sentAt: number
  /** Wall clock ms: the t1 of NTP. */
  readonly sentWall: number
  readonly deadline: number
  /** Its deadline has been moved once because this process slept. */
  readonly forgiven: boolean
}

interface OffsetSample {
  readonly rtt: number
  readonly offset: number
}

export type LivenessVerdict = 'healthy' | 'suspect' | 'down'

/** What is known of one connection from its probes. Times are monotonic ms unless they say otherwise. */
export interface LivenessState {
  readonly idleMs: number
  readonly nextSeq: number
  readonly probeAt: number
  readonly outstanding: readonly Outstanding[]
  /** Misses in a row. */
  readonly misses: number
  readonly verdict: LivenessVerdict
  /** Smoothed round trip (RFC 6298's weights), ms. */
  readonly rtt: number | undefined
  readonly rttVariation: number
  /** The last probes, newest last: true where answered. */
  readonly answered: readonly boolean[]
  readonly offsets: readonly OffsetSample[]
  /** When the next step was due: a later one means that this process slept. */
  readonly dueAt: number
}

export type LivenessEvent =
  | { readonly type: 'tick'; readonly wall: number }
  | { readonly type: 'reply'; readonly seq: number; readonly t2: number; readonly t3: number; readonly wall: number }

export type LivenessEffect =
  | { readonly type: 'probe'; readonly seq: number; readonly t1: number }
  | { readonly type: 'verdict'; readonly verdict: LivenessVerdict }
  /** A reply that answers nothing or contradicts itself. */
  | { readonly type: 'fault' }

export interface LivenessStep {
  readonly state: LivenessState
  readonly effects: readonly LivenessEffect[]
}

/** A fresh connection; the first probe is due at once. */
export function initialLiveness(now: number, idleMs: number = LIVENESS_IDLE_MS): LivenessState {
  return {
    idleMs,
    nextSeq: 0,
    probeAt: now,
    outstanding: [],
    misses: 0,
    verdict: 'healthy',
    rtt: undefined,
    rttVariation: 0,
    answered: [],
    offsets: [],
    dueAt: now,
  }
}

/** Time that a probe may take: RFC 6298's formula between our bounds, ms. */
export function probeTimeout(state: LivenessState): number {
  const estimate = state.rtt === undefined ? LIVENESS_MAX_TIMEOUT_MS : state.rtt + 4 * state.rttVariation
  return Math.min(LIVENESS_MAX_TIMEOUT_MS, Math.max(LIVENESS_MIN_TIMEOUT_MS, estimate))
}

/**
 * One step: replies and the passing of time go in, probes to send and verdicts come out. `random` in [0, 1) jitters the
 * idle period by a tenth, so that the two ends and many links do not fall into step.
 */
export function livenessStep(before: LivenessState, event: LivenessEvent, now: number, random: number): LivenessStep {
  if (before.verdict === 'down') return { state: before, effects: [] }
  const effects: LivenessEffect[] = []
  let state = forgiveSleep(before, now)
  if (event.type === 'reply') state = onReply(state, event, now, effects)
  state = expire(state, now)
  state = judge(state, effects)
  if (state.verdict !== 'down' && now >= state.probeAt) {
    const seq = state.nextSeq
    effects.push({ type: 'probe', seq, t1: event.wall })
    const period = state.misses > 0 ? LIVENESS_URGENT_MS : state.idleMs * (0.9 + random / 5)
    const sent: Outstanding = { seq, sentAt: now, sentWall: event.wall, deadline: now + probeTimeout(state), forgiven: false }
    state = { ...state, nextSeq: (seq + 1) >>> 0, outstanding: [...state.outstanding, sent], probeAt: now + period }
  }
  const dueAt = state.outstanding.reduce((due, { deadline }) => Math.min(due, deadline), state.probeAt)
  return { state: { ...state, dueAt }, effects }
}

/**
 * Replies may lie unread in the socket after a sleep, so a deadline that passed meanwhile moves to a little after waking up:
 * once a probe, or a process that is always late would wait for ever for a peer that is gone.
 */
function forgiveSleep(state: LivenessState, now: number): LivenessState {
  const slept = now - state.dueAt
  if (slept < LIVENESS_LAG_MS || state.outstanding.length === 0) return state
  const outstanding = state.outstanding.map((probe) =>
    probe.forgiven ? probe : { ...probe, deadline: Math.max(probe.deadline, now + LIVENESS_LAG_MS), forgiven: true },
  )
  return { ...state, outstanding }
}

function onReply(
  state: LivenessState,
  reply: Extract<LivenessEvent, { type: 'reply' }>,
  now: number,
  effects: LivenessEffect[],
): LivenessState {
  const probe = state.outstanding.find(({ seq }) => seq === reply.seq)
  const held = reply.t3 - reply.t2
  if (probe === undefined) {
    // A reply that comes after its deadline is late, not a lie: its loss is counted already.
    if ((state.nextSeq - 1 - reply.seq) >>> 0 > LIVENESS_LOSS_WINDOW) effects.push({ type: 'fault' })
    return state
  }
  const elapsed = now - probe.sentAt
  // The peer cannot have held the probe for a negative time; its clock may tick a little faster than ours.
  if (held < 0 || held > elapsed + LIVENESS_LAG_MS) {
    effects.push({ type: 'fault' })
    return state
  }
  const sample = Math.max(0, elapsed - held)
  const offset = (reply.t2 - probe.sentWall + (reply.t3 - reply.wall)) / 2
  const rtt = state.rtt === undefined ? sample : state.rtt + (sample - state.rtt) / 8
  const rttVariation =
    state.rtt === undefined ? sample / 2 : state.rttVariation + (Math.abs(sample - state.rtt) - state.rttVariation) / 4
  return {
    ...state,
    outstanding: state.outstanding.filter((each) => each !== probe),
    misses: 0,
    probeAt: state.misses > 0 ? Math.min(state.probeAt + state.idleMs, now + state.idleMs) : state.probeAt,
    rtt,
    rttVariation,
    answered: [...state.answered, true].slice(-LIVENESS_LOSS_WINDOW),
    offsets: [...state.offsets, { rtt: sample, offset }].slice(-LIVENESS_OFFSET_SAMPLES),
  }
}

/** Probes whose time is over are misses; the next probe then goes out soon. */
function expire(state: LivenessState, now: number): LivenessState {
  const missed = state.outstanding.filter(({ deadline }) => deadline <= now).length
  if (missed === 0) return state
  return {
    ...state,
    outstanding: state.outstanding.filter(({ deadline }) => deadline > now),
    misses: state.misses + missed,
    answered: [...state.answered, ...new Array<boolean>(missed).fill(false)].slice(-LIVENESS_LOSS_WINDOW),
    probeAt: Math.min(state.probeAt, now),
  }
}

function judge(state: LivenessState, effects: LivenessEffect[]): LivenessState {
  const verdict = state.misses >= LIVENESS_DOWN_AFTER ? 'down' : state.misses >= LIVENESS_SUSPECT_AFTER ? 'suspect' : 'healthy'
  if (verdict === state.verdict) return state
  effects.push({ type: 'verdict', verdict })
  return { ...state, verdict }
}

/** Lost probes of the last 32, 0 to 1; undefined before the first result. */
export function lossRatio(state: LivenessState): number | undefined {
  if (state.answered.length === 0) return undefined
  return state.answered.filter((isAnswered) => !isAnswered).length / state.answered.length
}

/** The peer's wall clock minus ours, ms: the median over the quarter of the samples with the least round trip. */
export function clockOffset(state: LivenessState): number | undefined {
  if (state.offsets.length === 0) return undefined
  const best = [...state.offsets].sort((a, b) => a.rtt - b.rtt).slice(0, Math.ceil(state.offsets.length / 4))
  const offsets = best.map(({ offset }) => offset).sort((a, b) => a - b)
  return offsets[(offsets.length - 1) >> 1]
}
