import { rm } from 'node:fs/promises'
import type { ChannelEvent } from '../channel/channel-event.ts'
import type { PinBook, PinSource } from '../channel/pins.ts'
import { isExplicit } from '../config/origin.ts'
import type { HomeShelves } from '../host/home-shelves.ts'
import { type Overlay, startOverlay } from '../host/overlay.ts'
import { channelCounter } from '../observe/channel-metrics.ts'
import { channelReporter } from '../observe/channel-reports.ts'
import type { Telemetry } from '../observe/telemetry.ts'
import { systemClock } from '../platform/clock.ts'
import { datastorePath } from '../store/home-paths.ts'
import { type NetworkName, shortNetworkId } from '../trust/open-network.ts'
import type { NodeParts } from './node-parts.ts'

/** The node's place in one network: all that is made anew when it joins another. */
export interface Seat {
  readonly network: NetworkName
  readonly overlay: Overlay
  stop(): Promise<void>
}

/**
 * Takes a seat in `network`.
 * @param listen the addresses to have; those of the seat before, so that what others know of this node stays true
 * @throws as startOverlay; nothing is left open then
 */
export async function takeSeat(parts: NodeParts, network: NetworkName, listen?: readonly string[]): Promise<Seat> {
  const { telemetry, shelves, home } = parts
  const { config } = parts.loaded
  const overlay = await startOverlay({
    config,
    listen: listen ?? config.listen,
    listenIsWritten: listen !== undefined || isExplicit(parts.loaded, 'listen'),
    bootstrap: config.bootstrap,
    crypto: parts.crypto,
    identity: parts.identity,
    networkId: network.id,
    network: shortNetworkId(network),
    version: parts.version,
    clock: parts.clock,
    random: parts.random,
    pins: shelves.pins,
    credential: () => undefined,
    admit: () => undefined,
    datastorePath: datastorePath(home.paths, shortNetworkId(network)),
    records: shelves.records,
    sequence: shelves.sequence,
    report: telemetry.report,
    onChannelEvent: channelEvents(telemetry, shelves),
    count: (fault) => telemetry.metrics.peerFaults.inc({ fault }),
    metrics: telemetry.metrics,
    onStated: statements(telemetry, shelves.pins),
    onError: (error, during) => telemetry.log.error({ err: error }, `could not ${during}`),
  })
  return { network, overlay, stop: () => overlay.stop() }
}

/** What the channel reports is counted, told, and what it learns of peers kept. */
function channelEvents({ metrics, report, log }: Telemetry, shelves: HomeShelves): (event: ChannelEvent) => void {
  const count = channelCounter(metrics)
  const tell = channelReporter(report, systemClock)
  return (event) => {
    count(event)
    tell(event)
    if (event.type !== 'pin-learned') return
    shelves.keepPin(event.peerId).catch((error: unknown) => log.error({ err: error }, 'could not write a pin'))
  }
}

/** States the x0 id of a peer; one that contradicts what was believed is an alarm. */
function statements({ metrics, report }: Telemetry, pins: PinBook): (peerId: string, stated: string, source: PinSource) => void {
  return (peerId, stated, source) => {
    const before = pins.get(peerId)
    if (pins.state(peerId, stated, source) !== 'conflict' || before === undefined) return
    const data = { code: 'x0-id-mismatch', seen: before.x0Id, stated, source }
    report({ type: 'pin.mismatch', level: 'alarm', peer: peerId, data })
    metrics.pinEvents.inc({ event: 'replaced' })
  }
}

/** Deletes what libp2p remembers of a network that the node has left. */
export async function forgetNeighbourhood(parts: Pick<NodeParts, 'home'>, network: NetworkName): Promise<void> {
  await rm(datastorePath(parts.home.paths, shortNetworkId(network)), { recursive: true, force: true })
}
