import type { Connection } from '@libp2p/interface'
import { X0_PROTOCOL } from '../channel/profile.ts'
import { sessionOf } from '../channel/session.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import type { CountFault } from './counter.ts'
import type { Host } from './libp2p-host.ts'
import { LIVENESS_IDLE_MS, LIVENESS_PROBE_BURST, LIVENESS_PROBE_RATE, LIVENESS_URGENT_MS } from './limits.ts'
import {
  clockOffset,
  initialLiveness,
  type LivenessState,
  type LivenessVerdict,
  livenessStep,
  lossRatio,
} from './liveness-core.ts'
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
  /** Told of each probe: its round trip in ms, or undefined where it was lost. */
  readonly onProbe?: (rttMs: number | undefined) => void
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

interface Watch {
  state: LivenessState
  /** The stream in use; undefined while there is none. */
  frames: FrameStream | undefined
  timer: Timer | undefined
  /** Writes that the peer has not taken yet. */
  writing: number
}

/** One long-lived stream per direct connection, opened by the end that dialled; both ends probe and answer on it. */
export function createLiveness(options: LivenessOptions): Liveness {
  const { host, clock, count } = options
  const idleMs = options.idleMs ?? LIVENESS_IDLE_MS
  const watched = new Map<Connection, Watch>()
  const reopen = new Set<Timer>()
  let running = false

  function step(connection: Connection, watch: Watch, event: Parameters<typeof livenessStep>[1]): void {
    if (!running || !watched.has(connection)) return
    const now = clock.monotonic()
    const before = watch.state
    const result = livenessStep(before, event, now, options.random.fraction())
    watch.state = result.state
    observe(before, result.state)
    for (const effect of result.effects) {
      if (effect.type === 'probe') send(watch, encodeLiveness({ kind: 'probe', seq: effect.seq, t1: effect.t1 }))
      else if (effect.type === 'fault') count('liveness-invalid')
      else {
        options.onVerdict(connection, effect.verdict)
        if (effect.verdict === 'down') connection.abort(new Error('the peer answered no liveness probe'))
      }
    }
    watch.timer?.cancel()
    if (watch.state.verdict === 'down') return
    watch.timer = clock.after(Math.max(1, watch.state.dueAt - now), () =>
      step(connection, watch, { type: 'tick', wall: clock.now() }),
    )
  }

  /** Tells what a step measured: at most one answer, and each probe that ran out of time. */
  function observe(before: LivenessState, after: LivenessState): void {
    for (let lost = before.misses; lost < after.misses; lost += 1) options.onProbe?.(undefined)
    const newest = after.offsets.at(-1)
    if (newest !== undefined && newest !== before.offsets.at(-1)) options.onProbe?.(newest.rtt)
  }

  function send(watch: Watch, frame: Uint8Array): void {
    const { frames } = watch
    // Without a stream, or where the peer does not read, nothing goes out: the probe counts as sent, and is missed.
    if (frames === undefined || watch.writing >= 2) return
    watch.writing += 1
    void frames
      .write(frame)
      .catch((error: unknown) => frames.abort(error instanceof Error ? error : new Error('write failed')))
      .finally(() => {
        watch.writing -= 1
      })
  }

  /** A connection is judged from its first stream on until it closes: who resets the stream is silent, not excused. */
  function watchOf(connection: Connection): Watch {
    const known = watched.get(connection)
    if (known !== undefined) return known
    const watch: Watch = { state: initialLiveness(clock.monotonic(), idleMs), frames: undefined, timer: undefined, writing: 0 }
    watched.set(connection, watch)
    connection.addEventListener(
      'close',
      () => {
        watch.timer?.cancel()
        watched.delete(connection)
      },
      { once: true },
    )
    return watch
  }

  async function serve(connection: Connection, frames: FrameStream): Promise<void> {
    const watch = watchOf(connection)
    watch.frames = frames
    watch.writing = 0
    const replies = new TokenBucket(LIVENESS_PROBE_BURST, LIVENESS_PROBE_RATE, clock.monotonic())
    step(connection, watch, { type: 'tick', wall: clock.now() })
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
        if (frame.kind === 'reply')
          step(connection, watch, { type: 'reply', seq: frame.seq, t2: frame.t2, t3: frame.t3, wall: t2 })
        else if (!replies.take(clock.monotonic())) count('liveness-rate')
        else send(watch, encodeLiveness({ kind: 'reply', seq: frame.seq, t1: frame.t1, t2, t3: clock.now() }))
      }
    } finally {
      if (watch.frames === frames) watch.frames = undefined
    }
  }

  async function open(connection: Connection): Promise<void> {
    let retryMs = LIVENESS_URGENT_MS
    try {
      await sessionOf(connection)?.accepted
      // interop sessions are fenced off for good (interop-fence.ts): such a peer has no liveness stream
      const isForeign = connection.limits !== undefined && connection.encryption !== X0_PROTOCOL
      if (!running || connection.status !== 'open' || isForeign) return
      const frames = await openFrames(connection, LIVENESS_PROTOCOL, MAX_LIVENESS_FRAME_BYTES, { whileFenced: true })
      await serve(connection, frames).finally(() => frames.close())
    } catch (error) {
      // Software without our protocol (interop) is not asked again on this connection.
      if (error instanceof Error && error.cause instanceof Error && error.cause.name === 'UnsupportedProtocolError')
        retryMs = Number.POSITIVE_INFINITY
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
      // While this node catches up as well: it tells times only, as ping does, and whoever is silent must be noticed.
      const limits = { maxBytes: MAX_LIVENESS_FRAME_BYTES, maxStreams: 1, whileFenced: true }
      await serveFrames(host, LIVENESS_PROTOCOL, limits, count, (frames, connection) => serve(connection, frames))
    },
    stop() {
      running = false
      host.removeEventListener('connection:open', onOpen)
      for (const timer of reopen) timer.cancel()
      reopen.clear()
      for (const { timer } of watched.values()) timer?.cancel()
      watched.clear()
    },
    of(connection) {
      const state = watched.get(connection)?.state
      if (state === undefined) return undefined
      return { verdict: state.verdict, rttMs: state.rtt, lossRatio: lossRatio(state), clockOffsetMs: clockOffset(state) }
    },
  }
}
