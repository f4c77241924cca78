import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { X0_PROTOCOL } from '../channel/profile.ts'
import { sessionOf } from '../channel/session.ts'
import { type ProbingEncrypter, probeHandshake } from '../host/handshake-probe.ts'
import type { Host } from '../host/libp2p-host.ts'
import { DIAL_TIMEOUT_MS } from '../host/limits.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { PingReport, PingRequest } from './documents.ts'
import { asNodeFault } from './handshake-operation.ts'
import { NodeFault } from './node-view.ts'
import { type KnownPeer, type PeerTarget, peerTarget } from './peer-target.ts'

/** How long one ping may take, ms: beyond it the answer counts as lost. */
const PING_TIMEOUT_MS = 5_000

export interface PingOperation {
  readonly host: Pick<Host, 'dial' | 'getConnections' | 'services'>
  readonly known: () => readonly KnownPeer[]
  readonly encrypter: (protocol: string) => ProbingEncrypter | undefined
  /** Why the channel to a peer was refused just now, where it was: libp2p's own error has lost that. */
  readonly refusal: (peerId: string) => Error | undefined
}

/**
 * POST /mesh/ping: libp2p pings over the connection to a peer, which is dialled where there is none. An x0 id in the request
 * is compared with the one that the peer has proved; what the node itself believes of the peer stays as it is.
 * @throws NodeFault
 */
export async function runPing(operation: PingOperation, request: PingRequest, signal: AbortSignal): Promise<PingReport> {
  const target = peerTarget(request.peer, operation.known())
  const address = multiaddr(target.peerId === undefined ? target.address : `${target.address}/p2p/${target.peerId}`)
  const sent = request.count ?? 1
  const rttMs: number[] = []
  try {
    await proveBeforehand(operation, target, signal)
    const connection = await operation.host.dial(address, { signal })
    requireStated(connection, target)
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
    if (error instanceof NodeFault) throw error
    throw asNodeFault((target.peerId === undefined ? undefined : operation.refusal(target.peerId)) ?? error, signal)
  }
}

/**
 * A first dial believes whom it meets. So where the request states an x0 id and there is no connection yet, a handshake
 * that insists on it comes first, and leaves nothing behind where another answers.
 */
async function proveBeforehand(operation: PingOperation, target: PeerTarget, signal: AbortSignal): Promise<void> {
  if (!target.stated || target.peerId === undefined) return
  if (operation.host.getConnections(peerIdFromString(target.peerId)).length > 0) return
  const encrypter = operation.encrypter(X0_PROTOCOL)
  if (encrypter === undefined) throw new Error('the x0 channel is not there')
  await probeHandshake(encrypter, target, AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]))
}

/** @throws NodeFault `identity-mismatch` where the peer has not proved the x0 id that the request states */
function requireStated(connection: Connection, target: PeerTarget): void {
  if (!target.stated) return
  const proven = sessionOf(connection)?.remoteX0Id
  if (proven !== undefined && formatX0Id(proven) === target.x0Id) return
  const whom = proven === undefined ? 'no x0 id' : `the x0 id ${formatX0Id(proven)}`
  throw new NodeFault('identity-mismatch', `the peer has proved ${whom}, not the one stated, ${target.x0Id}`)
}
