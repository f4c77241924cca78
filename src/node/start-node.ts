import { loadOrCreateAdminToken } from '../admin/admin-token.ts'
import { ConfigSaver } from '../admin/config-saver.ts'
import type { Self } from '../admin/documents.ts'
import type { NodeView } from '../admin/node-view.ts'
import { adminSettings, openAdmin } from '../admin/open-admin.ts'
import { PeerControl } from '../admin/peer-control.ts'
import { ROUTE_LABELS } from '../admin/route-table.ts'
import { runningNodeView } from '../admin/running-node-view.ts'
import type { AdminServer } from '../admin/server.ts'
import type { LoadedConfig } from '../config/origin.ts'
import { planReload, type ReloadPlan } from '../config/reload.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import { cryptoBackend } from '../crypto/select.ts'
import { BlockBook } from '../host/block-book.ts'
import { openShelves } from '../host/home-shelves.ts'
import { healthChecks } from '../host/overlay-health.ts'
import { observeOverlay } from '../host/overlay-metrics.ts'
import { openKeyStore } from '../identity/key-store.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import { assessHealth, type HealthState, type Phase } from '../observe/health.ts'
import { createTelemetry, type Telemetry } from '../observe/telemetry.ts'
import { systemClock } from '../platform/clock.ts'
import { collectGarbage } from '../platform/collect-garbage.ts'
import type { RootLog } from '../platform/log.ts'
import { systemRandom } from '../platform/random.ts'
import { releaseVersion } from '../platform/release.ts'
import { writeApiFile } from '../store/api-file.ts'
import { openHome } from '../store/home.ts'
import type { HomePaths } from '../store/home-paths.ts'
import { accountShelf } from '../trust/accounts/account-shelf.ts'
import { Accounts } from '../trust/accounts/accounts.ts'
import { openAccess } from './access.ts'
import { NetworkHome } from './network-home.ts'
import { networkOperations } from './network-operations.ts'
import type { NodeParts } from './node-parts.ts'
import { takeSeat } from './seat.ts'
import { Seats } from './seats.ts'
import { membershipCheck, observeTrust } from './trust-health.ts'

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

/** When the start is over, and when the first peers have been met and have published their records. */
const SETTLED_AFTER_MS = [15_000, 45_000]

/**
 * The composition root: builds every part, connects them, executes their effects. Resolves when the node listens.
 * @throws StoreError, IdentityError, CryptoError, HostError, AdminError as the parts do; nothing is left open then
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { config } = options.config
  const clock = systemClock
  const version = releaseVersion()
  const crypto = await cryptoBackend(config.security.backend)
  // What is opened is closed in reverse: by `stop`, or here where the rest cannot be opened.
  await using opened = new AsyncDisposableStack()
  const telemetry = opened.adopt(
    createTelemetry({
      version,
      nodeVersion: process.version,
      backend: crypto.name,
      httpRoutes: ROUTE_LABELS,
      clock,
      log: options.log,
    }),
    (part) => part.stop(),
  )
  const home = opened.adopt(await openHome(options.home, { onWriteFailure: telemetry.storeFailed }), (part) => part.close())
  const identity = await openIdentity(crypto, options)
  const token = await loadOrCreateAdminToken(home.paths.token)
  const shelves = await openShelves(home.store, telemetry.storeDamaged)
  const accounts = await Accounts.open({
    shelf: accountShelf(home.store),
    clock,
    random: systemRandom,
    onDamaged: telemetry.storeDamaged,
    onChange: (kind, data) => access.audit.record('account.changed', { change: kind, ...data }),
  })
  const onError = (error: unknown, during: string): void => options.log.error({ err: error }, `could not ${during}`)
  const blocks = opened.adopt(
    new BlockBook({
      blocks: await shelves.loadBlocks(clock.now()),
      shelf: shelves.blocks,
      clock,
      report: telemetry.report,
      onError: (error) => onError(error, 'write the end of a block'),
    }),
    (part) => part.stop(),
  )
  const basic = {
    loaded: options.config,
    version,
    crypto,
    identity,
    clock,
    random: systemRandom,
    home,
    shelves,
    blocks,
    telemetry,
  }
  // before the overlay and closed after it: whom it refuses is recorded
  const access = opened.adopt(await openAccess(basic), (part) => part.stop())
  const parts: NodeParts = { ...basic, access }
  const networkHome = await NetworkHome.open({
    crypto,
    identity,
    clock,
    random: systemRandom,
    store: home.store,
    onDamaged: telemetry.storeDamaged,
  })
  const seats = opened.adopt(
    new Seats(parts, await takeSeat(parts, networkHome.place()), async () => {
      await announce(view, admin, home.paths)
    }),
    (part) => part.stop(),
  )

  let phase: Phase = 'starting'
  const overlay = () => seats.current.overlay
  const trustSources = { seat: () => seats.current, x0Id: identity.x0Id, clock }
  const listens = config.listen.length > 0
  const checks = [
    ...healthChecks({ overlay, lag: telemetry.lag, listens, storeFailure: () => home.store.failure }),
    membershipCheck(trustSources),
  ]
  const health = (): HealthState => assessHealth(phase, checks)
  observeOverlay(telemetry.metrics, overlay, () => clock.now())
  observeTrust(telemetry.metrics, trustSources)
  telemetry.observeHealth(health)

  const saver = new ConfigSaver(home.paths.config, options.config)
  const peerControl = new PeerControl({
    overlay,
    blocks,
    saver,
    self: { peerId: identity.peerId, x0Id: formatX0Id(identity.x0Id) },
    persistent: config.peers.persistent,
    clock,
    report: telemetry.report,
  })
  const view = runningNodeView({
    overlay,
    telemetry,
    accounts,
    identity,
    network: () => seats.current.place.network,
    networkView: networkOperations(parts, seats, networkHome),
    version,
    peerControl,
    backend: crypto.name,
    home: home.paths.home,
    clock,
    access,
    health,
    isLive: () => home.store.failure === undefined && !seats.isLost,
  })
  const admin = opened.adopt(
    await openAdmin({ loaded: options.config, view, telemetry, clock, version, token, socket: home.paths.socket }),
    (part) => part.close(),
  )
  const { peerId, x0Id } = await announce(view, admin, home.paths)
  phase = 'running'
  for (const ms of SETTLED_AFTER_MS) systemClock.after(ms, collectGarbage)
  telemetry.report({ type: 'node.started', level: 'info', data: { version, peerId, x0Id, admin: admin.url } })

  const ended = opened.move()
  const apply = (next: LoadedConfig): void => {
    peerControl.persist(next.config.peers.persistent)
    saver.reloaded(next)
    admin.configure(adminSettings(next.config))
    access.policy.reload().catch((error: unknown) => onError(error, 'read the policy'))
  }
  return runningNode(options.config, view, telemetry, apply, async () => {
    phase = 'draining'
    await ended.disposeAsync()
  })
}

/** The node as its process sees it. `end` drains and closes all of its parts. */
function runningNode(
  started: LoadedConfig,
  view: NodeView,
  telemetry: Telemetry,
  apply: (next: LoadedConfig) => void,
  end: () => Promise<void>,
): RunningNode {
  let last = started.config
  let stopping: Promise<void> | undefined
  const { promise: stopped, resolve: ended } = Promise.withResolvers<void>()
  async function stop(reason: string): Promise<void> {
    telemetry.report({ type: 'node.stopping', level: 'info', data: { reason } })
    telemetry.events.close()
    await end()
    ended()
  }
  return {
    describe: view.self,
    status: view.status,
    reload(next) {
      const { config } = next
      const plan = planReload(started.config, last, config)
      apply(next)
      last = config
      // not where it is unchanged: a level that was set through the admin port stays
      if (plan.live.includes('log.level')) telemetry.log.setLevel(config.log.level)
      const data = { applied: plan.live.join(' '), needsRestart: plan.restart.join(' ') }
      telemetry.report({ type: 'config.reloaded', level: 'info', data })
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

/** Tells commands and scripts on this machine where the node is. */
async function announce(view: NodeView, admin: AdminServer, paths: HomePaths): Promise<Self> {
  const self = view.self()
  await writeApiFile(paths, {
    schema: 'x0.api/v1',
    pid: process.pid,
    admin: admin.url,
    socket: admin.socketPath ?? null,
    tokenFile: paths.token,
    peerId: self.peerId,
    x0Id: self.x0Id,
    addresses: self.addresses,
    bootstrap: self.bootstrap,
  })
  return self
}
