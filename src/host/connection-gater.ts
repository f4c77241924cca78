import { isIPv6 } from 'node:net'
import type { ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import { getNetConfig, isNetworkAddress } from '@libp2p/utils'
import type { Clock } from '../platform/clock.ts'
import type { CountFault } from './counter.ts'
import {
  INBOUND_BURST_PER_ADDRESS,
  INBOUND_RATE_PER_ADDRESS,
  MAX_INBOUND_PER_ADDRESS,
  MAX_PENDING_PER_ADDRESS,
  MAX_TRACKED_ADDRESSES,
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
  /** True for a peer that must not be talked to, in either direction. */
  readonly isBlocked?: (peerId: string) => boolean
}

interface AddressUse {
  open: number
  pending: number
}

/**
 * The key that caps count by: the IPv4 address (an IPv4-mapped IPv6 address is one), the /64 of an IPv6 address.
 */
export function capKey(host: string): string {
  if (!isIPv6(host)) return host
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)
  if (mapped?.[1] !== undefined) return mapped[1]
  const [head = '', tail] = host.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...new Array<string>(Math.max(0, zeros)).fill('0'), ...right]
  const prefix = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${prefix.join(':')}::/64`
}

export function isLoopback(host: string): boolean {
  return host === '::1' || capKey(host).startsWith('127.')
}

/** Refuses inbound connections beyond the caps before a byte of theirs is read, and blocked peers after the handshake. */
export function createConnectionGater(options: GaterOptions): ConnectionGater & { readonly trackedAddresses: () => number } {
  const caps = options.caps ?? defaultInboundCaps
  const loopbackCaps = options.loopbackCaps ?? loopbackInboundCaps
  const buckets = new KeyedBuckets(caps.burst, caps.rate, MAX_TRACKED_ADDRESSES)
  const loopbackBuckets = new KeyedBuckets(loopbackCaps.burst, loopbackCaps.rate, MAX_TRACKED_ADDRESSES)
  // Entries live as long as connections do, and those are bounded by libp2p's maxConnections.
  const uses = new Map<string, AddressUse>()
  const pending = new WeakMap<MultiaddrConnection, AddressUse>()
  const isBlocked = (peerId: string): boolean => {
    if (options.isBlocked?.(peerId) !== true) return false
    options.count('inbound-blocked')
    return true
  }

  return {
    trackedAddresses: () => uses.size + buckets.size + loopbackBuckets.size,
    denyDialPeer: (peerId) => options.isBlocked?.(peerId.toString()) === true,
    // libp2p's own default refuses to dial private addresses in browsers; here every address is fine.
    denyDialMultiaddr: () => false,

    denyInboundConnection(connection) {
      if (!isNetworkAddress(connection.remoteAddr)) return false
      const { host } = getNetConfig(connection.remoteAddr)
      const local = isLoopback(host)
      const limit = local ? loopbackCaps : caps
      const key = capKey(host)
      const use = uses.get(key) ?? { open: 0, pending: 0 }
      if (!(local ? loopbackBuckets : buckets).take(key, options.clock.monotonic())) return refuse('inbound-rate')
      if (use.open >= limit.open) return refuse('inbound-address-cap')
      if (use.pending >= limit.pending) return refuse('inbound-pending-cap')
      use.open += 1
      use.pending += 1
      uses.set(key, use)
      pending.set(connection, use)
      connection.addEventListener(
        'close',
        () => {
          use.open -= 1
          if (settle(connection)) options.count('inbound-unfinished')
          if (use.open === 0 && uses.get(key) === use) uses.delete(key)
        },
        { once: true },
      )
      return false
    },

    denyInboundEncryptedConnection(peerId, connection) {
      settle(connection)
      return isBlocked(peerId.toString())
    },
    denyOutboundEncryptedConnection: (peerId) => isBlocked(peerId.toString()),
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
    return true
  }
}
