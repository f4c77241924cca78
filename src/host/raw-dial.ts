import type { ConnectionEncrypter, MultiaddrConnection, StreamMuxerFactory, Upgrader } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { select } from '@libp2p/multistream-select'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { HostError } from './host-error.ts'
import { lengthDecoder } from './length-decoder.ts'
import { MAX_NEGOTIATION_LINE_BYTES } from './limits.ts'

/** Milliseconds each. */
export interface RawDialTimes {
  readonly connectMs: number
  /** multistream-select. */
  readonly negotiateMs: number
}

export interface RawDial {
  /** Multiaddr without a /p2p/ part. */
  readonly address: string
  /** The encrypter's id. */
  readonly protocol: string
  readonly signal: AbortSignal
}

/**
 * Runs `use` over a socket of its own, outside libp2p (whose dial would join a connection that is already open, and make
 * one where there is none), once the far end has agreed to `protocol`. Then it hangs up.
 *
 * @throws HostError `dial-failed` where nobody answers, `protocol-unsupported` where the peer does not speak the protocol
 * @throws whatever `use` throws
 */
export async function dialRaw<T>(
  dial: RawDial,
  use: (connection: MultiaddrConnection, times: RawDialTimes) => Promise<T>,
): Promise<T> {
  const upgrader = new OneUse(dial, use)
  try {
    await tcp()({ logger: defaultLogger() }).dial(multiaddr(dial.address), { signal: dial.signal, upgrader })
  } catch (error) {
    if (upgrader.result !== undefined) return upgrader.result.value
    if (upgrader.connected) throw error
    throw new HostError('dial-failed', `nobody answers at ${dial.address}: ${messageOf(error)}`, { cause: error })
  }
  throw new Error('a raw dial became a connection')
}

/** Takes the place of libp2p's upgrader for one dial. It always throws, which makes the transport hang up. */
class OneUse<T> implements Upgrader {
  connected = false
  result: { readonly value: T } | undefined
  readonly #dial: RawDial
  readonly #use: (connection: MultiaddrConnection, times: RawDialTimes) => Promise<T>
  readonly #started = performance.now()

  constructor(dial: RawDial, use: (connection: MultiaddrConnection, times: RawDialTimes) => Promise<T>) {
    this.#dial = dial
    this.#use = use
  }

  async upgradeOutbound(connection: MultiaddrConnection): Promise<never> {
    this.connected = true
    const connected = performance.now()
    await negotiate(connection, this.#dial)
    const times = { connectMs: connected - this.#started, negotiateMs: performance.now() - connected }
    this.result = { value: await this.#use(connection, times) }
    throw new Error('the raw dial is over')
  }

  upgradeInbound(): Promise<void> {
    throw new Error('a raw dial accepts no connections')
  }

  createInboundAbortSignal(): never {
    throw new Error('a raw dial accepts no connections')
  }

  getConnectionEncrypters(): Map<string, ConnectionEncrypter> {
    return new Map()
  }

  getStreamMuxers(): Map<string, StreamMuxerFactory> {
    return new Map()
  }
}

async function negotiate(connection: MultiaddrConnection, { protocol, signal }: RawDial): Promise<void> {
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
