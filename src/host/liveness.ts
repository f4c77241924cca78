import type { Connection } from '@libp2p/interface'
import { sessionOf } from '../channel/session.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import type { CountFault } from './counter.ts'
import type { Host } from './libp2p-host.ts'
import { LIVENESS_IDLE_MS, LIVENESS_PROBE_BURST, LIVENESS_PROBE_RATE, LIVENESS_URGENT_MS } from './limits.ts'
import { clockOffset, initialLiveness, type LivenessState, type LivenessVerdict, livenessStep, lossRatio } from './liveness-core.ts'
import { decodeLiveness, encodeLiveness, LIVENESS_PROTOCOL, MAX_LIVENESS_FRAME_BYTES } from './liveness-frame.ts'
import { type FrameStream, openFrames, serveFrames } from './streams.ts'
import { TokenBucket } from './token-bucket.ts'

export interface LivenessOptions {
  readonly host: Host
  readonly clock: Clock
  readonly random: Random
  readonly count: CountFault
  /** Idle probe period, ms. */
  readonly idleMs?: number
  /** Called when the verdict on a connection changes; after `down` the connection is aborted. */
  readonly onVerdict: (connection: Connection, verdict: LivenessVerdict) => void
}

/** What the probes say of one connection. */
export interface LivenessView {
  readonly verdict: LivenessVerdict
  readonly rttMs: number | undefined
  /** 0 to 1 over the last 32 probes. */
  readonly lossRatio: number | undefined
  /** The peer's clock minus ours. */
  readonly clockOffsetMs: number | undefined
}

export interface Liveness {
  /** Registers the protocol; call it before the host starts. */
  start(): Promise<void>
  stop(): void
  of(connection: Connection): LivenessView | undefined
}

/** Silence that ends a stream: far longer than the verdict on a dead peer takes, which must come first. */
const SILENT_MS = 60_000
const SILENT_PERIODS = 6

/** One long-lived stream per direct connection, opened by the end that dialled; both ends probe and answer on it. */
export function createLiveness(options: LivenessOptions): Liveness {
  const { host, clock, count } = options
  const idleMs = options.idleMs ?? LIVENESS_IDLE_MS
  const watched = new Map<Connection, { state: LivenessState }>()
  const reopen = new Set<Timer>()
  let running = false

  async function watch(connection: Connection, frames: FrameStream): Promise<void> {
    // The measurements outlive a stream that had to be opened again.
    const held = watched.get(connection) ?? { state: initialLiveness(clock.monotonic(), idleMs) }
    watched.set(connection, held)
    connection.addEventListener('close', () => void watched.delete(connection), { once: true })
    const replies = new TokenBucket(LIVENESS_PROBE_BURST, LIVENESS_PROBE_RATE, clock.monotonic())
    let timer: Timer | undefined
    let ended = false
    let writing = 0

    function send(frame: Uint8Array): void {
      // A peer that does not read gets nothing more: the probe counts as sent, and is missed.
      if (writing >= 2) return
      writing += 1
      void frames.write(frame).then(
        () => {
          writing -= 1
        },
        (error: unknown) => frames.abort(error instanceof Error ? error : new Error('write failed')),
      )
    }

    function step(event: Parameters<typeof livenessStep>[1]): void {
      if (ended || !running) return
      const now = clock.monotonic()
      const result = livenessStep(held.state, event, now, options.random.fraction())
      held.state = result.state
      for (const effect of result.effects) {
        if (effect.type === 'probe') send(encodeLiveness({ kind: 'probe', seq: effect.seq, t1: effect.t1 }))
        else if (effect.type === 'fault') count('liveness-invalid')
        else {
          options.onVerdict(connection, effect.verdict)
          if (effect.verdict === 'down') connection.abort(new Error('the peer answered no liveness probe'))
        }
      }
      timer?.cancel()
      if (held.state.verdict !== 'down') timer = clock.after(Math.max(1, held.state.dueAt - now), () => step({ type: 'tick', wall: clock.now() }))
    }

    step({ type: 'tick', wall: clock.now() })
    try {
      for (;;) {
        const bytes = await frames.read(Math.max(SILENT_MS, SILENT_PERIODS * idleMs))
        if (bytes === undefined || !running) return
        const t2 = clock.now()
        const frame = decodeLiveness(bytes)
        if (frame === undefined) {
          count('liveness-invalid')
          return
        }
        if (frame.kind === 'reply') step({ type: 'reply', seq: frame.seq, t2: frame.t2, t3: frame.t3, wall: t2 })
        else if (!replies.take(clock.monotonic())) count('liveness-rate')
        else send(encodeLiveness({ kind: 'reply', seq: frame.seq, t1: frame.t1, t2, t3: clock.now() }))
      }
    } finally {
      ended = true
      timer?.cancel()
    }
  }

  async function open(connection: Connection): Promise<void> {
    let retryMs = 10 * LIVENESS_URGENT_MS
    try {
      await sessionOf(connection)?.accepted
      if (!running || connection.status !== 'open') return
      const frames = await openFrames(connection, LIVENESS_PROTOCOL, MAX_LIVENESS_FRAME_BYTES)
      await watch(connection, frames).finally(() => frames.close())
    } catch (error) {
      // Software without our protocol (interop) is not asked again on this connection.
      if (error instanceof Error && error.cause instanceof Error && error.cause.name === 'UnsupportedProtocolError') retryMs = Number.POSITIVE_INFINITY
    }
    if (!running || connection.status !== 'open' || !Number.isFinite(retryMs)) return
    const timer = clock.after(retryMs, () => {
      reopen.delete(timer)
      void open(connection)
    })
    reopen.add(timer)
  }

  const onOpen = (event: CustomEvent<Connection>): void => {
    if (event.detail.direction === 'outbound') void open(event.detail)
  }

  return {
    async start() {
      running = true
      host.addEventListener('connection:open', onOpen)
      const limits = { maxBytes: MAX_LIVENESS_FRAME_BYTES, maxStreams: 1 }
      await serveFrames(host, LIVENESS_PROTOCOL, limits, count, (frames, connection) => watch(connection, frames))
    },
    stop() {
      running = false
      host.removeEventListener('connection:open', onOpen)
      for (const timer of reopen) timer.cancel()
      reopen.clear()
      watched.clear()
    },
    of(connection) {
      const held = watched.get(connection)
      if (held === undefined) return undefined
      const { state } = held
      return { verdict: state.verdict, rttMs: state.rtt, lossRatio: lossRatio(state), clockOffsetMs: clockOffset(state) }
    },
  }
}
