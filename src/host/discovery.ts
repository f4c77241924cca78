import type { Connection, IdentifyResult } from '@libp2p/interface'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Clock } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import { plainAddresses } from './addresses.ts'
import { closestPeers } from './dht.ts'
import type { Host } from './libp2p-host.ts'
import { DHT_K, RECORD_SEARCH_LOOKUPS } from './limits.ts'
import type { NodeRecord } from './node-record.ts'
import type { RecordExchange } from './record-exchange.ts'
import type { RecordStore } from './record-store.ts'
import { RECORD_PROTOCOL } from './record-wire.ts'
import type { PeerSource } from './supervisor-state.ts'

export interface DiscoveryOptions {
  readonly host: Host
  readonly store: RecordStore
  readonly exchange: RecordExchange
  readonly clock: Clock
  readonly random: Random
  /** This node's own, which is not looked up. */
  readonly x0Id: Uint8Array
  readonly found: (peerId: string, addresses: readonly string[], source: PeerSource, x0Id?: string) => void
}

export interface Discovery {
  start(): void
  stop(): void
  /** Looks for more peers; one search at a time. */
  search(): void
  /** A record that is new to the store: where its node can be dialled, and by which x0 id. */
  learned(record: NodeRecord): void
}

/**
 * How peer ids get their x0 ids: every peer that speaks our record protocol is asked for its own record as soon as it
 * is identified. Records name neighbours, so a search also looks up the records of neighbours that are unknown here.
 */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { host, store, exchange } = options
  const stopping = new AbortController()
  let isSearching = false
  let isNearSearch = true

  const onIdentify = (event: CustomEvent<IdentifyResult>): void => {
    const { protocols, connection } = event.detail
    if (protocols.includes(RECORD_PROTOCOL)) void ask(connection)
  }

  async function ask(connection: Connection): Promise<void> {
    await exchange.ask(connection)
  }

  async function searchOnce(): Promise<void> {
    // In turn around ourselves (our place in the DHT) and around a random point (everybody else).
    const key = isNearSearch ? host.peerId.toMultihash().bytes : options.random.bytes(32)
    isNearSearch = !isNearSearch
    for (const peer of await closestPeers(host.services.dht, key, DHT_K, stopping.signal)) {
      options.found(peer.id.toString(), plainAddresses(peer.multiaddrs), 'dht')
    }
    const now = options.clock.now()
    const unknown = store
      .all(now)
      .flatMap(({ neighbours }) => neighbours)
      .filter((x0Id) => store.get(x0Id, now) === undefined && Buffer.compare(x0Id, options.x0Id) !== 0)
    await Promise.all(unknown.slice(0, RECORD_SEARCH_LOOKUPS).map((x0Id) => exchange.lookUp(x0Id)))
  }

  return {
    start: () => host.addEventListener('peer:identify', onIdentify),
    stop() {
      host.removeEventListener('peer:identify', onIdentify)
      stopping.abort()
    },
    search() {
      if (isSearching || stopping.signal.aborted) return
      isSearching = true
      void searchOnce().finally(() => {
        isSearching = false
      })
    },
    learned: (record) => options.found(record.peerId, record.addresses, 'record', formatX0Id(record.x0Id)),
  }
}
