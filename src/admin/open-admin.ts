import { isExplicit, type LoadedConfig } from '../config/origin.ts'
import type { Config } from '../config/schema.ts'
import type { Telemetry } from '../observe/telemetry.ts'
import type { Clock } from '../platform/clock.ts'
import { oneToken } from './authentication.ts'
import { parseBindAddress } from './bind.ts'
import type { NodeView } from './node-view.ts'
import { type AdminServer, openAdminServer } from './server.ts'
import type { AdminSettings } from './settings.ts'

export interface OpenAdminOptions {
  readonly loaded: LoadedConfig
  readonly view: NodeView
  readonly telemetry: Telemetry
  readonly clock: Clock
  readonly version: string
  readonly token: string
  /** Path of the unix socket; undefined where the system has none. */
  readonly socket: string | undefined
}

/** Opens the admin port as the configuration says. @throws AdminError */
export function openAdmin(options: OpenAdminOptions): Promise<AdminServer> {
  const { admin } = options.loaded.config
  const { metrics } = options.telemetry
  metrics.onScrape(() => metrics.accounts.set({}, options.view.accounts.count))
  return openAdminServer({
    node: options.view,
    version: options.version,
    log: options.telemetry.log,
    report: options.telemetry.report,
    clock: options.clock,
    address: parseBindAddress(admin.address),
    portIsDefault: !isExplicit(options.loaded, 'admin.address'),
    ...(admin.socket && options.socket !== undefined ? { socketPath: options.socket } : {}),
    ...(admin.tls === undefined ? {} : { tls: admin.tls }),
    verifiers: [oneToken(options.token, { name: 'admin token', scopes: ['admin'] }), options.view.accounts],
    settings: adminSettings(options.loaded.config),
  })
}

/** What of the configuration the admin port applies while it runs. */
export function adminSettings({ admin, accounts }: Config): AdminSettings {
  const { openMetrics, allowedHosts, allowedOrigins, requestsPerSecond, burst } = admin
  return { openMetrics, allowedHosts, allowedOrigins, requestsPerSecond, burst, openRegistration: accounts.openRegistration }
}
