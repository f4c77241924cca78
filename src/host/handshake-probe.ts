import type { ConnectionEncrypter, MultiaddrConnection, PeerId, StreamMuxerFactory, Upgrader } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { select } from '@libp2p/multistream-select'
import { peerIdFromString } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { type SessionFacts, sessionOf } from '../channel/session.ts'
import { HostError } from './host-error.ts'
import { lengthDecoder } from './length-decoder.ts'
import { MAX_NEGOTIATION_LINE_BYTES } from './limits.ts'

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
 * Runs one handshake over a socket of its own, outside libp2p (whose dial would join a connection that is already open),
 * waits for the verdict and hangs up. No muxer is offered, so the peer never makes a connection of it.
 *
 * @throws HostError `dial-failed` where nobody answers, `protocol-unsupported` where the peer does not speak the protocol
 * @throws ChannelRefusal as the encrypter and the verdict say
 */
export async function probeHandshake(
  encrypter: ProbingEncrypter,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const upgrader = new ProbeUpgrader(encrypter, target, signal)
  try {
    await tcp()({ logger: defaultLogger() }).dial(multiaddr(target.address), { signal, upgrader })
  } catch (error) {
    if (upgrader.result !== undefined) return upgrader.result
    if (upgrader.connected) throw error
    throw new HostError('dial-failed', `nobody answers at ${target.address}: ${messageOf(error)}`, { cause: error })
  }
  throw new Error('a probe became a connection')
}

/** Takes the place of libp2p's upgrader for one dial. It always throws, which makes the transport hang up. */
class ProbeUpgrader implements Upgrader {
  connected = false
  result: ProbeResult | undefined
  readonly #encrypter: ProbingEncrypter
  readonly #target: ProbeTarget
  readonly #signal: AbortSignal
  readonly #started = performance.now()

  constructor(encrypter: ProbingEncrypter, target: ProbeTarget, signal: AbortSignal) {
    this.#encrypter = encrypter
    this.#target = target
    this.#signal = signal
  }

  async upgradeOutbound(connection: MultiaddrConnection): Promise<never> {
    this.connected = true
    const connected = performance.now()
    const { address, peerId, x0Id } = this.#target
    await negotiate(connection, this.#encrypter.protocol, this.#signal)
    const negotiated = performance.now()
    await this.#encrypter.secureOutbound(connection, {
      signal: this.#signal,
      skipStreamMuxerNegotiation: true,
      ...(peerId === undefined ? {} : { remotePeer: peerIdFromString(peerId) }),
      expectedX0Id: x0Id,
      isProbe: true,
    })
    const facts = sessionOf(connection)
    if (facts === undefined) throw new Error('the encrypter left no facts of its session')
    await facts.accepted
    this.result = {
      address,
      facts,
      connectMs: connected - this.#started,
      negotiateMs: negotiated - connected,
      handshakeMs: performance.now() - negotiated,
    }
    throw new Error('the probe is over')
  }

  upgradeInbound(): Promise<void> {
    throw new Error('a probe accepts no connections')
  }

  createInboundAbortSignal(): never {
    throw new Error('a probe accepts no connections')
  }

  getConnectionEncrypters(): Map<string, ConnectionEncrypter> {
    return new Map([[this.#encrypter.protocol, this.#encrypter]])
  }

  getStreamMuxers(): Map<string, StreamMuxerFactory> {
    return new Map()
  }
}

async function negotiate(connection: MultiaddrConnection, protocol: string, signal: AbortSignal): Promise<void> {
  try {
    await select(connection, protocol, { signal, lengthDecoder: lengthDecoder(MAX_NEGOTIATION_LINE_BYTES) })
  } catch (cause) {
    if (signal.aborted || connection.status !== 'open')
      throw new HostError('dial-failed', `the peer hung up: ${messageOf(cause)}`, { cause })
    throw new HostError('protocol-unsupported', `the peer does not speak ${protocol}`, { cause })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
