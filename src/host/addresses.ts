import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import type { BootstrapLine } from '../identity/bootstrap-line.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import { MAX_ADDRESS_BYTES } from './limits.ts'
import type { WantedPeer } from './supervisor-state.ts'

/** The address as text without its /p2p/ part. */
export function withoutPeerId(address: Multiaddr): string {
  return address.decapsulateCode(CODE_P2P).toString()
}

/** Addresses that can be dialled directly, without their /p2p/ part. */
export function plainAddresses(addresses: readonly Multiaddr[]): string[] {
  return addresses
    .map(withoutPeerId)
    .filter((address) => address.length > 1 && address.length <= MAX_ADDRESS_BYTES && !address.includes('/p2p-circuit'))
}

/** A bootstrap line as the supervisor takes it. */
export function wantedPeer(line: BootstrapLine): WantedPeer {
  const x0Id = line.x0Id === undefined ? undefined : formatX0Id(line.x0Id)
  return { address: withoutPeerId(line.address), peerId: line.peerId, x0Id }
}
