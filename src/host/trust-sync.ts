import type { Connection } from '@libp2p/interface'
import { X0_PROTOCOL } from '../channel/profile.ts'
import { sessionOf } from '../channel/session.ts'
import { Slots } from '../channel/slots.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import type { CountFault } from './counter.ts'
import { HostError } from './host-error.ts'
import type { Host } from './libp2p-host.ts'
import {
  CATCH_UP_RETRY_MS,
  DIAL_TIMEOUT_MS,
  MAX_SYNC_FRAME_BYTES,
  MAX_SYNC_STREAMS,
  MAX_SYNCS_AT_ONCE,
  MAX_TRACKED_PEERS,
  SYNC_PERIOD_MS,
  SYNC_REQUEST_BURST,
  SYNC_REQUEST_RATE,
  SYNC_SPREAD_GAP_MS,
  SYNC_SPREAD_MS,
  SYNC_TIMEOUT_MS,
} from './limits.ts'
import type { RevocationLedger, RevocationObstacle } from './revocation-ledger.ts'
import { type FrameStream, openFrames, serveFrames } from './streams.ts'
import { KeyedBuckets } from './token-bucket.ts'
import { answerExchange, beginExchange, type ExchangeOutcome, type ExchangeParts } from './trust-exchange.ts'
import { decodeSync, encodeSync, SYNC_PROTOCOL } from './trust-sync-wire.ts'
import { UselessSubjects } from './useless-subjects.ts'

export interface TrustSyncOptions {
  readonly host: Pick<Host, 'getConnections' | 'handle' | 'addEventListener' | 'removeEventListener'>
  readonly clock: Clock
  readonly random: Random
  readonly count: CountFault
  readonly ledger: RevocationLedger
  /** Keeps and applies what is new. */
  readonly take: (bytes: Uint8Array) => Promise<'new' | RevocationObstacle>
  /** This node's own credential, as it shows it in handshakes. */
  readonly credential: () => Uint8Array | undefined
  /** Judges what a live peer shows. @returns whether it admits the bearer */
  readonly judge: (shown: { readonly x0Id: Uint8Array; readonly credential: Uint8Array }) => boolean
  /** While true, every peer that no sync was completed with is asked, whoever dialled, and again until one was. */
  readonly isCatchingUp: () => boolean
  /** A peer of the network is at the other end of a connection. */
  readonly onContact: () => void
  /** A sync that this node began is complete: it has all that this peer told of. */
  readonly onSynced: (x0Id: Uint8Array) => void
  /** A fault of our own. Must not throw. */
  readonly onError: (error: unknown) => void
  /** Closes a connection whose far end broke its word. */
  readonly cut: (connection: Connection, message: string) => void
}

export interface TrustSync {
  /** Registers the protocol; call it before the host starts. */
  start(): Promise<void>
  stop(): void
  /** Syncs with one peer now. @returns whether this node has all that the peer told of */
  syncWith(connection: Connection): Promise<boolean>
  /** Syncs with every peer soon, since there is news. */
  spread(): void
  /** Shows this node's credential, which is a new one, to every peer; who misses it is shown it later. */
  present(): Promise<void>
  /** Forgets with whom a sync was completed: catching up begins again. */
  restart(): void
}

interface Running {
  readonly done: Promise<boolean>
  /** There was news while it ran. */
  again: boolean
}

/**
 * Revocations over streams: what gossip did not bring. Level-triggered: whatever was missed shows in the digests of the next
 * exchange, on each new connection and every 30 s with one random peer. News travels at once, from each who learns it to all
 * its peers.
 */
export function createTrustSync(options: TrustSyncOptions): TrustSync {
  const { host, clock, count } = options
  const parts: ExchangeParts = { ledger: options.ledger, take: options.take, useless: new UselessSubjects(clock), count }
  const buckets = new KeyedBuckets(SYNC_REQUEST_BURST, SYNC_REQUEST_RATE, MAX_TRACKED_PEERS)
  const begun = new Slots(MAX_SYNCS_AT_ONCE)
  let serving = 0
  const open = new Set<FrameStream>()
  const running = new WeakMap<Connection, Running>()
  /** Since the catching up began. */
  let synced = new WeakSet<Connection>()
  const shown = new WeakMap<Connection, number>()
  let renewals = 0
  let renewedAt = Number.NEGATIVE_INFINITY
  let isRunning = false
  let timer: Timer | undefined
  let spreading: Timer | undefined
  let spreadAt = Number.NEGATIVE_INFINITY

  /** One connection for each peer of the network that accepted us, or that we accepted. */
  function peers(): Connection[] {
    const found = new Map<string, Connection>()
    for (const connection of host.getConnections())
      if (isOurs(connection)) found.set(connection.remotePeer.toString(), connection)
    return [...found.values()]
  }

  function syncWith(connection: Connection): Promise<boolean> {
    const earlier = running.get(connection)
    if (earlier !== undefined) {
      earlier.again = true
      return earlier.done
    }
    const current: Running = { done: untilLevel(), again: false }
    running.set(connection, current)
    return current.done

    async function untilLevel(): Promise<boolean> {
      // `current` is set by the time that this goes on
      await Promise.resolve()
      try {
        let outcome: ExchangeOutcome | undefined
        do {
          current.again = false
          outcome = await exchange(connection)
        } while (isRunning && (outcome === 'more' || (current.again && outcome === 'level')))
        return outcome === 'level'
      } finally {
        running.delete(connection)
      }
    }
  }

  /** One exchange; undefined where it failed. */
  async function exchange(connection: Connection): Promise<ExchangeOutcome | undefined> {
    if (!(await isAccepted(connection))) return undefined
    const x0Id = sessionOf(connection)?.remoteX0Id
    if (!isRunning || !isOurs(connection) || x0Id === undefined) return undefined
    await show(connection)
    try {
      const outcome = await begun.run(() => within(connection, (frames) => beginExchange(frames, parts)))
      if (outcome !== 'level') return outcome
      synced.add(connection)
      options.onSynced(x0Id)
      return outcome
    } catch (error) {
      blame(connection, error)
      return undefined
    }
  }

  /** Runs one dialogue on a stream of its own; it ends when it is over, fails, or takes too long. */
  async function within<Result>(connection: Connection, talk: (frames: FrameStream) => Promise<Result>): Promise<Result> {
    const frames = await openFrames(connection, SYNC_PROTOCOL, MAX_SYNC_FRAME_BYTES, { whileFenced: true })
    return await bounded(frames, talk, () => frames.close())
  }

  async function bounded<Result>(
    frames: FrameStream,
    talk: (frames: FrameStream) => Promise<Result>,
    finish: () => Promise<void>,
  ): Promise<Result> {
    const abort = (): void => frames.abort(new HostError('stream-timeout', 'a sync took too long'))
    const deadline = clock.after(SYNC_TIMEOUT_MS, abort)
    open.add(frames)
    try {
      const result = await talk(frames)
      await finish()
      return result
    } catch (error) {
      frames.abort(error instanceof Error ? error : new Error('a sync failed'))
      throw error
    } finally {
      deadline.cancel()
      open.delete(frames)
    }
  }

  /** Counts what a peer did wrong, and cuts off whoever lied. A peer that goes away in the middle is none. */
  function blame(connection: Connection, error: unknown): void {
    if (!(error instanceof HostError)) {
      options.onError(error)
      return
    }
    if (error.code === 'stream-timeout') count('frame-timeout')
    if (error.code !== 'bad-sync' && error.code !== 'frame-too-large') return
    if (!isRunning || connection.status !== 'open') return
    count('sync-invalid')
    options.cut(connection, error.message)
  }

  async function serve(frames: FrameStream, connection: Connection): Promise<void> {
    try {
      await bounded(
        frames,
        () => answer(frames, connection),
        async () => undefined,
      )
    } catch (error) {
      blame(connection, error)
    }
  }

  async function answer(frames: FrameStream, connection: Connection): Promise<void> {
    const bytes = await frames.read()
    if (bytes === undefined) return
    const frame = decodeSync(bytes)
    if (!buckets.take(connection.remotePeer.toString(), clock.monotonic())) {
      count('sync-rate')
      await frames.write(encodeSync({ kind: 'busy' }))
      return
    }
    if (frame.kind === 'hello') return await answerExchange(frames, frame, parts, place)
    if (frame.kind !== 'present') throw new HostError('bad-sync', `${frame.kind} at the start of a sync`)
    const x0Id = sessionOf(connection)?.remoteX0Id
    const isGood = x0Id !== undefined && options.judge({ x0Id, credential: frame.bytes })
    if (!isGood) count('credential-refused')
    await frames.write(encodeSync({ kind: isGood ? 'taken' : 'refused' }))
  }

  function place(): Disposable | undefined {
    if (serving >= MAX_SYNCS_AT_ONCE) return undefined
    serving += 1
    return {
      [Symbol.dispose]() {
        serving -= 1
      },
    }
  }

  /** Shows a renewed credential to a peer whose handshake may have seen the old one. */
  async function show(connection: Connection): Promise<void> {
    const credential = options.credential()
    const since = sessionOf(connection)?.since ?? 0
    const isOwed = shown.get(connection) !== renewals && since < renewedAt + DIAL_TIMEOUT_MS
    if (credential === undefined || !isOwed) return
    const current = renewals
    try {
      const isTold = await within(connection, async (frames) => {
        await frames.write(encodeSync({ kind: 'present', bytes: credential }))
        const bytes = await frames.read()
        // refused is an answer as well: showing it again would change nothing
        return bytes !== undefined && decodeSync(bytes).kind !== 'busy'
      })
      if (isTold) shown.set(connection, current)
    } catch (error) {
      blame(connection, error)
    }
  }

  const onOpen = (event: CustomEvent<Connection>): void => void meet(event.detail)
  async function meet(connection: Connection): Promise<void> {
    if (!(await isAccepted(connection)) || !isRunning || !isOurs(connection)) return
    options.onContact()
    // one of the two begins; who has been away asks for itself
    if (connection.direction === 'outbound' || options.isCatchingUp()) await syncWith(connection)
  }

  function beat(): void {
    const connections = peers()
    if (connections.length > 0) options.onContact()
    if (options.isCatchingUp()) {
      for (const connection of connections) if (!synced.has(connection)) void syncWith(connection)
    } else {
      const chosen = connections[Math.floor(options.random.fraction() * connections.length)]
      if (chosen !== undefined) void syncWith(chosen)
      for (const connection of connections) if (connection !== chosen) void show(connection)
    }
    schedule()
  }

  function schedule(): void {
    const period = options.isCatchingUp() ? CATCH_UP_RETRY_MS : SYNC_PERIOD_MS * (0.9 + options.random.fraction() / 5)
    timer?.cancel()
    timer = clock.after(period, beat)
  }

  return {
    async start() {
      isRunning = true
      host.addEventListener('connection:open', onOpen)
      const limits = { maxBytes: MAX_SYNC_FRAME_BYTES, maxStreams: MAX_SYNC_STREAMS, whileFenced: true }
      await serveFrames(host, SYNC_PROTOCOL, limits, count, serve)
      schedule()
    },
    stop() {
      isRunning = false
      host.removeEventListener('connection:open', onOpen)
      timer?.cancel()
      spreading?.cancel()
      for (const frames of open) frames.abort(new HostError('stream-ended', 'this node stops'))
    },
    syncWith,
    spread() {
      if (!isRunning || spreading !== undefined) return
      const wait = SYNC_SPREAD_MS * (1 + options.random.fraction())
      spreading = clock.after(Math.max(wait, spreadAt + SYNC_SPREAD_GAP_MS - clock.monotonic()), () => {
        spreading = undefined
        spreadAt = clock.monotonic()
        for (const connection of peers()) void syncWith(connection)
      })
    },
    async present() {
      renewals += 1
      renewedAt = clock.now()
      await Promise.all(peers().map(show))
    },
    restart() {
      synced = new WeakSet()
      if (!isRunning) return
      for (const connection of peers()) void syncWith(connection)
      schedule()
    },
  }
}

/** Whether the far end accepts us, once it has said so; where not, the channel counts it and closes the connection. */
async function isAccepted(connection: Connection): Promise<boolean> {
  try {
    await sessionOf(connection)?.accepted
    return true
  } catch {
    return false
  }
}

/** Whether a connection is one of the network that both ends accepted and that is up: those of interop encrypters never are. */
function isOurs(connection: Connection): boolean {
  return connection.status === 'open' && connection.encryption === X0_PROTOCOL && sessionOf(connection)?.isAccepted === true
}
