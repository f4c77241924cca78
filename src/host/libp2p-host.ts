import type { GossipSub } from '@libp2p/gossipsub'
import { type Identify, type IdentifyPush, identify, identifyPush } from '@libp2p/identify'
import type { ComponentLogger, ConnectionEncrypter, ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import type { LevelDatastore } from 'datastore-level'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { boundedTcp } from './bounded-tcp.ts'
import { dhtService } from './dht.ts'
import { type GossipOptions, gossipService } from './gossip.ts'
import {
  ADDRESS_DIAL_TIMEOUT_MS,
  DIAL_TIMEOUT_MS,
  INBOUND_UPGRADE_TIMEOUT_MS,
  LIBP2P_INBOUND_THRESHOLD,
  LIBP2P_PENDING_INBOUND,
  MAX_ADDRESSES_PER_PEER,
  MAX_PARALLEL_DIALS,
  PEER_ADDRESS_AGE_MS,
  PEER_AGE_MS,
} from './limits.ts'
import { pingService } from './ping-service.ts'

/** The services of a host; a type, not an interface, since libp2p wants an index signature. */
export type HostServices = {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  dht: KadDHT
  gossip: GossipSub
}

export type Host = Libp2p<HostServices>

type Components = Parameters<NonNullable<Libp2pOptions['connectionEncrypters']>[number]>[0]
export type EncrypterFactory = (components: Components) => ConnectionEncrypter

export interface HostOptions {
  readonly privateKey: PrivateKey
  /** Multiaddrs to listen on; port 0 is allowed. */
  readonly listen: readonly string[]
  /** Multiaddrs to announce instead of those that the listeners have. */
  readonly announce?: readonly string[]
  /** In order of preference. The host itself adds none. */
  readonly encrypters: readonly EncrypterFactory[]
  /** First 12 hex digits of the network id. */
  readonly network: string
  /** The version of this program; all that identify tells of it is `x0/VERSION`. */
  readonly version: string
  readonly gater: ConnectionGater
  /** Connections in all, beyond which inbound ones are refused. The supervisor trims earlier. */
  readonly maxConnections: number
  readonly gossip: GossipOptions
  /** Folder of libp2p's own LevelDB (peer store, DHT). Without it both live in memory. */
  readonly datastorePath?: string
  /** Looks for peers on the local network; off unless asked for, since it tells everybody there that we are here. */
  readonly mdns?: boolean
  readonly logger?: ComponentLogger
}

/**
 * A libp2p node with our defaults, not started: register handlers first, then `start()` (a handler that comes late is
 * pushed to every peer by identify). After `stop()` the caller is done: the data store is closed with it.
 *
 * @throws Error where the data store cannot be opened (it is in use, or the disk fails)
 */
export async function createHost(options: HostOptions): Promise<Host> {
  const datastore = options.datastorePath === undefined ? undefined : await openDatastore(options.datastorePath)
  try {
    const host = await createWith(options, datastore)
    const stop = host.stop.bind(host)
    // libp2p's own `stop` does nothing where `start` was never called. Closed after all others have stopped, and waited
    // for, the store lets the next start of the same home find the lock free.
    return Object.assign(host, {
      async stop() {
        await stop()
        await datastore?.close()
      },
    })
  } catch (error) {
    await datastore?.close()
    throw error
  }
}

async function createWith(options: HostOptions, datastore: LevelDatastore | undefined): Promise<Host> {
  const discovery = options.mdns === true ? [await mdnsDiscovery(options.network)] : []
  return createLibp2p<HostServices>({
    start: false,
    privateKey: options.privateKey,
    nodeInfo: { name: 'x0', version: options.version, userAgent: `x0/${options.version}` },
    addresses: { listen: [...options.listen], announce: [...(options.announce ?? [])] },
    // A second socket of ours must not end on the same port: listeners are named one by one.
    transports: [boundedTcp()],
    connectionEncrypters: [...options.encrypters],
    streamMuxers: [yamux()],
    connectionGater: options.gater,
    connectionManager: {
      maxConnections: options.maxConnections,
      maxParallelDials: 4 * MAX_PARALLEL_DIALS,
      maxDialQueueLength: 256,
      maxPeerAddrsToDial: MAX_ADDRESSES_PER_PEER,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: ADDRESS_DIAL_TIMEOUT_MS,
      inboundUpgradeTimeout: INBOUND_UPGRADE_TIMEOUT_MS,
      inboundConnectionThreshold: LIBP2P_INBOUND_THRESHOLD,
      maxIncomingPendingConnections: LIBP2P_PENDING_INBOUND,
      // The supervisor reconnects. libp2p's queue gives up after its tries and cannot be turned off wholly: one try stays.
      reconnectRetries: 0,
      maxParallelReconnects: 1,
    },
    // liveness.ts watches connections: this one would abort after a single lost ping.
    connectionMonitor: { enabled: false },
    peerStore: { maxAddressAge: PEER_ADDRESS_AGE_MS, maxPeerAge: PEER_AGE_MS },
    peerDiscovery: discovery,
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: pingService(),
      dht: dhtService(options.network),
      gossip: gossipService(options.gossip),
    },
    ...(datastore === undefined ? {} : { datastore }),
    ...(options.logger === undefined ? {} : { logger: options.logger }),
  })
}

async function openDatastore(path: string): Promise<LevelDatastore> {
  const { LevelDatastore } = await import('datastore-level')
  const datastore = new LevelDatastore(path)
  await datastore.open()
  return datastore
}

async function mdnsDiscovery(network: string): Promise<NonNullable<Libp2pOptions['peerDiscovery']>[number]> {
  // Loaded only where it is turned on: multicast-dns and its parser are not free at rest.
  const { mdns } = await import('@libp2p/mdns')
  return mdns({ serviceTag: `_x0-${network}._udp.local` })
}
