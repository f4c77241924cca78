import type { Connection } from '@libp2p/interface'
import { sessionOf } from '../channel/session.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import type { Host } from './libp2p-host.ts'
import { REPAIR_AFTER_CLOSE_MS, REPAIR_CHECK_MS, STREAM_OPEN_TIMEOUT_MS } from './limits.ts'

export interface StreamRepairOptions {
  readonly host: Pick<Host, 'getConnections' | 'addEventListener' | 'removeEventListener' | 'services'>
  readonly clock: Clock
  /** Told how many connections had lost their gossip stream. */
  readonly repaired: () => void
}

/** Every protocol id of gossipsub begins so. */
const GOSSIP = '/meshsub/'

/**
 * Makes gossip streams anew. libp2p opens them when a peer is identified on its first connection and never again: when that
 * connection closes while another to the same peer is open (a renewed session), or the stream alone dies, gossip with that
 * peer would be over without a word. Identifying the peer again over the connection that is left starts it anew.
 *
 * It looks when a connection closes and, since edges get lost, every so often.
 */
export function createStreamRepair(options: StreamRepairOptions): { start(): void; stop(): void } {
  const { host, clock } = options
  const timers = new Set<Timer>()
  const busy = new WeakSet<Connection>()
  let running = false

  async function repair(): Promise<void> {
    // gossipsub forgets a peer whose stream to us fails, and only half closes its own stream to that peer
    const remembered = new Set(host.services.gossip.getPeers().map(String))
    const gossiping = new Set<string>()
    const silent = new Map<string, Connection>()
    for (const connection of host.getConnections()) {
      if (connection.status !== 'open' || connection.limits !== undefined || sessionOf(connection)?.isAccepted === false) continue
      const peer = connection.remotePeer.toString()
      const speaks = connection.streams.some(({ protocol, direction }) => direction === 'outbound' && protocol.startsWith(GOSSIP))
      if (speaks && remembered.has(peer)) gossiping.add(peer)
      else silent.set(peer, connection)
    }
    for (const [peer, connection] of silent) {
      if (gossiping.has(peer) || busy.has(connection)) continue
      busy.add(connection)
      try {
        await host.services.identify.identify(connection, { signal: AbortSignal.timeout(STREAM_OPEN_TIMEOUT_MS) })
        options.repaired()
      } catch {
        // the connection is going or the peer is slow: the next look tries again
      } finally {
        busy.delete(connection)
      }
    }
  }

  function after(ms: number, again: boolean): void {
    const timer = clock.after(ms, () => {
      timers.delete(timer)
      void repair().finally(() => {
        if (again && running) after(ms, true)
      })
    })
    timers.add(timer)
  }

  const onClose = (event: CustomEvent<Connection>): void => {
    const peer = event.detail.remotePeer
    if (host.getConnections(peer).some(({ status }) => status === 'open')) after(REPAIR_AFTER_CLOSE_MS, false)
  }

  return {
    start() {
      running = true
      host.addEventListener('connection:close', onClose)
      after(REPAIR_CHECK_MS, true)
    },
    stop() {
      running = false
      host.removeEventListener('connection:close', onClose)
      for (const timer of timers) timer.cancel()
      timers.clear()
    },
  }
}
