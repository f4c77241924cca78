import { isIPv4, isIPv6 } from 'node:net'

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

/** What one client is counted by: its IPv4 address, or its IPv6 /64, which a single client owns whole. */
export function clientKey(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  return `${expand(plain).slice(0, 4).join(':')}::/64`
}

/** The eight groups of a valid IPv6 address, without leading zeros. */
function expand(address: string): string[] {
  const [bare = ''] = address.split('%')
  const [head = '', tail] = bare.split('::')
  const groups = (part: string) => part.split(':').filter((group) => group !== '')
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return [...left, ...zeros, ...right].map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
}
