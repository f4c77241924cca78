import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { getNetConfig, isNetworkAddress } from '@libp2p/utils'
import { GOOD_ADDRESS_MS } from '../channel/limits.ts'
import { sessionOf } from '../channel/session.ts'
import { addressKey } from '../platform/address-key.ts'
import type { Clock } from '../platform/clock.ts'
import type { CountFault } from './counter.ts'
import {
  INBOUND_BURST_PER_ADDRESS,
  INBOUND_RATE_PER_ADDRESS,
  MAX_INBOUND_PER_ADDRESS,
  MAX_PENDING_INBOUND,
  MAX_PENDING_PER_ADDRESS,
  MAX_TRACKED_ADDRESSES,
  RESERVED_PENDING_SHARE,
} from './limits.ts'
import { KeyedBuckets } from './token-bucket.ts'

/** Caps per address (IPv4 address, IPv6 /64). */
export interface InboundCaps {
  /** Open connections. */
  readonly open: number
  /** Connections whose handshake is not done. */
  readonly pending: number
  /** New connections at once, and per second after that. */
  readonly burst: number
  readonly rate: number
}

export const defaultInboundCaps: InboundCaps = {
  open: MAX_INBOUND_PER_ADDRESS,
  pending: MAX_PENDING_PER_ADDRESS,
  burst: INBOUND_BURST_PER_ADDRESS,
  rate: INBOUND_RATE_PER_ADDRESS,
}

/** Loopback holds whole test nets and local tools: wider, but still bounded, since a local flood is one too. */
export const loopbackInboundCaps: InboundCaps = { open: 512, pending: 64, burst: 128, rate: 50 }

export interface GaterOptions {
  readonly clock: Clock
  readonly count: CountFault
  readonly caps?: InboundCaps
  readonly loopbackCaps?: InboundCaps
  /** Connections whose handshake is not done, all addresses together. Below libp2p's own bound, so that this one decides. */
  readonly pending?: number
  /** Peers that nothing in this node may dial: libp2p's DHT does so by itself. */
  readonly barred?: (peerId: string) => boolean
  /** A connection to the peer is open that libp2p does not count: another one is not to be made. */
  readonly isFencedOff?: (peerId: PeerId) => boolean
}

interface AddressUse {
  open: number
  pending: number
}

export function isLoopback(host: string): boolean {
  return host === '::1' || addressKey(host).startsWith('127.')
}

/**
 * Refuses inbound connections beyond the caps before a byte of theirs is read. A share of the places in the handshake is
 * kept for addresses that completed one lately: silent sockets from many addresses do not lock out those who come back.
 */
export function createConnectionGater(options: GaterOptions): ConnectionGater & { readonly trackedAddresses: () => number } {
  const caps = options.caps ?? defaultInboundCaps
  const loopbackCaps = options.loopbackCaps ?? loopbackInboundCaps
  const buckets = new KeyedBuckets(caps.burst, caps.rate, MAX_TRACKED_ADDRESSES)
  const loopbackBuckets = new KeyedBuckets(loopbackCaps.burst, loopbackCaps.rate, MAX_TRACKED_ADDRESSES)
  // Entries live as long as connections do, and those are bounded by libp2p's maxConnections.
  const uses = new Map<string, AddressUse>()
  const pending = new WeakMap<MultiaddrConnection, AddressUse>()
  // Who proved itself and then hung up (a handshake on demand does) is no fault.
  const known = new WeakSet<MultiaddrConnection>()
  const places = options.pending ?? MAX_PENDING_INBOUND
  const openPlaces = places - Math.floor(places * RESERVED_PENDING_SHARE)
  let allPending = 0
  // By address, until when: the one that was good longest ago comes first, and goes first.
  const good = new Map<string, number>()

  return {
    trackedAddresses: () => uses.size + buckets.size + loopbackBuckets.size + good.size,
    // libp2p's own default refuses to dial private addresses in browsers; here every address is fine.
    denyDialMultiaddr: () => false,

    denyDialPeer: (peerId) => options.barred?.(peerId.toString()) === true || options.isFencedOff?.(peerId) === true,

    denyInboundConnection(connection) {
      if (!isNetworkAddress(connection.remoteAddr)) return false
      const { host } = getNetConfig(connection.remoteAddr)
      const local = isLoopback(host)
      const limit = local ? loopbackCaps : caps
      const key = addressKey(host)
      const use = uses.get(key) ?? { open: 0, pending: 0 }
      if (!(local ? loopbackBuckets : buckets).take(key, options.clock.monotonic())) return refuse('inbound-rate')
      if (use.open >= limit.open) return refuse('inbound-address-cap')
      const isGood = (good.get(key) ?? 0) > options.clock.monotonic()
      if (use.pending >= limit.pending || allPending >= (isGood ? places : openPlaces)) return refuse('inbound-pending-cap')
      use.open += 1
      use.pending += 1
      allPending += 1
      uses.set(key, use)
      pending.set(connection, use)
      connection.addEventListener(
        'close',
        () => {
          use.open -= 1
          if (settle(connection) && !isKnown(connection)) options.count('inbound-unfinished')
          if (use.open === 0 && uses.get(key) === use) uses.delete(key)
        },
        { once: true },
      )
      return false
    },

    denyInboundEncryptedConnection(_peerId, connection) {
      known.add(connection)
      return false
    },

    // Not yet after the encryption: libp2p holds the place until a muxer is agreed on, and so does this count.
    denyInboundUpgradedConnection(_peerId, connection) {
      if (isNetworkAddress(connection.remoteAddr)) noteGood(addressKey(getNetConfig(connection.remoteAddr).host))
      settle(connection)
      return false
    },
  }

  /** It proved itself: over a session's handshake, or in a visit at the join door, which the upgrader takes for a failure. */
  function isKnown(connection: MultiaddrConnection): boolean {
    return known.has(connection) || sessionOf(connection)?.isAccepted === true
  }

  function noteGood(key: string): void {
    good.delete(key)
    good.set(key, options.clock.monotonic() + GOOD_ADDRESS_MS)
    if (good.size <= MAX_TRACKED_ADDRESSES) return
    const oldest = good.keys().next()
    if (oldest.done !== true) good.delete(oldest.value)
  }

  function refuse(fault: 'inbound-rate' | 'inbound-address-cap' | 'inbound-pending-cap'): true {
    options.count(fault)
    return true
  }

  /** The handshake of this raw connection is over, well or not. @returns false where that was known already */
  function settle(connection: MultiaddrConnection): boolean {
    const use = pending.get(connection)
    if (use === undefined) return false
    pending.delete(connection)
    use.pending -= 1
    allPending -= 1
    return true
  }
}
