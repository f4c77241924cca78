import type { Connection } from '@libp2p/interface'
import { sessionOf } from '../channel/session.ts'
import type { LivenessView } from '../host/liveness.ts'
import type { PeerEntry, PeerFailure } from '../host/supervisor-state.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Peer, Peers } from './documents.ts'

export interface PeerSources {
  readonly peers: readonly PeerEntry[]
  readonly connections: readonly Connection[]
  readonly liveness: (connection: Connection) => LivenessView | undefined
  /** What a monotonic time is on the wall clock, ms. */
  readonly wallClock: (monotonic: number) => number
}

/** Every peer that the supervisor knows, joined with what its connection and the probes say. */
export function peersDocument(sources: PeerSources): Peers {
  const byId = new Map(sources.connections.map((connection) => [connection.id, connection]))
  return { schema: 'x0.peers/v1', peers: sources.peers.map((entry) => peerDocument(sources, entry, byId)) }
}

function peerDocument(sources: PeerSources, entry: PeerEntry, connections: ReadonlyMap<string, Connection>): Peer {
  const iso = (monotonic: number): string => new Date(sources.wallClock(monotonic)).toISOString()
  const failure = (of: PeerFailure | undefined): Peer['lastError'] =>
    of === undefined ? null : { code: of.code, message: of.message, at: iso(of.at) }
  const live = entry.connections.find(({ id }) => connections.has(id))
  const connection = live === undefined ? undefined : connections.get(live.id)
  const facts = connection === undefined ? undefined : sessionOf(connection)
  const measured = connection === undefined ? undefined : sources.liveness(connection)
  // libp2p's own encrypter does not count: not known is not nothing
  const traffic = facts?.suite === 'noise-xx-classical' ? undefined : facts?.traffic
  const proven = facts?.remoteX0Id === undefined ? undefined : formatX0Id(facts.remoteX0Id)
  return {
    peerId: entry.peerId ?? null,
    x0Id: proven ?? entry.x0Id ?? null,
    state: entry.status,
    since: iso(entry.since),
    wanted: entry.wanted,
    source: entry.source,
    path: connection?.remoteAddr.toString() ?? null,
    direction: live?.direction ?? null,
    suite: facts?.suite ?? null,
    pqKeyExchange: facts?.pqKeyExchange ?? false,
    pqAuthenticated: facts?.pqAuthenticated ?? false,
    rttMs: measured?.rttMs ?? null,
    lossRatio: measured?.lossRatio ?? null,
    clockOffsetMs: measured?.clockOffsetMs ?? null,
    bytesIn: traffic?.received ?? null,
    bytesOut: traffic?.sent ?? null,
    connectedAt: live === undefined ? null : iso(live.since),
    lastError: failure(entry.lastError),
    downReason: failure(entry.downReason),
    nextRetryAt: entry.retryAt === undefined ? null : iso(entry.retryAt),
    addresses: [...entry.addresses],
  }
}
