import type { Connection } from '@libp2p/interface'
import { X0_PROTOCOL } from '../channel/profile.ts'
import { sessionOf } from '../channel/session.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Report } from '../observe/event.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import { type CatchUpEvent, type CatchUpState, catchUpDue, catchUpStep, initialCatchUp, type Moment } from './catch-up-core.ts'
import type { Host } from './libp2p-host.ts'
import { REIDENTIFY_TRIES, REIDENTIFY_WAIT_MS, STREAM_OPEN_TIMEOUT_MS } from './limits.ts'
import { LIVENESS_PROTOCOL } from './liveness-frame.ts'
import { SYNC_PROTOCOL } from './trust-sync-wire.ts'

export interface CatchUpOptions {
  readonly host: Pick<Host, 'getConnections' | 'addEventListener' | 'removeEventListener' | 'services'>
  readonly clock: Clock
  readonly report: Report
  /** This node is the only member: nobody else could have revoked anybody. */
  readonly alone: boolean
  /** A revocation on the disk could not be read. */
  readonly damaged: boolean
  readonly isMember: (x0Id: Uint8Array) => boolean
  /** Judges a fenced connection before it is opened, and closes it where its far end may not be a peer any more. */
  readonly rejudge: (connection: Connection) => boolean
  /** Everybody is to be synced with anew. */
  readonly onFence: () => void
}

/** As `status` shows it. */
export interface CatchUpView {
  readonly level: boolean
  /** Wall clock ms since when. */
  readonly since: number
  /** X0 id (text) of the peer whose sync ended the catching up; undefined while it lasts and where there was none. */
  readonly syncedWith: string | undefined
}

export interface CatchUp {
  /** Call it before the host listens: no connection may open before it. */
  start(): void
  stop(): void
  contact(): void
  synced(x0Id: Uint8Array): void
  revoked(x0Id: Uint8Array): void
  isLevel(): boolean
  view(): CatchUpView
}

/** What runs on a fenced connection: it tells nothing but what an admitted peer learned in the handshake, and the time. */
const OPEN_TO_ALL = ['/ipfs/id/', '/ipfs/ping/', LIVENESS_PROTOCOL, SYNC_PROTOCOL]

/**
 * Executes catch-up-core.ts over libp2p. While this node catches up each connection of the network is what libp2p calls
 * limited: it then refuses, in both directions, every stream protocol that does not ask to run on such connections, and tells
 * neither gossip nor the DHT of the peer. Afterwards the same connections are opened and their peers identified anew, which
 * tells both. Sessions of interop encrypters are fenced by interop-fence.ts and stay so.
 */
export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { host, clock } = options
  const fenced = new Set<Connection>()
  const retries = new Set<Timer>()
  let state: CatchUpState = initialCatchUp(options, now())
  let timer: Timer | undefined
  let isRunning = false
  /** Revocations that were news, since the catching up began. */
  let learned = 0

  function now(): Moment {
    return { monotonic: clock.monotonic(), wall: clock.now() }
  }

  function step(event: CatchUpEvent): void {
    if (!isRunning) return
    const result = catchUpStep(state, event, now())
    state = result.state
    for (const effect of result.effects) {
      if (effect.type === 'fence') fenceAll()
      else {
        const data = { tookMs: Math.round(effect.tookMs), with: effect.with, member: effect.isMember, learned }
        options.report({ type: 'trust.level', level: 'info', data })
        releaseAll()
      }
    }
    timer?.cancel()
    const due = catchUpDue(state)
    timer = Number.isFinite(due) ? clock.after(Math.max(1, due - clock.monotonic()), () => step({ type: 'tick' })) : undefined
  }

  function fenceAll(): void {
    learned = 0
    options.report({ type: 'trust.catching-up', level: 'info', data: { damaged: options.damaged } })
    for (const connection of host.getConnections()) fence(connection)
    options.onFence()
  }

  function fence(connection: Connection): void {
    if (connection.encryption !== X0_PROTOCOL || connection.limits !== undefined || connection.status !== 'open') return
    connection.limits = {}
    fenced.add(connection)
    connection.addEventListener('close', () => fenced.delete(connection), { once: true })
    for (const stream of connection.streams) {
      const isOpenToAll = OPEN_TO_ALL.some((prefix) => stream.protocol.startsWith(prefix))
      // one that is still being negotiated has no protocol yet, and meets the fence when it has
      if (!isOpenToAll && stream.protocol !== '') stream.abort(new Error('this node catches up with revocations'))
    }
  }

  function releaseAll(): void {
    const held = [...fenced]
    fenced.clear()
    for (const connection of held) {
      if (connection.status !== 'open' || !options.rejudge(connection)) continue
      delete connection.limits
      void introduce(connection, 1)
    }
    // The other ends were told of a peer that refused their streams: being identified anew, they open them again.
    if (held.length > 0) void host.services.identifyPush.push()
  }

  /** identify is how libp2p tells gossip, the DHT and our own parts of a peer; one stream of it may run at a time. */
  async function introduce(connection: Connection, attempt: number): Promise<void> {
    try {
      await sessionOf(connection)?.accepted
      await host.services.identify.identify(connection, { signal: AbortSignal.timeout(STREAM_OPEN_TIMEOUT_MS) })
    } catch {
      // it is going, or another identify is in progress; after the last try stream-repair.ts looks after it
      if (!isRunning || connection.status !== 'open' || attempt >= REIDENTIFY_TRIES) return
      const retry = clock.after(REIDENTIFY_WAIT_MS, () => {
        retries.delete(retry)
        void introduce(connection, attempt + 1)
      })
      retries.add(retry)
    }
  }

  const onOpen = (event: CustomEvent<Connection>): void => {
    if (event.detail.encryption !== X0_PROTOCOL) return
    // a gap must show before the first stream of this connection is served
    step({ type: 'tick' })
    if (!state.level) fence(event.detail)
  }

  return {
    start() {
      isRunning = true
      host.addEventListener('connection:open', onOpen)
      if (!state.level) options.report({ type: 'trust.catching-up', level: 'info', data: { damaged: options.damaged } })
    },
    stop() {
      isRunning = false
      host.removeEventListener('connection:open', onOpen)
      timer?.cancel()
      for (const retry of retries) retry.cancel()
      retries.clear()
    },
    contact: () => step({ type: 'contact' }),
    synced: (x0Id) => step({ type: 'synced', x0Id: formatX0Id(x0Id), isMember: options.isMember(x0Id) }),
    revoked(x0Id) {
      learned += 1
      step({ type: 'revoked', x0Id: formatX0Id(x0Id) })
    },
    isLevel: () => state.level,
    view: () => ({ level: state.level, since: state.since.wall, syncedWith: state.level ? state.syncedWith : undefined }),
  }
}

/** Whether one of these connections is open and fenced off for a while: libp2p takes it for none, and would dial again. */
export function isFencedOff(connections: readonly Connection[]): boolean {
  return connections.some(
    ({ status, encryption, limits }) => status === 'open' && encryption === X0_PROTOCOL && limits !== undefined,
  )
}
