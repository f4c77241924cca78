import type { Connection, StreamHandler, StreamHandlerOptions } from '@libp2p/interface'
import { X0_PROTOCOL } from '../channel/profile.ts'
import type { InteropRule } from '../config/schema.ts'
import type { Host } from './libp2p-host.ts'

/** The part of libp2p's registrar that the fence needs; the components of a host have it. */
export interface HandlerRegistry {
  getHandler(protocol: string): { readonly handler: StreamHandler; readonly options: StreamHandlerOptions }
  handle(protocol: string, handler: StreamHandler, options: StreamHandlerOptions & { force: true }): Promise<void>
}

/** Whatever a rule says, these stay inside the network. */
const NEVER = ['/meshsub/', '/floodsub/', '/x0/']

/**
 * Fences off sessions of interop encrypters. libp2p calls a connection with `limits` limited: it then refuses, in both
 * directions, every stream protocol that does not ask to run on such connections, and tells neither gossip nor the DHT of the
 * peer. identify and ping ask for it; nothing of the network does.
 */
export function fenceInteropSessions(host: Pick<Host, 'addEventListener'>): void {
  host.addEventListener('connection:open', (event: CustomEvent<Connection>) => {
    if (event.detail.encryption !== X0_PROTOCOL) event.detail.limits = {}
  })
}

/** Opens a gate in the fence for the stream protocols that the rules name. Call it when all handlers are registered. */
export async function openNamedProtocols(
  registry: HandlerRegistry,
  handled: readonly string[],
  rules: readonly InteropRule[],
): Promise<void> {
  for (const protocol of handled) {
    const through = rules.filter(({ protocols }) => protocols.includes(protocol)).map((rule) => rule.protocol)
    if (through.length === 0 || NEVER.some((prefix) => protocol.startsWith(prefix))) continue
    const { handler, options } = registry.getHandler(protocol)
    const guarded: StreamHandler = (stream, connection) => {
      const { encryption } = connection
      if (connection.limits === undefined || (encryption !== undefined && through.includes(encryption)))
        return handler(stream, connection)
      stream.abort(new Error('security.interop does not name this protocol for this session'))
      return undefined
    }
    await registry.handle(protocol, guarded, { ...options, runOnLimitedConnection: true, force: true })
  }
}
