import type { MessageStream, MultiaddrConnection } from '@libp2p/interface'

function isRaw(connection: MessageStream): connection is MultiaddrConnection {
  return 'remoteAddr' in connection && 'timeline' in connection
}

export function timelineOf(connection: MessageStream): { timeline: object } {
  return isRaw(connection) ? connection : { timeline: connection }
}

export function addressOf(connection: MessageStream): string {
  return isRaw(connection) ? connection.remoteAddr.toString() : 'unknown'
}

/** The IP address in a connection's multiaddr. */
export function hostOf(connection: MessageStream): string {
  return /^\/ip[46](?:zone\/[^/]+\/ip6)?\/([^/]+)/.exec(addressOf(connection))?.[1] ?? 'unknown'
}
