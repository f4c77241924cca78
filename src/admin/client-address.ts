import { isIPv4 } from 'node:net'

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** An IPv4 address that came in over an IPv6 socket, as IPv4; anything else as it is. */
export function plainAddress(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address
}

/** 127.0.0.0/8, ::1 and the name localhost: what cannot be reached from another machine. */
export function isLoopback(host: string): boolean {
  const plain = plainAddress(host)
  if (isIPv4(plain)) return plain.startsWith('127.')
  return plain === '::1' || plain === 'localhost'
}
