import { isIPv6 } from 'node:net'

/**
 * What all of one machine or home is counted under: an IPv4 address as it is, an IPv6 address by its /64, which a single
 * owner has whole. An IPv4 address in IPv6 form (RFC 4291 section 2.5.5.2), in dots or in hexadecimal, is that IPv4
 * address: two spellings must not have two budgets. Anything else is its own key.
 */
export function addressKey(host: string): string {
  const [address = ''] = host.split('%', 1)
  if (!isIPv6(address)) return host
  const groups = ipv6Groups(address)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped) {
    const bytes = groups.slice(6).flatMap((group) => [group >> 8, group & 0xff])
    return bytes.join('.')
  }
  const network = groups.slice(0, 4).map((group) => group.toString(16))
  return `${network.join(':')}::/64`
}

/** The eight 16-bit groups of a valid IPv6 address in any of the notations of RFC 4291 section 2.2. */
function ipv6Groups(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const left = notedGroups(head)
  const right = notedGroups(tail ?? '')
  const zeros = Array<number>(8 - left.length - right.length).fill(0)
  return [...left, ...zeros, ...right]
}

function notedGroups(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}
