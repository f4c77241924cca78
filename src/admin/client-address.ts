const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** An IPv4 address that came in over an IPv6 socket, as IPv4; anything else as it is. */
export function plainAddress(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address
}
