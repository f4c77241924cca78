import { BlockList, isIP } from 'node:net'

export interface HostPort {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string
  /** 0 stands for a free one. */
  readonly port: number
}

/** Reads `HOST:PORT` or `[IPV6]:PORT`; undefined where it is neither. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text)
  const [, bracketed, plain, digits] = match ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || port > 65_535) return undefined
  return bracketed !== undefined && isIP(bracketed) !== 6 ? undefined : { host, port }
}

/** True for 127.0.0.0/8, ::1 (also as IPv4-mapped) and localhost. */
export function isLoopbackHost(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true
  const family = isIP(host)
  if (family === 0) return false
  const loopback = new BlockList()
  loopback.addSubnet('127.0.0.0', 8, 'ipv4')
  loopback.addAddress('::1', 'ipv6')
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
