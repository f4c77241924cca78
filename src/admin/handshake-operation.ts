import { X0_PROTOCOL } from '../channel/profile.ts'
import { ChannelRefusal, type RefusalCode } from '../channel/refusal.ts'
import type { Flight } from '../channel/session.ts'
import { type ProbeResult, type ProbingEncrypter, probeHandshake } from '../host/handshake-probe.ts'
import { HostError } from '../host/host-error.ts'
import { DIAL_TIMEOUT_MS } from '../host/limits.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { HandshakeReport, HandshakeRequest } from './documents.ts'
import { NodeFault, type NodeFaultCode } from './node-view.ts'
import { type KnownPeer, peerTarget } from './peer-target.ts'

export interface HandshakeOperation {
  readonly encrypter: (protocol: string) => ProbingEncrypter | undefined
  readonly known: () => readonly KnownPeer[]
  /** Text form. */
  readonly localX0Id: string
}

/** POST /security/handshake: one new handshake with a peer, measured. @throws NodeFault */
export async function runHandshake(
  operation: HandshakeOperation,
  request: HandshakeRequest,
  signal: AbortSignal,
): Promise<HandshakeReport> {
  const protocol = request.protocol ?? X0_PROTOCOL
  const encrypter = operation.encrypter(protocol)
  if (encrypter === undefined) {
    throw new NodeFault(
      'protocol-unsupported',
      `this node does not offer ${protocol}; \`security.interop\` in the configuration names what it offers beside ${X0_PROTOCOL}`,
    )
  }
  const target = peerTarget(request.peer, operation.known())
  // Like any dial of the node: who takes the connection and then says nothing does not hold up the answer.
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
  try {
    return reportOf(await probeHandshake(encrypter, target, bounded), operation.localX0Id)
  } catch (error) {
    throw asNodeFault(error, bounded)
  }
}

function reportOf(result: ProbeResult, localX0Id: string): HandshakeReport {
  const { facts } = result
  const sum = (direction: Flight['direction']): number =>
    facts.flights.reduce((bytes, flight) => (flight.direction === direction ? bytes + flight.bytes : bytes), 0)
  return {
    schema: 'x0.handshake/v1',
    peerId: facts.remotePeerId,
    remoteX0Id: facts.remoteX0Id === undefined ? null : formatX0Id(facts.remoteX0Id),
    localX0Id,
    address: result.address,
    protocol: facts.protocol,
    suite: facts.suite,
    pqKeyExchange: facts.pqKeyExchange,
    pqAuthenticated: facts.pqAuthenticated,
    verdict: facts.flights.some(({ name }) => name === 'verdict') ? 'accepted' : 'none',
    connectMs: result.connectMs,
    negotiateMs: result.negotiateMs,
    handshakeMs: result.handshakeMs,
    totalMs: result.connectMs + result.negotiateMs + result.handshakeMs,
    flights: facts.flights.map((flight) => ({ ...flight })),
    bytesSent: sum('sent'),
    bytesReceived: sum('received'),
    transcriptHash: Buffer.from(facts.handshakeHash).toString('hex'),
  }
}

const IDENTITY: readonly RefusalCode[] = [
  'x0-id-mismatch',
  'pin-mismatch',
  'pin-frozen',
  'peer-id-mismatch',
  'missing-authentication',
]

/** An error of a handshake or dial as a fault of the API. */
export function asNodeFault(error: unknown, signal: AbortSignal): NodeFault {
  if (error instanceof NodeFault) return error
  const fault = (code: NodeFaultCode, message: string) => new NodeFault(code, message, { cause: error })
  if (error instanceof ChannelRefusal) {
    if (error.by === 'peer') return fault('refused-by-peer', error.message)
    if (IDENTITY.includes(error.code)) return fault('identity-mismatch', error.message)
    return fault(error.code === 'timeout' ? 'timeout' : 'handshake-failed', `${error.code}: ${error.message}`)
  }
  if (signal.aborted) return fault('timeout', 'the peer did not answer in time')
  if (error instanceof HostError && error.code === 'protocol-unsupported') return fault('protocol-unsupported', error.message)
  if (error instanceof HostError && error.code === 'dial-failed') return fault('unreachable', error.message)
  return fault('unreachable', error instanceof Error ? error.message : String(error))
}
