import { sessionOf } from '../channel/session.ts'
import { DIRECTIONS, PEER_STATES, POST_QUANTUM, SUITES } from '../observe/metric-labels.ts'
import type { Metrics } from '../observe/metrics.ts'
import { medianOf } from './median.ts'
import type { Overlay } from './overlay-parts.ts'

/** Sets the gauges of the mesh at each scrape: they are cheaper to ask than to follow. `current` changes with the network. */
export function observeOverlay(metrics: Metrics, current: () => Overlay, now: () => number): void {
  let counted = { sent: 0, received: 0 }
  let counting: Overlay | undefined
  metrics.onScrape(() => {
    const overlay = current()
    setPeers(metrics, overlay)
    metrics.peersBlocked.set({}, overlay.blocks.list().length)
    setConnections(metrics, overlay)
    const { traffic } = overlay.channel.context
    if (counting !== overlay) counted = { sent: 0, received: 0 }
    counting = overlay
    for (const direction of ['sent', 'received'] as const) {
      metrics.traffic.inc({ direction }, traffic[direction] - counted[direction])
      counted[direction] = traffic[direction]
    }
    const { dht, gossip } = overlay.host.services
    metrics.dhtPeers.set({}, routingTableSize(dht))
    metrics.dhtRecords.set({}, overlay.records.size(now()))
    metrics.gossipMeshPeers.set({}, meshPeerCount(gossip))
    metrics.presencePeers.set({}, overlay.presence.heard().length)
    const offset = clockOffsetOf(overlay)
    if (offset !== undefined) metrics.clockOffset.set({}, offset / 1000)
  })
}

/** The median of the peers' clocks minus ours, ms; undefined where no link has been measured. */
export function clockOffsetOf({ host, liveness }: Pick<Overlay, 'host' | 'liveness'>): number | undefined {
  return medianOf(host.getConnections().flatMap((connection) => liveness.of(connection)?.clockOffsetMs ?? []))
}

/** kad-dht keeps its table to itself, but for a size that its class has and its interface lacks. */
export function routingTableSize(dht: Overlay['host']['services']['dht']): number {
  if (!('routingTable' in dht)) return 0
  const { routingTable } = dht
  if (typeof routingTable !== 'object' || routingTable === null || !('size' in routingTable)) return 0
  return typeof routingTable.size === 'number' ? routingTable.size : 0
}

/** Peers in the meshes of all topics together; like the DHT's table a figure that only the class gives. */
export function meshPeerCount(gossip: Overlay['host']['services']['gossip']): number {
  if (!('getMeshPeers' in gossip)) return 0
  const { getMeshPeers } = gossip
  if (typeof getMeshPeers !== 'function') return 0
  return gossip.getTopics().reduce((sum, topic) => {
    const peers: unknown = Reflect.apply(getMeshPeers, gossip, [topic])
    return sum + (Array.isArray(peers) ? peers.length : 0)
  }, 0)
}

function setPeers(metrics: Metrics, { supervisor }: Overlay): void {
  const counts = new Map<string, number>()
  for (const { status, connections } of supervisor.peers()) {
    const key = `${status} ${connections[0]?.direction ?? 'none'}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  for (const state of PEER_STATES) {
    for (const direction of [...DIRECTIONS, 'none'] as const)
      metrics.peers.set({ state, direction }, counts.get(`${state} ${direction}`) ?? 0)
  }
}

function setConnections(metrics: Metrics, { host }: Overlay): void {
  const counts = new Map<string, number>()
  for (const connection of host.getConnections()) {
    const facts = sessionOf(connection)
    if (facts === undefined) continue
    const pq = facts.pqAuthenticated ? 'authenticated' : facts.pqKeyExchange ? 'key-exchange' : 'none'
    counts.set(`${facts.suite} ${pq}`, (counts.get(`${facts.suite} ${pq}`) ?? 0) + 1)
  }
  for (const suite of SUITES) {
    for (const pq of POST_QUANTUM) {
      const count = counts.get(`${suite} ${pq}`)
      // combinations that cannot be are left out of the series
      if (count !== undefined || pq === usualOf(suite)) metrics.connections.set({ suite, pq }, count ?? 0)
    }
  }
}

function usualOf(suite: (typeof SUITES)[number]): (typeof POST_QUANTUM)[number] {
  if (suite === 'noise-xxhfs-mlkem768-mldsa65') return 'authenticated'
  return suite === 'noise-xxhfs-mlkem768' ? 'key-exchange' : 'none'
}
