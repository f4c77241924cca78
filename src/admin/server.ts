import { setMaxListeners } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { fastifyHelmet } from '@fastify/helmet'
import { type FastifyServerOptions, fastify } from 'fastify'
import { type HostPort, isLoopbackHost } from '../config/host-port.ts'
import type { Report } from '../observe/event.ts'
import { addressKey } from '../platform/address-key.ts'
import type { Clock } from '../platform/clock.ts'
import type { AdminApp, AdminContext, AdminLog, AdminTimes } from './admin-context.ts'
import type { TokenVerifier } from './authentication.ts'
import { listenTcp, requireTlsOutside } from './bind.ts'
import { addChecks } from './checks.ts'
import { addErrors, answerError } from './errors.ts'
import { readJsonOnly } from './json-body.ts'
import * as limits from './limits.ts'
import type { NodeView } from './node-view.ts'
import { addRequestRecord } from './request-record.ts'
import { addResourceRoutes } from './resource-routes.ts'
import { addDocsRoutes } from './routes/docs.ts'
import { SCHEMA_COMPILERS } from './schema-compilers.ts'
import type { AdminSettings } from './settings.ts'
import { describeCertificate, readTls, type TlsFiles, watchTls } from './tls.ts'
import { listenUnix } from './unix-socket.ts'
import { refuseUnreadable } from './unreadable.ts'

export interface AdminServerOptions {
  readonly node: NodeView
  readonly version: string
  readonly log: AdminLog
  readonly report: Report
  readonly clock: Clock
  readonly address: HostPort
  /** The port was not chosen by anybody: where it is taken, a free one will do. */
  readonly portIsDefault: boolean
  /** Path of the unix socket; left out, there is none. */
  readonly socketPath?: string
  readonly tls?: TlsFiles
  /** Asked in full for every token. */
  readonly verifiers: readonly TokenVerifier[]
  readonly settings: AdminSettings
  readonly times?: Partial<AdminTimes>
  /** Connections at a time on each listener; default MAX_CONNECTIONS. */
  readonly maxConnections?: number
}

/** The admin port, listening. */
export interface AdminServer {
  /** `http://127.0.0.1:9690`; https where TLS is on. */
  readonly url: string
  readonly socketPath: string | undefined
  /** Takes other settings from the next request on. */
  configure(settings: AdminSettings): void
  /** Reads certificate and key again; new connections use them. @throws AdminError tls-unusable, the old ones stay */
  reloadTls(): Promise<void>
  /** Stops accepting, ends event streams, gives requests under way `drainMs`, then cuts them. */
  close(): Promise<void>
}

/** Everybody who comes over the unix socket is one client: they are one user. */
const UNIX_CLIENT = 'unix'

const DEFAULT_TIMES: AdminTimes = {
  headersMs: limits.HEADERS_TIMEOUT_MS,
  requestMs: limits.REQUEST_TIMEOUT_MS,
  timeoutCheckMs: limits.TIMEOUT_CHECK_MS,
  keepAliveMs: limits.KEEP_ALIVE_MS,
  operationMs: limits.OPERATION_TIMEOUT_MS,
  heartbeatMs: limits.EVENT_HEARTBEAT_MS,
  slowReaderMs: limits.SLOW_READER_MS,
  drainMs: limits.DRAIN_MS,
  tlsPollMs: limits.TLS_POLL_MS,
}

/**
 * Opens the admin port on TCP and, beside it, on a unix socket: one application behind both.
 * @throws AdminError
 */
export async function openAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { address, log, tls } = options
  requireTlsOutside(address.host, tls !== undefined)
  const times = { ...DEFAULT_TIMES, ...options.times }
  const material = tls === undefined ? undefined : await readTls(tls)
  let settings = options.settings
  const closing = new AbortController()
  // Every event stream and operation listens to it, and takes its listener off again.
  setMaxListeners(0, closing.signal)
  const unixSockets = new WeakSet<object>()
  const context: AdminContext = {
    node: options.node,
    log,
    report: options.report,
    clock: options.clock,
    times,
    settings: () => settings,
    onLoopback: isLoopbackHost(address.host),
    isUnix: (request) => unixSockets.has(request.raw.socket),
    clientOf: (request) => (unixSockets.has(request.raw.socket) ? UNIX_CLIENT : addressKey(request.ip)),
    callers: new WeakMap(),
    closing: closing.signal,
  }
  const app = await buildApp(context, options)
  const serve: RequestListener = (request, response) => app.routing(request, response)
  const httpOptions = serverOptions(times)
  const secure = material === undefined ? undefined : createTlsServer({ ...httpOptions, ...material }, serve)
  const tcp = secure ?? createServer(httpOptions, serve)
  const unix = options.socketPath === undefined ? undefined : createServer(httpOptions, serve)
  unix?.on('connection', (socket) => unixSockets.add(socket))
  const servers = unix === undefined ? [tcp] : [tcp, unix]
  for (const server of servers) prepare(server, context, options.maxConnections ?? limits.MAX_CONNECTIONS)

  const reloadTls = async () => {
    if (tls === undefined || secure === undefined) return
    const fresh = await readTls(tls)
    secure.setSecureContext(fresh)
    log.info(describeCertificate(fresh), 'the certificate of the admin port was read again')
  }
  const close = async () => {
    closing.abort()
    stopWatching()
    await Promise.all(servers.map((server) => drain(server, times.drainMs)))
    await app.close()
  }
  let stopWatching: () => void = () => undefined
  try {
    const bound = await listenTcp(tcp, address, options.portIsDefault)
    if (unix !== undefined && options.socketPath !== undefined) await listenUnix(unix, options.socketPath)
    if (tls !== undefined) stopWatching = watchTls(tls, times.tlsPollMs, () => keepOnReloadFailure(reloadTls, log))
    const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
    return {
      url: `${secure === undefined ? 'http' : 'https'}://${host}:${bound.port}`,
      socketPath: options.socketPath,
      configure: (fresh) => {
        settings = fresh
      },
      reloadTls,
      close,
    }
  } catch (cause) {
    await close()
    throw cause
  }
}

async function buildApp(context: AdminContext, { verifiers, version, tls }: AdminServerOptions): Promise<AdminApp> {
  const options: FastifyServerOptions<Server> = {
    bodyLimit: limits.BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: limits.PATH_NAME_LIMIT },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply, context),
  }
  const app: AdminApp = fastify(Object.assign(options, SCHEMA_COMPILERS))
  readJsonOnly(app)
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'base-uri': ["'none'"], 'form-action': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    strictTransportSecurity: tls !== undefined,
    referrerPolicy: { policy: 'no-referrer' },
  })
  addErrors(app, context)
  addRequestRecord(app, context)
  addChecks(app, context, verifiers)
  addResourceRoutes(app, context)
  addDocsRoutes(app, context, version)
  await app.ready()
  return app
}

function serverOptions(times: AdminTimes) {
  return {
    headersTimeout: times.headersMs,
    requestTimeout: times.requestMs,
    connectionsCheckingInterval: times.timeoutCheckMs,
    keepAliveTimeout: times.keepAliveMs,
    maxHeaderSize: limits.HEADERS_LIMIT_BYTES,
  }
}

function prepare(server: Server | TlsServer, context: AdminContext, maxConnections: number): void {
  server.maxConnections = maxConnections
  server.maxRequestsPerSocket = limits.REQUESTS_PER_CONNECTION
  server.on('clientError', refuseUnreadable)
  server.on('drop', () => context.node.metrics.httpRefused.inc({ reason: 'connections' }))
}

async function drain(server: Server | TlsServer, drainMs: number): Promise<void> {
  if (!server.listening) return
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), drainMs)
  await promise
  clearTimeout(timer)
}

function keepOnReloadFailure(reload: () => Promise<void>, log: AdminLog): void {
  reload().catch((err: unknown) => log.error({ err }, 'the new certificate of the admin port cannot be used, the old one stays'))
}
