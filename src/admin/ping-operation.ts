import { multiaddr } from '@multiformats/multiaddr'
import type { Host } from '../host/libp2p-host.ts'
import type { PingReport, PingRequest } from './documents.ts'
import { asNodeFault } from './handshake-operation.ts'
import { type KnownPeer, peerTarget } from './peer-target.ts'

/** How long one ping may take, ms: beyond it the answer counts as lost. */
const PING_TIMEOUT_MS = 5_000

export interface PingOperation {
  readonly host: Pick<Host, 'dial' | 'services'>
  readonly known: () => readonly KnownPeer[]
  /** Makes the dial insist on an x0 id. */
  readonly expectIdentity: (peerId: string, x0Id: string) => void
  /** Why the channel to a peer was refused just now, where it was: libp2p's own error has lost that. */
  readonly refusal: (peerId: string) => Error | undefined
}

/** POST /mesh/ping: libp2p pings over the connection to a peer, which is dialled where there is none. @throws NodeFault */
export async function runPing(operation: PingOperation, request: PingRequest, signal: AbortSignal): Promise<PingReport> {
  const target = peerTarget(request.peer, operation.known())
  if (target.stated && target.peerId !== undefined && target.x0Id !== undefined)
    operation.expectIdentity(target.peerId, target.x0Id)
  const address = multiaddr(target.peerId === undefined ? target.address : `${target.address}/p2p/${target.peerId}`)
  const sent = request.count ?? 1
  const rttMs: number[] = []
  try {
    const connection = await operation.host.dial(address, { signal })
    for (let count = 0; count < sent && !signal.aborted; count += 1) {
      const rtt = await operation.host.services.ping
        .ping(connection.remotePeer, { signal: AbortSignal.timeout(PING_TIMEOUT_MS) })
        .catch(() => undefined)
      if (rtt !== undefined) rttMs.push(rtt)
    }
    return {
      schema: 'x0.ping/v1',
      peerId: connection.remotePeer.toString(),
      path: connection.remoteAddr.toString(),
      sent,
      received: rttMs.length,
      rttMs,
    }
  } catch (error) {
    throw asNodeFault((target.peerId === undefined ? undefined : operation.refusal(target.peerId)) ?? error, signal)
  }
}
