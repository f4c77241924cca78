import type { Overlay } from '../host/overlay.ts'
import { clockOffsetOf, meshPeerCount, routingTableSize } from '../host/overlay-metrics.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { HealthState } from '../observe/health.ts'
import type { Telemetry } from '../observe/telemetry.ts'
import type { Clock } from '../platform/clock.ts'
import { wallTimes } from '../platform/wall-times.ts'
import type { NetworkName } from '../trust/open-network.ts'
import type { AuditView } from './audit-view.ts'
import type { Self, Status } from './documents.ts'
import { runHandshake } from './handshake-operation.ts'
import type { NodeView } from './node-view.ts'
import { peersDocument } from './peer-documents.ts'
import { runPing } from './ping-operation.ts'
import type { PolicyView } from './policy-view.ts'
import { selfDocument } from './self-document.ts'
import { statusDocument } from './status-document.ts'

export interface RunningParts {
  readonly overlay: Overlay
  readonly telemetry: Telemetry
  readonly identity: NodeIdentity
  readonly network: NetworkName
  readonly version: string
  readonly backend: Self['backend']
  /** The home folder. */
  readonly home: string
  readonly clock: Clock
  readonly policy: PolicyView
  readonly audit: AuditView
  readonly health: () => HealthState
  /** False where only a new process can help. */
  readonly isLive: () => boolean
}

/** What the admin port shows of the parts of a node that runs. */
export function runningNodeView(parts: RunningParts): NodeView {
  const { overlay, telemetry, clock, version } = parts
  const { host, supervisor, channel } = overlay
  const x0Id = formatX0Id(parts.identity.x0Id)
  const startedAt = clock.monotonic()
  const wallClock = wallTimes(clock)
  const uptimeSeconds = (): number => Math.round((clock.monotonic() - startedAt) / 1000)
  return {
    events: telemetry.events,
    metrics: telemetry.metrics,
    policy: parts.policy,
    audit: parts.audit,
    health() {
      const { status, ready, checks } = parts.health()
      return {
        document: { schema: 'x0.health/v1', status, version, uptimeSeconds: uptimeSeconds(), checks: [...checks] },
        live: parts.isLive(),
        ready,
      }
    },
    self: () =>
      selfDocument({
        host,
        version,
        identity: parts.identity,
        x0Id,
        backend: parts.backend,
        networkId: parts.network.id,
        home: parts.home,
      }),
    status: () => Promise.resolve(statusOf(parts, x0Id, uptimeSeconds())),
    peers: () =>
      Promise.resolve(
        peersDocument({
          peers: supervisor.peers(),
          connections: host.getConnections(),
          liveness: overlay.liveness.of,
          wallClock,
        }),
      ),
    handshake: (request, signal) =>
      runHandshake({ encrypter: channel.encrypter, known: supervisor.peers, localX0Id: x0Id }, request, signal),
    ping(request, signal) {
      const since = clock.monotonic()
      const refusal = (peer: string) => channel.context.refusals.take(peer, since)
      return runPing({ host, known: supervisor.peers, encrypter: channel.encrypter, refusal }, request, signal)
    },
    logLevel: () => telemetry.log.level(),
    setLogLevel(level) {
      telemetry.report({ type: 'log.level-changed', level: 'info', data: { from: telemetry.log.level(), to: level } })
      telemetry.log.setLevel(level)
    },
  }
}

function statusOf(parts: RunningParts, x0Id: string, uptimeSeconds: number): Status {
  const { overlay, telemetry, identity, network } = parts
  const { host, supervisor, records, presence } = overlay
  const { dht, gossip } = host.services
  return statusDocument({
    version: parts.version,
    health: parts.health(),
    uptimeSeconds,
    peerId: identity.peerId,
    x0Id,
    network: { id: Buffer.from(network.id).toString('hex'), name: network.name },
    listen: host.getMultiaddrs().map(String),
    counts: supervisor.counts,
    peers: supervisor.peers(),
    connections: host.getConnections(),
    clockOffsetMs: clockOffsetOf(overlay) ?? null,
    dht: { mode: dht.getMode(), routingTable: routingTableSize(dht), records: records.size(parts.clock.now()) },
    gossip: { topics: gossip.getTopics(), meshPeers: meshPeerCount(gossip), presenceHeard: presence.heard().length },
    lag: telemetry.lag.read(),
    alarms: telemetry.alarms(),
  })
}
