import type { PeerInfo } from '@libp2p/interface'
import { type KadDHT, type KadDHTComponents, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import {
  ADDRESS_DIAL_TIMEOUT_MS,
  DHT_ALPHA,
  DHT_FIRST_SELF_QUERY_MS,
  DHT_K,
  DHT_PATHS,
  DHT_QUERY_TIMEOUT_MS,
  DHT_REQUEST_TIMEOUT_MS,
  DHT_SELF_QUERY_INTERVAL_MS,
} from './limits.ts'

/** `/x0/<network>/kad/1.0.0`; `network` is the first 12 hex digits of the network id, so that nets never mix their tables. */
export function dhtProtocol(network: string): string {
  return `/x0/${network}/kad/1.0.0`
}

/**
 * kad-dht for nets of any size: server from the start (the default is a client until a public address shows) and with
 * private addresses kept (the default drops them, and with them every node of a home or a lab).
 */
export function dhtService(network: string): (components: KadDHTComponents) => KadDHT {
  return kadDHT({
    protocol: dhtProtocol(network),
    clientMode: false,
    peerInfoMapper: passthroughMapper,
    kBucketSize: DHT_K,
    alpha: DHT_ALPHA,
    disjointPaths: DHT_PATHS,
    querySelfInterval: DHT_SELF_QUERY_INTERVAL_MS,
    initialQuerySelfInterval: DHT_FIRST_SELF_QUERY_MS,
    networkDialTimeout: { maxTimeout: DHT_REQUEST_TIMEOUT_MS },
    incomingMessageTimeout: ADDRESS_DIAL_TIMEOUT_MS,
    // Node records have their own protocol (record-exchange.ts): nothing may be stored through PUT_VALUE.
    validators: {},
    selectors: {},
  })
}

/**
 * The peers nearest to `key` that answered, nearest first, at most `limit`. Never throws and never waits longer than
 * the query timeout: a net without peers gives an empty list.
 */
export async function closestPeers(dht: KadDHT, key: Uint8Array, limit: number, stop: AbortSignal): Promise<PeerInfo[]> {
  const found: PeerInfo[] = []
  const query = new AbortController()
  const abort = (): void => query.abort()
  // A listener that is taken off again, not AbortSignal.any: that leaks on a signal as long-lived as `stop`.
  stop.addEventListener('abort', abort, { once: true })
  const timer = setTimeout(abort, DHT_QUERY_TIMEOUT_MS)
  try {
    for await (const event of dht.getClosestPeers(key, { signal: query.signal })) {
      if (event.name === 'FINAL_PEER') found.push(event.peer)
      if (found.length >= limit) break
    }
  } catch (error) {
    if (!query.signal.aborted && !(error instanceof Error)) throw error
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', abort)
  }
  return found
}
