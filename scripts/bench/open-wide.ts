import type { Libp2pOptions } from 'libp2p'

/**
 * What both stacks share: libp2p's limits on inbound connections (5 a second from one address by default) would be all
 * that a benchmark on one machine measures, and its monitor would send pings of its own while we do.
 */
export const OPEN_WIDE = {
  connectionManager: {
    maxConnections: 100_000,
    inboundConnectionThreshold: 1_000_000,
    maxIncomingPendingConnections: 10_000,
    reconnectRetries: 0,
  },
  connectionMonitor: { enabled: false },
} satisfies Libp2pOptions
