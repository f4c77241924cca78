import { clockOffsetOf, meshPeerCount, routingTableSize } from '../host/overlay-metrics.ts'
import type { Overlay } from '../host/overlay-parts.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { HealthState } from '../observe/health.ts'
import type { Telemetry } from '../observe/telemetry.ts'
import type { Clock } from '../platform/clock.ts'
import { wallTimes } from '../platform/wall-times.ts'
import type { NetworkName } from '../trust/open-network.ts'
import type { PolicyGate } from '../trust/policy/gate.ts'
import type { LivePolicy } from '../trust/policy/live-policy.ts'
import type { AccountsView } from './accounts-view.ts'
import type { AuditView } from './audit-view.ts'
import type { Self, Status } from './documents.ts'
import { runHandshake } from './handshake-operation.ts'
import type { Network } from './network-documents.ts'
import type { NodeView } from './node-view.ts'
import type { PeerControlView } from './peer-control-view.ts'
import { peersDocument } from './peer-documents.ts'
import { runPing } from './ping-operation.ts'
import { selfDocument } from './self-document.ts'
import { statusDocument } from './status-document.ts'

export interface RunningParts {
  /** The one of now: it changes with the network. */
  readonly overlay: () => Overlay
  readonly telemetry: Telemetry
  readonly accounts: AccountsView
  readonly identity: NodeIdentity
  readonly network: () => NetworkName
  readonly networkView: NodeView['network']
  readonly version: string
  readonly backend: Self['backend']
  readonly peerControl: PeerControlView
  /** The home folder. */
  readonly home: string
  readonly clock: Clock
  readonly access: RunningAccess
  readonly health: () => HealthState
  /** False where only a new process can help. */
  readonly isLive: () => boolean
}

/** The part of the composition root's Access that is shown. */
interface RunningAccess {
  readonly audit: AuditView
  readonly policy: Pick<LivePolicy, 'file' | 'current'>
  readonly gate: Pick<PolicyGate, 'explain'>
}

/** What the admin port shows of the parts of a node that runs. */
export function runningNodeView(parts: RunningParts): NodeView {
  const { overlay, telemetry, clock, version, access } = parts
  const x0Id = formatX0Id(parts.identity.x0Id)
  const startedAt = clock.monotonic()
  const wallClock = wallTimes(clock)
  const uptimeSeconds = (): number => Math.round((clock.monotonic() - startedAt) / 1000)
  return {
    accounts: parts.accounts,
    peerControl: parts.peerControl,
    events: telemetry.events,
    metrics: telemetry.metrics,
    network: parts.networkView,
    policy: {
      file: access.policy.file,
      current: () => access.policy.current,
      explain: (wish, at) => access.gate.explain(wish, at),
    },
    audit: access.audit,
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
        host: overlay().host,
        version,
        identity: parts.identity,
        x0Id,
        backend: parts.backend,
        networkId: parts.network().id,
        home: parts.home,
      }),
    status: () => Promise.resolve(statusOf(parts, x0Id, uptimeSeconds())),
    peers() {
      const { host, supervisor, liveness } = overlay()
      const sources = { peers: supervisor.peers(), connections: host.getConnections(), liveness: liveness.of, wallClock }
      return Promise.resolve(peersDocument(sources))
    },
    handshake(request, signal) {
      const { channel, supervisor } = overlay()
      return runHandshake({ encrypter: channel.encrypter, known: supervisor.peers, localX0Id: x0Id }, request, signal)
    },
    ping(request, signal) {
      const { host, channel, supervisor } = overlay()
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
  const { telemetry, identity } = parts
  const overlay = parts.overlay()
  const network = parts.network()
  const { host, supervisor, records, presence } = overlay
  const { dht, gossip } = host.services
  return statusDocument({
    version: parts.version,
    health: parts.health(),
    uptimeSeconds,
    peerId: identity.peerId,
    x0Id,
    belonging: belongingOf(parts.networkView.network()),
    network: { id: Buffer.from(network.id).toString('hex'), name: network.name },
    listen: host.getMultiaddrs().map(String),
    counts: supervisor.counts,
    peers: supervisor.peers(),
    blocked: overlay.blocks.list().length,
    connections: host.getConnections(),
    clockOffsetMs: clockOffsetOf(overlay) ?? null,
    dht: { mode: dht.getMode(), routingTable: routingTableSize(dht), records: records.size(parts.clock.now()) },
    gossip: { topics: gossip.getTopics(), meshPeers: meshPeerCount(gossip), presenceHeard: presence.heard().length },
    lag: telemetry.lag.read(),
    alarms: telemetry.alarms(),
  })
}

function belongingOf({ self, trust }: Network): Status['belonging'] {
  const { kind, spiffeId, groups, expiresAt } = self
  return { kind, spiffeId, groups, expiresAt, level: trust.level }
}
