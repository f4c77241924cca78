import type { Connection, PeerInfo } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { FailedDial } from '../channel/recent-refusals.ts'
import { sessionOf } from '../channel/session.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Report } from '../observe/event.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import { plainAddresses, withoutPeerId } from './addresses.ts'
import { dialFailure } from './dial-failure.ts'
import type { Host } from './libp2p-host.ts'
import { DIAL_TIMEOUT_MS, NETWORK_POLL_MS } from './limits.ts'
import { initialSupervisor, nextDue, superviseStep } from './supervisor.ts'
import {
  type Bar,
  barOf,
  type PeerCounts,
  type PeerEntry,
  type PeerSource,
  type SupervisorEffect,
  type SupervisorEvent,
  type SupervisorState,
  type Want,
} from './supervisor-state.ts'

export interface SupervisorOptions {
  readonly host: Host
  readonly counts: PeerCounts
  readonly wanted: readonly Want[]
  /** Whom to leave alone from the start. */
  readonly bars: ReadonlyMap<string, Bar>
  readonly clock: Clock
  readonly random: Random
  readonly report: Report
  /** Makes the handshake with `peerId` insist on this x0 id (its text form); called before the dial. */
  readonly expectIdentity: (peerId: string, x0Id: string) => void
  /** Drops what libp2p keeps of a peer that was removed. */
  readonly forget: (peerId: string) => void
  /** Asks the network for more peers; what it finds comes back through `found`. */
  readonly search: () => void
  /** The addresses of this machine in one string; a change of it is a change of network. */
  readonly interfaces: () => string
  /** Counts a dial: `connected`, or the code of its failure. */
  readonly countDial: (result: string) => void
  /** A better explanation of a failed dial than libp2p's error, where somebody has one. */
  readonly explain?: (dial: FailedDial) => { code: string; message: string } | undefined
}

export interface PeerSupervisor {
  start(): void
  /** Ends timers and dials in flight; connections are left to the host. */
  stop(): void
  want(wants: readonly Want[]): void
  /** These lines ask no more; a peer that nothing asks for any more is forgotten as `forget` does it. */
  unwant(wants: readonly Want[]): void
  /** Hangs up, drops all that is known of the peer with this `key` of its entry, and leaves it alone for a while. */
  forget(key: string): void
  /** Nothing is dialled that has one of these ids, and what is connected goes at once. `until`: ms of the monotonic clock. */
  block(ids: readonly string[], until: number | undefined, message: string): void
  unblock(ids: readonly string[]): void
  /** True for a peer that `forget` let go a moment ago. */
  isRemoved(peerId: string): boolean
  found(peerId: string, addresses: readonly string[], source: PeerSource, x0Id?: string): void
  /** The liveness probes' verdict on one connection. */
  health(connection: Connection, verdict: 'suspect' | 'healthy'): void
  /** Notes why a connection is about to be closed, for `lastError`. */
  closing(connection: Connection, code: string, message: string): void
  networkChanged(): void
  /** All peers that are known; times are of the monotonic clock. */
  peers(): readonly PeerEntry[]
  readonly counts: PeerCounts
}

/** Executes the supervisor's effects over libp2p and tells it what happens there. */
export function createSupervisor(options: SupervisorOptions): PeerSupervisor {
  const { host, clock } = options
  let state: SupervisorState = initialSupervisor(options.counts, clock.monotonic(), options.bars)
  let timer: Timer | undefined
  let pollTimer: Timer | undefined
  let network = ''
  let running = false
  const dials = new Map<string, AbortController>()
  const closeReasons = new WeakMap<Connection, { code: string; message: string }>()

  function step(event: SupervisorEvent): void {
    if (!running) return
    const now = clock.monotonic()
    const result = superviseStep(state, event, now, options.random.fraction)
    state = result.state
    for (const effect of result.effects) execute(effect)
    timer?.cancel()
    const due = nextDue(state, now)
    timer = Number.isFinite(due) ? clock.after(Math.max(10, due - now), () => step({ type: 'tick' })) : undefined
  }

  function execute(effect: SupervisorEffect): void {
    switch (effect.type) {
      case 'dial':
        void dial(effect)
        return
      case 'hang-up':
        for (const connection of connectionsOf(effect.peerId)) {
          closeReasons.set(connection, { code: effect.reason, message: effect.message })
          // A blocked peer gets no time to end what it began.
          if (effect.reason === 'blocked') connection.abort(new Error(effect.message))
          else void connection.close({ signal: AbortSignal.timeout(1000) }).catch((error: Error) => connection.abort(error))
        }
        return
      case 'abandon':
        dials.get(effect.key)?.abort()
        dials.delete(effect.key)
        return
      case 'forget':
        options.forget(effect.peerId)
        return
      case 'search':
        options.search()
        return
      case 'state':
        reportState(effect.peer, effect.from)
    }
  }

  async function dial(effect: Extract<SupervisorEffect, { type: 'dial' }>): Promise<void> {
    const { key, peerId, x0Id, addresses } = effect
    const since = clock.monotonic()
    // One controller a dial, let go with it: AbortSignal.any over a long-lived signal leaks.
    const abort = new AbortController()
    const deadline = clock.after(DIAL_TIMEOUT_MS, () => abort.abort())
    dials.set(key, abort)
    // no more once it was abandoned: another dial may go by this key meanwhile
    const isWaitedFor = (): boolean => dials.get(key) === abort
    try {
      // the peer came meanwhile: libp2p may not be asked, it knows nothing of connections that are fenced off
      if (peerId !== undefined && connectionsOf(peerId).length > 0) {
        step({ type: 'dialled', key, peerId })
        return
      }
      if (peerId !== undefined && x0Id !== undefined) options.expectIdentity(peerId, x0Id)
      const targets = addresses.map((address) => multiaddr(peerId === undefined ? address : `${address}/p2p/${peerId}`))
      const connection = await host.dial(targets, { signal: abort.signal })
      await sessionOf(connection)?.accepted
      options.countDial('connected')
      if (isWaitedFor()) step({ type: 'dialled', key, peerId: connection.remotePeer.toString() })
    } catch (error) {
      const failure = options.explain?.({ peerId, addresses, since }) ?? dialFailure(error)
      options.countDial(failure.code)
      if (!isWaitedFor()) return
      step({ type: 'dial-failed', key, code: failure.code, message: failure.message })
      reportFailure(key)
    } finally {
      deadline.cancel()
      if (isWaitedFor()) dials.delete(key)
    }
  }

  function reportFailure(key: string): void {
    const peer = state.peers.get(key)
    if (!running || peer?.lastError === undefined || (peer.failures & (peer.failures - 1)) !== 0) return
    // The 1st, 2nd, 4th, 8th... failure in a row: a peer that is away for days does not fill the event log.
    const data = { code: peer.lastError.code, message: peer.lastError.message, failures: peer.failures, target: key }
    options.report({ type: 'peer.dial-failed', level: 'info', ...(peer.peerId === undefined ? {} : { peer: peer.peerId }), data })
  }

  function reportState(peer: PeerEntry, from: string | undefined): void {
    if (peer.peerId === undefined) return
    const common = { level: 'info', peer: peer.peerId } as const
    const connection = peer.connections[0]
    if (peer.status === 'never') {
      options.report({ ...common, type: 'peer.discovered', data: { source: peer.source } })
    } else if (peer.status === 'suspect') {
      options.report({ ...common, type: 'peer.suspect', level: 'warn', data: {} })
    } else if (peer.status === 'down') {
      options.report({
        ...common,
        type: 'peer.down',
        level: 'warn',
        data: { code: peer.lastError?.code ?? '', message: peer.lastError?.message ?? '' },
      })
    } else if (connection !== undefined) {
      options.report({
        ...common,
        type: 'peer.up',
        data: { address: connection.address, direction: connection.direction, was: from ?? 'never' },
      })
    }
  }

  function connectionsOf(peerId: string): Connection[] {
    return host.getConnections().filter((connection) => connection.remotePeer.toString() === peerId)
  }

  const onOpen = (event: CustomEvent<Connection>): void => void admit(event.detail)
  async function admit(connection: Connection): Promise<void> {
    const session = sessionOf(connection)
    try {
      await session?.accepted
    } catch {
      // The responder refused. An outbound dial reports it (above); the channel closes the connection and counts it.
      return
    }
    if (connection.status !== 'open') return
    const peerId = connection.remotePeer.toString()
    connection.addEventListener(
      'close',
      (close) => {
        const told = closeReasons.get(connection)
        const reason = told ?? closeReason(close.local === true, close.error)
        step({ type: 'disconnected', peerId, connectionId: connection.id, ...reason })
      },
      { once: true },
    )
    const x0Id = session?.remoteX0Id
    step({
      type: 'connected',
      peerId,
      connectionId: connection.id,
      address: withoutPeerId(connection.remoteAddr),
      direction: connection.direction,
      ...(x0Id === undefined ? {} : { x0Id: formatX0Id(x0Id) }),
    })
  }

  const onDiscovery = (event: CustomEvent<PeerInfo>): void => {
    supervisor.found(event.detail.id.toString(), plainAddresses(event.detail.multiaddrs), 'dht')
  }
  const onIdentify = (event: CustomEvent<{ peerId: { toString(): string }; listenAddrs: Multiaddr[] }>): void => {
    supervisor.found(event.detail.peerId.toString(), plainAddresses(event.detail.listenAddrs), 'inbound')
  }

  function pollNetwork(): void {
    const seen = options.interfaces()
    if (network !== '' && seen !== network) step({ type: 'network-changed' })
    network = seen
    pollTimer = clock.after(NETWORK_POLL_MS, pollNetwork)
  }

  const supervisor: PeerSupervisor = {
    counts: options.counts,
    start() {
      if (running) return
      running = true
      host.addEventListener('connection:open', onOpen)
      host.addEventListener('peer:discovery', onDiscovery)
      host.addEventListener('peer:identify', onIdentify)
      for (const connection of host.getConnections()) void admit(connection)
      pollNetwork()
      step({ type: 'want', wants: options.wanted })
    },
    stop() {
      running = false
      host.removeEventListener('connection:open', onOpen)
      host.removeEventListener('peer:discovery', onDiscovery)
      host.removeEventListener('peer:identify', onIdentify)
      timer?.cancel()
      pollTimer?.cancel()
      for (const dialInFlight of dials.values()) dialInFlight.abort()
    },
    want: (wants) => step({ type: 'want', wants }),
    unwant: (wants) => step({ type: 'unwant', wants }),
    forget: (key) => step({ type: 'forget', key }),
    block: (ids, until, message) => step({ type: 'block', ids, until, message }),
    unblock: (ids) => step({ type: 'unblock', ids }),
    isRemoved: (peerId) => barOf(state.bars, { peerId }, clock.monotonic())?.code === 'removed',
    found(peerId, addresses, source, x0Id) {
      if (peerId === host.peerId.toString()) return
      step({ type: 'found', peerId, addresses, source, ...(x0Id === undefined ? {} : { x0Id }) })
    },
    health: (connection, verdict) =>
      step({ type: verdict, peerId: connection.remotePeer.toString(), connectionId: connection.id }),
    closing: (connection, code, message) => void closeReasons.set(connection, { code, message }),
    networkChanged: () => step({ type: 'network-changed' }),
    peers: () => [...state.peers.values()],
  }
  return supervisor
}

function closeReason(local: boolean, error: Error | undefined): { code: string; message: string } {
  if (error !== undefined) {
    const { code, message } = dialFailure(error)
    return { code: code === 'handshake' ? 'reset' : code, message }
  }
  return local
    ? { code: 'closed-here', message: 'this node closed the connection' }
    : { code: 'closed-by-peer', message: 'the peer closed the connection' }
}
