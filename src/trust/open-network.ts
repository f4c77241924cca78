import type { CryptoBackend } from '../crypto/backend.ts'

/** What a node must know of the network it is in. */
export interface NetworkName {
  readonly name: string
  /** SHA-256 of the genesis, 32 bytes. */
  readonly id: Uint8Array
}

/** The genesis of the default network: constant, so that two fresh nodes can meet. It has no members and decides nothing. */
const OPEN_GENESIS = 'x0-genesis/1\0name=open\0admission=open\0members=none'

/** The network of a node that has joined none: anybody may be in it. */
export function openNetwork(crypto: Pick<CryptoBackend, 'sha256'>): NetworkName {
  return { name: 'open', id: crypto.sha256(new TextEncoder().encode(OPEN_GENESIS)) }
}

/** The first 12 hex digits of a network's id, which stand in protocol ids and topics. */
export function shortNetworkId(network: NetworkName): string {
  return Buffer.from(network.id).toString('hex').slice(0, 12)
}
