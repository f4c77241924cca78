import type { Connection } from '@libp2p/interface'
import { X0_PROTOCOL } from '../channel/profile.ts'
import type { Host } from './libp2p-host.ts'

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
