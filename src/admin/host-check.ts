import { isIP } from 'node:net'
import { plainAddress } from './client-address.ts'

/** Names that every machine has for itself. */
const OWN_NAMES = ['127.0.0.1', 'localhost', '[::1]']

/**
 * Whether a Host header names this machine. A page of a foreign site that lets its own name resolve to 127.0.0.1 (DNS
 * rebinding) still sends that foreign name. The address that the connection came to is fine: no DNS is involved.
 *
 * @param header the Host header, as sent
 * @param localAddress the address that the connection came to
 * @param allowed further names, as configured, without port
 */
export function hostAllowed(header: string | undefined, localAddress: string | undefined, allowed: readonly string[]): boolean {
  const name = hostName(header)
  if (name === undefined) return false
  if (OWN_NAMES.includes(name)) return true
  if (localAddress !== undefined && name === asHost(plainAddress(localAddress))) return true
  return allowed.some((entry) => entry.toLowerCase() === name)
}

/** The name of `name:port` or `[v6]:port` in lower case, or undefined where it is neither. */
function hostName(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header ?? '')
  return match?.[1]?.toLowerCase()
}

function asHost(address: string): string {
  return isIP(address) === 6 ? `[${address.toLowerCase()}]` : address
}
