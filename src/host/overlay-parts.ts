import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { formatX0Id } from '../identity/x0-id.ts'
import { within } from '../observe/instruments.ts'
import { DIAL_RESULTS } from '../observe/metric-labels.ts'
import type { Metrics } from '../observe/metrics.ts'
import { machineAddresses, plainAddresses } from './addresses.ts'
import { barsOf, followBlocks } from './barred-peers.ts'
import type { BlockBook } from './block-book.ts'
import type { ChannelSetup } from './channel-setup.ts'
import { createDiscovery } from './discovery.ts'
import { type HandlerRegistry, openNamedProtocols } from './interop-fence.ts'
import { serveJoinRequests } from './join-stream.ts'
import type { Host } from './libp2p-host.ts'
import { listen } from './listen-addresses.ts'
import { createLiveness, type Liveness } from './liveness.ts'
import type { OverlayOptions } from './overlay-options.ts'
import { createPresence, type Presence } from './presence.ts'
import { createRecordExchange } from './record-exchange.ts'
import { createRecordPublisher } from './record-publisher.ts'
import { RecordStore } from './record-store.ts'
import { createSessionRenewal, type SessionRenewal } from './session-renewal.ts'
import { createStreamRepair } from './stream-repair.ts'
import { createSupervisor, type PeerSupervisor } from './supervisor-runner.ts'
import type { Want } from './supervisor-state.ts'
import { createTrustParts, type TrustParts, type TrustPartsOptions } from './trust-parts.ts'

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
  readonly blocks: BlockBook
  /** Keeps these peers connected from now on; where a line states an x0 id, that is whom it must meet. */
  want(wants: readonly Want[]): void
  stop(): Promise<void>
}

/** All that runs on a host. Whoever calls this stops the host where it fails. */
export async function startParts(
  options: OverlayOptions,
  host: Host,
  channel: ChannelSetup,
  registry: () => HandlerRegistry | undefined,
): Promise<Overlay> {
  const { config, crypto, identity, clock, random, count, metrics, blocks } = options

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
  const supervisor = createSupervisor({
    host,
    counts: config.peers,
    wanted: options.wanted,
    bars: barsOf(blocks, clock),
    clock,
    random,
    report: options.report,
    expectIdentity: (peerId, x0Id) => options.onStated(peerId, x0Id, 'bootstrap'),
    forget: (peerId) => {
      host.peerStore.delete(peerIdFromString(peerId)).catch((error: unknown) => options.onError(error, 'forget a peer'))
    },
    search: () => discovery.search(),
    countDial: (result) => metrics.dials.inc({ result: within(DIAL_RESULTS, result) }),
    interfaces: machineAddresses,
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
  function state(wants: readonly Want[]): void {
    for (const { peerId, x0Id } of wants) {
      if (peerId !== undefined) options.pins.intend(peerId)
      if (peerId !== undefined && x0Id !== undefined) options.onStated(peerId, x0Id, 'bootstrap')
    }
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
  let unfollow: () => void = () => undefined
  const stopParts = (): void => {
    unfollow()
    for (const part of parts) part.stop()
  }
  const onPeerChange = (): void => publisher.changed()
  try {
    state(options.wanted)
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
    unfollow = followBlocks(blocks, supervisor, clock)
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
    blocks,
    want(wants) {
      state(wants)
      supervisor.want(wants)
    },
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
