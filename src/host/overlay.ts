import { isFencedOff } from './catch-up.ts'
import { setUpChannel } from './channel-setup.ts'
import { createConnectionGater, defaultInboundCaps } from './connection-gater.ts'
import { fenceInteropSessions, type HandlerRegistry } from './interop-fence.ts'
import { createHost, type Host } from './libp2p-host.ts'
import { MAX_PERSISTENT_PEERS } from './limits.ts'
import { listenAddresses } from './listen-addresses.ts'
import type { OverlayOptions } from './overlay-options.ts'
import { type Overlay, startParts } from './overlay-parts.ts'
import { presenceTopic } from './presence-message.ts'
import { trustTopic } from './trust-gossip.ts'

/**
 * Builds the parts, registers their protocols, and only then starts: libp2p pushes identify for each late one.
 * @throws HostError `listen-failed`, StoreError, CryptoError; nothing listens then, and the data store is closed
 */
export async function startOverlay(options: OverlayOptions): Promise<Overlay> {
  const { config, crypto, identity, clock, count, blocks } = options
  let overlay: Overlay | undefined
  const isRemoved = (peerId: string): boolean => overlay?.supervisor.isRemoved(peerId) === true
  const channel = await setUpChannel({
    crypto,
    identity,
    networkId: options.networkId,
    clock,
    pins: options.pins,
    flood: config.security.handshake,
    timeoutMs: config.security.handshake.timeoutMs,
    interop: config.security.interop,
    credential: options.credential,
    bar: (applicant) => {
      if (blocks.judge(applicant) !== undefined) return 'blocked'
      return isRemoved(applicant.peerId) ? 'not-allowed' : undefined
    },
    admit: options.admit,
    door: options.door,
    report: options.onChannelEvent,
  })
  let registry: (() => HandlerRegistry) | undefined
  const caps = { ...defaultInboundCaps, open: config.limits.connectionsPerAddress }
  const topics = [presenceTopic(options.network), ...(options.trust === undefined ? [] : [trustTopic(options.network)])]
  const host: Host = await createHost({
    privateKey: identity.libp2pKey,
    listen: await listenAddresses(options.listen, options.listenIsWritten),
    announce: config.announce,
    encrypters: channel.factories.map((factory) => (components) => {
      // not there yet while libp2p is being built
      registry = () => components.registrar
      return factory(components)
    }),
    network: options.network,
    version: options.version,
    gater: createConnectionGater({
      clock,
      count,
      caps,
      barred: (peerId) => isRemoved(peerId) || blocks.judge({ peerId, x0Id: undefined }) !== undefined,
      // libp2p counts a fenced connection as none, and would make another one for each ping and query
      isFencedOff: (peerId) => isFencedOff(host.getConnections(peerId)),
    }),
    maxConnections: config.peers.max * 2 + MAX_PERSISTENT_PEERS,
    gossip: { topics },
    datastorePath: options.datastorePath,
    mdns: config.discovery.mdns,
  })
  fenceInteropSessions(host)
  try {
    overlay = await startParts(options, host, channel, () => registry?.())
    return overlay
  } catch (error) {
    await host.stop()
    throw error
  }
}
