import { loadOrCreateAdminToken } from './admin/admin-token.ts'
import { oneToken } from './admin/authentication.ts'
import { parseBindAddress } from './admin/bind.ts'
import type { Self } from './admin/documents.ts'
import { runHandshake } from './admin/handshake-operation.ts'
import type { NodeView } from './admin/node-view.ts'
import { peersDocument } from './admin/peer-documents.ts'
import { runPing } from './admin/ping-operation.ts'
import { ROUTE_LABELS } from './admin/route-table.ts'
import { selfDocument } from './admin/self-document.ts'
import { type AdminServer, openAdminServer } from './admin/server.ts'
import type { AdminSettings } from './admin/settings.ts'
import { statusDocument } from './admin/status-document.ts'
import type { PinSource } from './channel/pins.ts'
import { isExplicit, type LoadedConfig } from './config/origin.ts'
import { planReload, type ReloadPlan } from './config/reload.ts'
import type { Config } from './config/schema.ts'
import type { CryptoBackend } from './crypto/backend.ts'
import { cryptoBackend } from './crypto/select.ts'
import { startOverlay } from './host/overlay.ts'
import { healthChecks } from './host/overlay-health.ts'
import { clockOffsetOf, meshPeerCount, observeOverlay, routingTableSize } from './host/overlay-metrics.ts'
import { keepPin, loadPins } from './host/pin-shelf.ts'
import { openKeyStore } from './identity/key-store.ts'
import type { NodeIdentity } from './identity/node-identity.ts'
import { formatX0Id } from './identity/x0-id.ts'
import { countChannelEvent } from './observe/channel-metrics.ts'
import { reportChannelEvent } from './observe/channel-reports.ts'
import { EventLog } from './observe/event-log.ts'
import { EventLoopLag } from './observe/event-loop-lag.ts'
import { assessHealth, type HealthState, type Phase } from './observe/health.ts'
import { within } from './observe/instruments.ts'
import { HEALTH_CHECKS } from './observe/metric-labels.ts'
import { Metrics } from './observe/metrics.ts'
import { createReporter } from './observe/reporter.ts'
import { systemClock } from './platform/clock.ts'
import { LOG_LEVELS, type RootLog } from './platform/log.ts'
import { systemRandom } from './platform/random.ts'
import { releaseVersion } from './platform/release.ts'
import { writeApiFile } from './store/api-file.ts'
import { type Home, openHome } from './store/home.ts'
import { openNetwork, shortNetworkId } from './trust/open-network.ts'

export interface NodeOptions {
  /** The home folder; made where it is missing. */
  readonly home: string
  readonly config: LoadedConfig
  readonly log: RootLog
  /** Opens sealed keys. */
  readonly passphrase?: string
}

export interface RunningNode {
  describe(): Self
  status: NodeView['status']
  /** Applies what can be applied to a running node, and says what cannot. */
  reload(next: LoadedConfig): ReloadPlan
  /** Drains and stops; calling it again waits for the same end. */
  stop(reason: string): Promise<void>
  /** Resolves when the node has stopped, whoever stopped it. */
  readonly stopped: Promise<void>
}

/**
 * The composition root: builds every part, connects them, executes their effects. Resolves when the node listens.
 * @throws StoreError, IdentityError, CryptoError, HostError, AdminError as the parts do; nothing is left open then
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const home = await openHome(options.home, {
    onWriteFailure: (error) =>
      options.log.fatal({ err: error }, 'the store takes no more writes; free the disk and restart the node'),
  })
  try {
    return await startInHome(options, home)
  } catch (error) {
    await home.close()
    throw error
  }
}

async function startInHome(options: NodeOptions, home: Home): Promise<RunningNode> {
  const { log } = options
  let { config } = options.config
  const clock = systemClock
  const version = releaseVersion()
  const crypto = await cryptoBackend(config.security.backend)
  const identity = await openIdentity(crypto, options)
  const network = openNetwork(crypto)
  const token = await loadOrCreateAdminToken(home.paths.token)
  const lag = new EventLoopLag(clock)
  const events = new EventLog(clock)
  const metrics = new Metrics({ version, nodeVersion: process.version, backend: crypto.name, httpRoutes: ROUTE_LABELS, lag })
  const reporter = createReporter({ events, metrics, log })
  const { report } = reporter
  const startedAt = clock.monotonic()
  const x0Id = formatX0Id(identity.x0Id)
  let phase: Phase = 'starting'
  let storeFault: string | undefined

  const scrub = await home.store.scrub()
  for (const { namespace, key } of scrub.corrupt) damaged(namespace, key)
  const pinShelf = home.store.namespace('pins')
  const pins = await loadPins(pinShelf, (peerId) => damaged('pins', peerId))
  const own = home.store.namespace('own')

  function damaged(namespace: string, key: string): void {
    metrics.storeErrors.inc({ code: 'corrupt' })
    report({ type: 'store.corrupt', level: 'alarm', data: { namespace, key } })
  }

  function failed(error: unknown, during: string): void {
    log.error({ err: error }, `could not ${during}`)
  }

  function keep(peerId: string): void {
    keepPin(pinShelf, pins, peerId).catch((error: unknown) => {
      storeFault = 'a pin could not be written'
      metrics.storeErrors.inc({ code: 'io' })
      failed(error, 'write a pin')
    })
  }

  function onStated(peerId: string, stated: string, source: PinSource): void {
    const before = pins.get(peerId)
    if (pins.state(peerId, stated, source) !== 'conflict' || before === undefined) return
    const data = { code: 'x0-id-mismatch', seen: before.x0Id, stated, source }
    report({ type: 'pin.mismatch', level: 'alarm', peer: peerId, data })
    metrics.pinEvents.inc({ event: 'replaced' })
  }

  const overlay = await startOverlay({
    config,
    listenIsWritten: isExplicit(options.config, 'listen'),
    crypto,
    identity,
    networkId: network.id,
    network: shortNetworkId(network),
    version,
    clock,
    random: systemRandom,
    pins,
    datastorePath: home.paths.datastore,
    records: shelfOf(home, damaged),
    sequence: {
      load: async () => sequenceFrom(await own.get('record-sequence')),
      save: (sequence) => own.put('record-sequence', new TextEncoder().encode(sequence.toString()), { sync: true }),
    },
    report,
    onChannelEvent: (event) => {
      countChannelEvent(metrics, event)
      reportChannelEvent(report, event)
      if (event.type === 'pin-learned') keep(event.peerId)
    },
    count: (fault) => metrics.peerFaults.inc({ fault }),
    metrics,
    onStated,
    onError: failed,
  })
  observeOverlay(metrics, overlay, () => clock.now())
  countLogLines(metrics, log)
  const checks = healthChecks(overlay, lag, () => storeFault)
  const health = (): HealthState => assessHealth(phase, checks)
  metrics.onScrape(() => {
    const { ready, checks: results } = health()
    metrics.ready.set({}, ready ? 1 : 0)
    for (const { name, ok } of results) metrics.healthCheck.set({ check: within(HEALTH_CHECKS, name) }, ok ? 1 : 0)
  })

  const view: NodeView = {
    events,
    metrics,
    health() {
      const { status, ready, checks: results } = health()
      const uptimeSeconds = Math.round((clock.monotonic() - startedAt) / 1000)
      return { document: { schema: 'x0.health/v1', status, version, uptimeSeconds, checks: [...results] }, live: true, ready }
    },
    self: () =>
      selfDocument({
        host: overlay.host,
        version,
        identity,
        x0Id,
        backend: crypto.name,
        networkId: network.id,
        home: home.paths.home,
      }),
    status: () => Promise.resolve(status()),
    peers: () =>
      Promise.resolve(
        peersDocument({
          peers: overlay.supervisor.peers(),
          connections: overlay.host.getConnections(),
          liveness: overlay.liveness.of,
          wallClock: (monotonic) => clock.now() - (clock.monotonic() - monotonic),
        }),
      ),
    handshake: (request, signal) =>
      runHandshake({ encrypter: overlay.channel.encrypter, known: overlay.supervisor.peers, localX0Id: x0Id }, request, signal),
    ping: (request, signal) =>
      runPing(
        {
          host: overlay.host,
          known: overlay.supervisor.peers,
          expectIdentity: (peer, id) => onStated(peer, id, 'bootstrap'),
          refusal: (peer) => overlay.channel.context.refusals.take(peer),
        },
        request,
        signal,
      ),
    logLevel: () => log.level(),
    setLogLevel: (level) => {
      report({ type: 'log.level-changed', level: 'info', data: { from: log.level(), to: level } })
      log.setLevel(level)
    },
  }

  function status(): ReturnType<typeof statusDocument> {
    const { host, supervisor, records, presence } = overlay
    const topics = host.services.gossip.getTopics()
    return statusDocument({
      version,
      health: health(),
      uptimeSeconds: Math.round((clock.monotonic() - startedAt) / 1000),
      peerId: identity.peerId,
      x0Id,
      network: { id: Buffer.from(network.id).toString('hex'), name: network.name },
      listen: host.getMultiaddrs().map(String),
      counts: supervisor.counts,
      peers: supervisor.peers(),
      connections: host.getConnections(),
      clockOffsetMs: clockOffsetOf(overlay) ?? null,
      dht: { mode: host.services.dht.getMode(), routingTable: routingTableSize(host.services.dht), records: records.size(clock.now()) },
      gossip: {
        topics,
        meshPeers: meshPeerCount(host.services.gossip),
        presenceHeard: presence.heard().length,
      },
      lag: lag.read(),
      alarms: reporter.alarms(),
    })
  }

  let admin: AdminServer
  try {
    admin = await openAdmin(options.config, view, { token, version, log, report, socket: home.paths.socket })
    const self = view.self()
    await writeApiFile(home.paths, {
      schema: 'x0.api/v1',
      pid: process.pid,
      admin: admin.url,
      socket: admin.socketPath ?? null,
      tokenFile: home.paths.token,
      peerId: self.peerId,
      x0Id,
      addresses: self.addresses,
      bootstrap: self.bootstrap,
    })
  } catch (error) {
    await overlay.stop()
    lag.stop()
    metrics.close()
    throw error
  }
  phase = 'running'
  report({ type: 'node.started', level: 'info', data: { version, peerId: identity.peerId, x0Id, admin: admin.url } })

  const { promise: stopped, resolve: ended } = Promise.withResolvers<void>()
  let stopping: Promise<void> | undefined
  async function stop(reason: string): Promise<void> {
    phase = 'draining'
    report({ type: 'node.stopping', level: 'info', data: { reason } })
    events.close()
    await admin.close()
    await overlay.stop()
    lag.stop()
    metrics.close()
    await home.close()
    ended()
  }

  return {
    describe: view.self,
    status: view.status,
    reload(next) {
      const plan = planReload(config, next.config)
      config = next.config
      admin.configure(adminSettings(config))
      log.setLevel(config.log.level)
      report({
        type: 'config.reloaded',
        level: 'info',
        data: { applied: plan.live.join(' '), needsRestart: plan.restart.join(' ') },
      })
      return plan
    },
    stop(reason) {
      stopping ??= stop(reason)
      return stopping
    },
    stopped,
  }
}

/** The node's keys; a home without keys gets new ones. */
async function openIdentity(crypto: CryptoBackend, options: NodeOptions): Promise<NodeIdentity> {
  const keys = openKeyStore({ backend: crypto, random: systemRandom, home: options.home })
  if (await keys.exists()) return await keys.load(options.passphrase)
  return await keys.create(options.passphrase === undefined ? undefined : { passphrase: options.passphrase })
}

function openAdmin(
  loaded: LoadedConfig,
  node: NodeView,
  parts: Pick<Parameters<typeof openAdminServer>[0], 'version' | 'log' | 'report'> & {
    token: string
    socket: string | undefined
  },
): Promise<AdminServer> {
  const { admin } = loaded.config
  return openAdminServer({
    node,
    version: parts.version,
    log: parts.log,
    report: parts.report,
    clock: systemClock,
    address: parseBindAddress(admin.address),
    portIsDefault: !isExplicit(loaded, 'admin.address'),
    ...(admin.socket && parts.socket !== undefined ? { socketPath: parts.socket } : {}),
    ...(admin.tls === undefined ? {} : { tls: admin.tls }),
    verifiers: [oneToken(parts.token, { name: 'admin token', scopes: ['admin'] })],
    settings: adminSettings(loaded.config),
  })
}

function adminSettings({ admin }: Config): AdminSettings {
  const { openMetrics, allowedHosts, allowedOrigins, requestsPerSecond, burst } = admin
  return { openMetrics, allowedHosts, allowedOrigins, requestsPerSecond, burst }
}

function countLogLines(metrics: Metrics, log: RootLog): void {
  let counted = log.lines()
  metrics.onScrape(() => {
    const lines = { ...log.lines() }
    for (const level of LOG_LEVELS) metrics.logLines.inc({ level }, lines[level] - counted[level])
    counted = lines
  })
}

function shelfOf(home: Home, damaged: (namespace: string, key: string) => void): Parameters<typeof startOverlay>[0]['records'] {
  const records = home.store.namespace('records')
  return {
    put: (key, value) => records.put(key, value),
    delete: (key) => records.delete(key),
    entries: () => records.entries({ onCorrupt: (key) => damaged('records', key) }),
  }
}

function sequenceFrom(bytes: Uint8Array | undefined): bigint | undefined {
  return bytes === undefined ? undefined : BigInt(new TextDecoder().decode(bytes))
}
