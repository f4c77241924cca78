import type { Connection } from '@libp2p/interface'
import { sessionOf } from '../channel/session.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Host } from './libp2p-host.ts'
import { CUT_GRACE_MS } from './limits.ts'

/** Why a peer is cut off; it shows as the reason why the peer is down. */
export type CutCode = 'revoked' | 'credential-expired' | 'sync-lied'

export interface PeerCutterOptions {
  readonly host: Pick<Host, 'getConnections' | 'addEventListener' | 'removeEventListener'>
  readonly isRevoked: (x0Id: Uint8Array) => boolean
  /** Notes why a connection is about to be closed. */
  readonly closing: (connection: Connection, code: CutCode, message: string) => void
  /** The peer ids that an x0 id (text) is known to have, connected or not. */
  readonly peerIdsOf: (x0Id: string) => readonly string[]
  /** Drops what is known of a revoked node: its record, its presence. */
  readonly dropNode: (x0Id: Uint8Array) => void
  /** Drops a peer from who is dialled, dials in flight included. */
  readonly dropPeer: (peerId: string) => void
}

export interface PeerCutter {
  /** Watches for sessions whose handshake was under way when its peer was revoked. */
  start(): void
  stop(): void
  /** Ends one connection, for good reason. */
  close(connection: Connection, code: CutCode, message: string): void
  /** Ends all connections of a revoked node and forgets it. */
  cutOff(x0Id: Uint8Array): void
}

const REVOKED = 'a member has revoked this node'

/** Ends connections at once: their streams are reset, nothing they still send is served, and they close within 100 ms. */
export function createPeerCutter(options: PeerCutterOptions): PeerCutter {
  const { host } = options

  function close(connection: Connection, code: CutCode, message: string): void {
    if (connection.status !== 'open') return
    options.closing(connection, code, message)
    const reason = new Error(message)
    connection.limits = {}
    for (const stream of connection.streams) stream.abort(reason)
    void connection.close({ signal: AbortSignal.timeout(CUT_GRACE_MS) }).catch(() => connection.abort(reason))
  }

  const onOpen = (event: CustomEvent<Connection>): void => {
    const x0Id = sessionOf(event.detail)?.remoteX0Id
    if (x0Id !== undefined && options.isRevoked(x0Id)) close(event.detail, 'revoked', REVOKED)
  }

  return {
    start: () => host.addEventListener('connection:open', onOpen),
    stop: () => host.removeEventListener('connection:open', onOpen),
    close,
    cutOff(x0Id) {
      const text = formatX0Id(x0Id)
      const peerIds = new Set(options.peerIdsOf(text))
      for (const connection of host.getConnections()) {
        const proven = sessionOf(connection)?.remoteX0Id
        if (proven === undefined || formatX0Id(proven) !== text) continue
        peerIds.add(connection.remotePeer.toString())
        close(connection, 'revoked', REVOKED)
      }
      options.dropNode(x0Id)
      for (const peerId of peerIds) options.dropPeer(peerId)
    },
  }
}
