import type { Connection } from '@libp2p/interface'
import { sessionOf } from '../channel/session.ts'
import type { PeerCounts, PeerEntry } from '../host/supervisor-state.ts'
import type { NodeEvent } from '../observe/event.ts'
import type { LoopLag } from '../observe/event-loop-lag.ts'
import type { HealthState } from '../observe/health.ts'
import type { Status } from './documents.ts'

export interface StatusSources {
  readonly version: string
  readonly health: HealthState
  readonly uptimeSeconds: number
  readonly peerId: string
  readonly x0Id: string
  readonly network: Status['network']
  readonly belonging: Status['belonging']
  readonly listen: readonly string[]
  readonly counts: PeerCounts
  readonly peers: readonly PeerEntry[]
  /** Blocks in force. */
  readonly blocked: number
  readonly connections: readonly Connection[]
  readonly clockOffsetMs: number | null
  readonly dht: Status['dht']
  readonly gossip: Status['gossip']
  readonly lag: LoopLag
  readonly alarms: readonly NodeEvent[]
}

/** GET /mesh/status from what the parts say at this moment. */
export function statusDocument(sources: StatusSources): Status {
  const { peers, connections } = sources
  const inState = (...states: PeerEntry['status'][]): number => peers.filter(({ status }) => states.includes(status)).length
  const sessions = connections.map(sessionOf).filter((facts) => facts !== undefined)
  const suites: Record<string, number> = {}
  for (const { suite } of sessions) suites[suite] = (suites[suite] ?? 0) + 1
  const memory = process.memoryUsage()
  return {
    schema: 'x0.status/v1',
    version: sources.version,
    status: sources.health.status,
    ready: sources.health.ready,
    uptimeSeconds: sources.uptimeSeconds,
    peerId: sources.peerId,
    x0Id: sources.x0Id,
    network: sources.network,
    belonging: sources.belonging,
    listen: [...sources.listen],
    peers: {
      known: peers.length,
      up: inState('up/direct'),
      suspect: inState('suspect'),
      down: inState('down'),
      never: inState('never'),
      blocked: sources.blocked,
      pqAuthenticated: new Set(sessions.filter(({ pqAuthenticated }) => pqAuthenticated).map(({ remotePeerId }) => remotePeerId))
        .size,
      min: sources.counts.min,
      target: sources.counts.target,
      max: sources.counts.max,
    },
    suites,
    dht: sources.dht,
    gossip: sources.gossip,
    clockOffsetMs: sources.clockOffsetMs,
    eventLoopLagMs: { p50: sources.lag.p50, p99: sources.lag.p99 },
    memoryBytes: { rss: memory.rss, heapUsed: memory.heapUsed },
    alarms: sources.alarms.map(alarmDocument),
    checks: [...sources.health.checks],
  }
}

function alarmDocument({ type, peer, at, data }: NodeEvent): Status['alarms'][number] {
  const message = Object.entries(data)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
  return { type, peer: peer ?? null, at: new Date(at).toISOString(), message }
}
