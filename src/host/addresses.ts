import { networkInterfaces } from 'node:os'
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import type { Config } from '../config/schema.ts'
import { type BootstrapLine, parseBootstrapLine } from '../identity/bootstrap-line.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import { MAX_ADDRESS_BYTES } from './limits.ts'
import type { Want, WantedPeer, WantSource } from './supervisor-state.ts'

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
function wantedPeer(line: BootstrapLine): WantedPeer {
  const x0Id = line.x0Id === undefined ? undefined : formatX0Id(line.x0Id)
  return { address: withoutPeerId(line.address), peerId: line.peerId, x0Id }
}

/** The lines of one source as the supervisor takes them. @throws IdentityError `bad-bootstrap-line` */
export function wantsOf(source: WantSource, lines: readonly string[]): Want[] {
  return lines.map((line) => ({ ...wantedPeer(parseBootstrapLine(line)), source }))
}

/** Every peer that the configuration names. @throws IdentityError `bad-bootstrap-line` */
export function configuredWants({ bootstrap, peers }: Pick<Config, 'bootstrap' | 'peers'>): Want[] {
  return [...wantsOf('bootstrap', bootstrap), ...wantsOf('persistent', peers.persistent)]
}

/** The addresses of this machine in one string: a change of it is a change of network. */
export function machineAddresses(): string {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .sort()
    .join()
}
