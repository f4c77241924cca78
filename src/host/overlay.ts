import { networkInterfaces } from 'node:os'
import type { Connection } from '@libp2p/interface'
import type { ChannelEvent } from '../channel/channel-event.ts'
import type { Applicant } from '../channel/context.ts'
import type { Door } from '../channel/join-door.ts'
import type { PinBook, PinSource } from '../channel/pins.ts'
import type { RefusalCode } from '../channel/refusal.ts'
import type { Config } from '../config/schema.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import { parseBootstrapLine } from '../identity/bootstrap-line.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Report } from '../observe/event.ts'
import { within } from '../observe/instruments.ts'
import { DIAL_RESULTS } from '../observe/metric-labels.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Clock } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import { plainAddresses, wantedPeer } from './addresses.ts'
import { isFencedOff } from './catch-up.ts'
import { type ChannelSetup, setUpChannel } from './channel-setup.ts'
import { createConnectionGater, defaultInboundCaps } from './connection-gater.ts'
import type { CountFault } from './counter.ts'
import { createDiscovery } from './discovery.ts'
import { fenceInteropSessions, type HandlerRegistry, openNamedProtocols } from './interop-fence.ts'
import { serveJoinRequests } from './join-stream.ts'
import { createHost, type Host } from './libp2p-host.ts'
import { listen, listenAddresses } from './listen-addresses.ts'
import { createLiveness, type Liveness } from './liveness.ts'
import { createPresence, type Presence } from './presence.ts'
import { presenceTopic } from './presence-message.ts'
import { createRecordExchange } from './record-exchange.ts'
import { createRecordPublisher, type SequenceShelf } from './record-publisher.ts'
import { type RecordShelf, RecordStore } from './record-store.ts'
import { createSessionRenewal, type SessionRenewal } from './session-renewal.ts'
import { createStreamRepair } from './stream-repair.ts'
import { createSupervisor, type PeerSupervisor } from './supervisor-runner.ts'
import { trustTopic } from './trust-gossip.ts'
import { createTrustParts, type TrustOptions, type TrustParts, type TrustPartsOptions } from './trust-parts.ts'

export interface OverlayOptions {
  readonly config: Config
  /** Multiaddrs to accept peers on. */
  readonly listen: readonly string[]
  /** They were written by somebody: an address that cannot be had is then an error. */
  readonly listenIsWritten: boolean
  /** Bootstrap lines of peers to keep connected. */
  readonly bootstrap: readonly string[]
  readonly crypto: CryptoBackend
  readonly identity: NodeIdentity
  readonly networkId: Uint8Array
  /** First 12 hex digits of the network id. */
  readonly network: string
  readonly version: string
  readonly clock: Clock
  readonly random: Random
  readonly pins: PinBook
  /** What this node shows in its handshakes, and whom it turns away in theirs. */
  readonly credential: () => Uint8Array | undefined
  readonly admit: (applicant: Applicant) => RefusalCode | undefined
  /** Where others may ask to be let into the network; without it nobody can. */
  readonly door?: Door | undefined
  readonly datastorePath: string
  readonly records: RecordShelf
  readonly sequence: SequenceShelf
  readonly report: Report
  readonly onChannelEvent: (event: ChannelEvent) => void
  readonly count: CountFault
  readonly metrics: Metrics
  /** A statement about a peer's x0 id, from a bootstrap line or a record. */
  readonly onStated: (peerId: string, x0Id: string, source: PinSource) => void
  readonly onError: (error: unknown, during: string) => void
  /** Answers requests of the join exchange that peers send or bring. */
  readonly joinRequests?: (request: Uint8Array, from: Uint8Array) => Promise<Uint8Array>
  /** Of a closed network; without it there is nobody who could revoke. */
  readonly trust?: TrustOptions
}

/** The node's part in the mesh: a libp2p host with everything of ours that runs on it. */
export interface Overlay {
  readonly host: Host
  readonly channel: ChannelSetup
  readonly supervisor: PeerSupervisor
  readonly liveness: Liveness
  readonly presence: Presence
  readonly records: RecordStore
  readonly renewal: SessionRenewal
  /** In a closed network. */
  readonly trust: TrustParts | undefined
  stop(): Promise<void>
}

/**
 * Builds the parts, registers their protocols, and only then starts: libp2p pushes identify for each late one.
 * @throws HostError `listen-failed`, StoreError, CryptoError; nothing listens then, and the data store is closed
 */
export async function startOverlay(options: OverlayOptions): Promise<Overlay> {
  const { config, crypto, identity, clock, count } = options
  const channel = await setUpChannel({
    crypto,
    identity,
    networkId: options.networkId,
    clock,
    pins: options.pins,
    flood: config.security.handshake,
    timeoutMs: config.security.handshake.timeoutMs,
    interop: config.security.interop,
    credential: options.credential,
    admit: options.admit,
    door: options.door,
    report: options.onChannelEvent,
  })
  let registry: (() => HandlerRegistry) | undefined
  const caps = { ...defaultInboundCaps, open: config.limits.connectionsPerAddress }
  const topics = [presenceTopic(options.network), ...(options.trust === undefined ? [] : [trustTopic(options.network)])]
  const host: Host = await createHost({
    privateKey: identity.libp2pKey,
    listen: await listenAddresses(options.listen, options.listenIsWritten),
    announce: config.announce,
    encrypters: channel.factories.map((factory) => (components) => {
      // not there yet while libp2p is being built
      registry = () => components.registrar
      return factory(components)
    }),
    network: options.network,
    version: options.version,
    gater: {
      ...createConnectionGater({ clock, count, caps }),
      // libp2p counts a fenced connection as none, and would make another one for each ping and query
      denyDialPeer: (peerId) => isFencedOff(host.getConnections(peerId)),
    },
    maxConnections: config.peers.max * 2,
    gossip: { topics },
    datastorePath: options.datastorePath,
    mdns: config.discovery.mdns,
  })
  fenceInteropSessions(host)
  try {
    return await startParts(options, host, channel, () => registry?.())
  } catch (error) {
    await host.stop()
    throw error
  }
}

/** All that runs on a host. Whoever calls this stops the host where it fails. */
async function startParts(
  options: OverlayOptions,
  host: Host,
  channel: ChannelSetup,
  registry: () => HandlerRegistry | undefined,
): Promise<Overlay> {
  const { config, crypto, identity, clock, random, count, metrics } = options

  const liveness = createLiveness({
    host,
    clock,
    random,
    count,
    idleMs: config.liveness.idleSeconds * 1000,
    onProbe: (rttMs) => countProbe(metrics, rttMs),
    onVerdict: onLivenessVerdict,
  })
  const records = new RecordStore({
    backend: crypto,
    networkId: options.networkId,
    shelf: options.records,
    count,
    isRevoked,
    onRecord: (record) => {
      metrics.dhtStored.inc({})
      discovery.learned(record)
    },
    onConflict: ({ first }) =>
      options.report({ type: 'record.conflict', level: 'alarm', peer: first.peerId, data: { x0Id: formatX0Id(first.x0Id) } }),
    onError: (error) => options.onError(error, 'write a node record'),
  })
  channel.identities.follow(
    () => host.getConnections(),
    (peerId) => records.ofPeer(peerId, clock.now()),
  )
  const exchange = createRecordExchange({ host, store: records, clock, count, ownRecord: () => publisher.current() })
  const publisher = createRecordPublisher({
    backend: crypto,
    identity,
    networkId: options.networkId,
    clock,
    random,
    shelf: options.sequence,
    addresses: () => plainAddresses(host.getMultiaddrs()),
    neighbours,
    capabilities: [],
    publish: (record) => exchange.publish(record),
    onError: (error) => options.onError(error, 'publish the node record'),
  })
  const presence = createPresence({
    host,
    backend: crypto,
    identity,
    networkId: options.networkId,
    network: options.network,
    version: options.version,
    clock,
    random,
    count,
    isRevoked,
    keysOf: (x0Id) => records.get(x0Id, clock.now()),
    fetchKeys: async (from, x0Id) => {
      const connection = host.getConnections(from)[0]
      return connection === undefined ? undefined : await exchange.askFor(connection, x0Id)
    },
    countGossip: (result) => metrics.gossip.inc({ result }),
    onError: (error) => options.onError(error, 'send a presence message'),
  })
  const wanted = options.bootstrap.map((line) => wantedPeer(parseBootstrapLine(line)))
  for (const { peerId, x0Id } of wanted) {
    if (peerId !== undefined) options.pins.intend(peerId)
    if (peerId !== undefined && x0Id !== undefined) options.onStated(peerId, x0Id, 'bootstrap')
  }
  const supervisor = createSupervisor({
    host,
    counts: config.peers,
    wanted,
    clock,
    random,
    report: options.report,
    expectIdentity,
    search: () => discovery.search(),
    countDial: (result) => metrics.dials.inc({ result: within(DIAL_RESULTS, result) }),
    interfaces,
    explain: (dial) => channel.context.refusals.of(dial),
  })
  const discovery = createDiscovery({
    host,
    store: records,
    exchange,
    clock,
    random,
    x0Id: identity.x0Id,
    found: (...known) => supervisor.found(...known),
  })
  const renewal = createSessionRenewal({
    host,
    clock,
    afterMs: config.security.renewAfterHours * 3_600_000,
    report: options.report,
    count: (result) => metrics.renewals.inc({ result }),
  })
  const repair = createStreamRepair({ host, clock, repaired: () => undefined })
  const trust =
    options.trust === undefined ? undefined : createTrustParts({ ...options, ...options.trust, host, ...ofRevokedNodes() })

  /** What the trust parts need of the others. */
  function ofRevokedNodes(): Pick<TrustPartsOptions, 'x0Id' | 'countGossip' | 'closing' | 'peerIdsOf' | 'dropNode' | 'dropPeer'> {
    return {
      x0Id: identity.x0Id,
      countGossip: (result) => metrics.gossip.inc({ result }),
      closing: (connection, code, message) => supervisor.closing(connection, code, message),
      peerIdsOf: (x0Id) =>
        supervisor.peers().flatMap((peer) => (peer.x0Id === x0Id && peer.peerId !== undefined ? [peer.peerId] : [])),
      dropNode(x0Id) {
        presence.forget(x0Id)
        void records.remove(x0Id).catch((error: unknown) => options.onError(error, 'delete a node record'))
      },
      // The supervisor may try again; it meets the refusal of the handshake.
      dropPeer: () => undefined,
    }
  }

  function isRevoked(x0Id: Uint8Array): boolean {
    return options.trust?.ledger.has(x0Id) === true
  }

  function neighbours(): Uint8Array[] {
    const known = supervisor.peers().filter(({ connections }) => connections.length > 0)
    return known
      .flatMap(({ peerId }) => (peerId === undefined ? [] : [records.ofPeer(peerId, clock.now())?.x0Id]))
      .filter((id) => id !== undefined)
  }

  /** What an operator wrote is insisted on. A record's claim is not: whoever can forge a peer id can sign a record for it. */
  function expectIdentity(peerId: string, x0Id: string): void {
    if (wanted.some((peer) => peer.peerId === peerId && peer.x0Id === x0Id)) options.onStated(peerId, x0Id, 'bootstrap')
  }

  function onLivenessVerdict(connection: Connection, verdict: 'healthy' | 'suspect' | 'down'): void {
    if (verdict === 'down') supervisor.closing(connection, 'liveness', 'it stopped answering probes')
    else supervisor.health(connection, verdict)
  }

  const parts = [
    repair,
    renewal,
    supervisor,
    discovery,
    presence,
    publisher,
    liveness,
    exchange,
    ...(trust === undefined ? [] : [trust]),
  ]
  const stopParts = (): void => {
    for (const part of parts) part.stop()
  }
  const onPeerChange = (): void => publisher.changed()
  try {
    await records.load(clock.now())
    await trust?.prepare()
    if (options.joinRequests !== undefined)
      await serveJoinRequests({ host, count, now: () => clock.monotonic(), answer: options.joinRequests })
    await exchange.start()
    await liveness.start()
    const handlers = registry()
    if (handlers !== undefined) await openNamedProtocols(handlers, host.getProtocols(), config.security.interop)
    await listen(host)
    await publisher.start()
    presence.start()
    trust?.start()
    discovery.start()
    supervisor.start()
    renewal.start()
    repair.start()
  } catch (error) {
    stopParts()
    throw error
  }
  for (const type of ['connection:open', 'connection:close', 'self:peer:update'] as const)
    host.addEventListener(type, onPeerChange)

  return {
    host,
    channel,
    supervisor,
    liveness,
    presence,
    records,
    renewal,
    trust,
    async stop() {
      stopParts()
      await host.stop()
    },
  }
}

function countProbe(metrics: Metrics, rttMs: number | undefined): void {
  metrics.linkProbes.inc({ result: rttMs === undefined ? 'lost' : 'answered' })
  if (rttMs !== undefined) metrics.linkRtt.observe({}, rttMs / 1000)
}

/** The addresses of this machine in one string: a change of it is a change of network. */
function interfaces(): string {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .sort()
    .join()
}
