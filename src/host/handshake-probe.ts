import type { ConnectionEncrypter, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type SessionFacts, sessionOf } from '../channel/session.ts'
import { dialRaw } from './raw-dial.ts'

export interface ProbeTarget {
  /** Without a /p2p/ part. */
  readonly address: string
  readonly peerId: string | undefined
  /** Text form: the x0 id that must be met. */
  readonly x0Id: string | undefined
}

export interface ProbeResult {
  readonly address: string
  readonly facts: SessionFacts
  /** Milliseconds each: TCP connect, multistream-select, handshake until the verdict. */
  readonly connectMs: number
  readonly negotiateMs: number
  readonly handshakeMs: number
}

/** An encrypter that can be told which x0 id one dial must meet. */
export interface ProbingEncrypter extends ConnectionEncrypter {
  secureOutbound(
    connection: MultiaddrConnection,
    options: {
      remotePeer?: PeerId
      signal: AbortSignal
      skipStreamMuxerNegotiation: true
      expectedX0Id?: string | undefined
      isProbe: true
    },
  ): ReturnType<ConnectionEncrypter['secureOutbound']>
}

/**
 * Runs one handshake over a socket of its own, waits for the verdict and hangs up. No muxer is offered, so the peer never
 * makes a connection of it.
 *
 * @throws HostError `dial-failed`, `protocol-unsupported` as dialRaw says
 * @throws ChannelRefusal as the encrypter and the verdict say
 */
export function probeHandshake(encrypter: ProbingEncrypter, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult> {
  const { address, peerId, x0Id } = target
  return dialRaw({ address, protocol: encrypter.protocol, signal }, async (connection, times) => {
    const started = performance.now()
    await encrypter.secureOutbound(connection, {
      signal,
      skipStreamMuxerNegotiation: true,
      ...(peerId === undefined ? {} : { remotePeer: peerIdFromString(peerId) }),
      expectedX0Id: x0Id,
      isProbe: true,
    })
    const facts = sessionOf(connection)
    if (facts === undefined) throw new Error('the encrypter left no facts of its session')
    await facts.accepted
    return { address, facts, ...times, handshakeMs: performance.now() - started }
  })
}
