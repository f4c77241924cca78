import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'

/**
 * The multiaddr in `bytes` as text, or undefined for what is none, is not in its one binary form, or names a peer
 * (/p2p/): who answers at an address is said apart from it.
 */
export function addressFromBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined
  try {
    const address = multiaddr(bytes)
    const text = address.toString()
    const isOneEncoding = Buffer.compare(multiaddr(text).bytes, bytes) === 0
    const namesPeer = address.getComponents().some(({ code }) => code === CODE_P2P)
    return isOneEncoding && !namesPeer ? text : undefined
  } catch {
    // whatever is wrong with it, it is no multiaddr
    return undefined
  }
}
