import type { Server } from 'node:http'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
} from 'fastify'
import type { Report } from '../observe/event.ts'
import type { Clock } from '../platform/clock.ts'
import type { Log } from '../platform/log.ts'
import type { Principal } from './authentication.ts'
import type { NodeView } from './node-view.ts'
import type { SchemaTypes } from './schema-check.ts'
import type { AdminSettings } from './settings.ts'

/** What the port writes: the platform's log fits. */
export type AdminLog = Pick<Log, 'error' | 'warn' | 'info' | 'debug'>

/** Times that a test may want shorter; the rest of the world uses limits.ts. */
export interface AdminTimes {
  readonly headersMs: number
  readonly requestMs: number
  readonly timeoutCheckMs: number
  readonly keepAliveMs: number
  readonly operationMs: number
  readonly heartbeatMs: number
  readonly slowReaderMs: number
  readonly drainMs: number
  readonly tlsPollMs: number
}

/** What checks and routes get to work with. */
export interface AdminContext {
  readonly node: NodeView
  readonly log: AdminLog
  readonly report: Report
  readonly clock: Clock
  readonly times: AdminTimes
  /** As they are now: they may change while the port runs. */
  readonly settings: () => AdminSettings
  /** The TCP port is on loopback, or there is none. */
  readonly onLoopback: boolean
  /** Whether a request came over the unix socket: from this user, whom the file's mode let in. */
  readonly isUnix: (request: FastifyRequest) => boolean
  /** What a client is counted by: its address (IPv6: the /64), or that it came over the unix socket. */
  readonly clientOf: (request: FastifyRequest) => string
  /** Who makes a request, as the checks have found out; absent where no token was needed. */
  readonly callers: WeakMap<FastifyRequest, Principal>
  /** Aborts when the port closes. */
  readonly closing: AbortSignal
}

/** fastify with our schemas' types in the handlers. */
export type AdminApp = FastifyInstance<
  Server,
  RawRequestDefaultExpression<Server>,
  RawReplyDefaultExpression<Server>,
  FastifyBaseLogger,
  SchemaTypes
>
