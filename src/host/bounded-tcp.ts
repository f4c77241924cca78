import type {
  Connection,
  ConnectionEncrypter,
  InboundConnectionUpgradeEvents,
  MultiaddrConnection,
  OutboundConnectionUpgradeEvents,
  StreamMuxerFactory,
  Transport,
  Upgrader,
  UpgraderOptions,
} from '@libp2p/interface'
import { type TCPComponents, tcp } from '@libp2p/tcp'
import { HostError } from './host-error.ts'
import { lengthDecoder } from './length-decoder.ts'
import { MAX_NEGOTIATION_LINE_BYTES, MAX_NEGOTIATION_LINES } from './limits.ts'

/**
 * libp2p's TCP with bounds on what a stranger may say in clear before the secure channel.
 *
 * multistream-select reads a line's length a byte at a time and, in @libp2p/utils 7.4, tests how long that length is only
 * after it could be read: an endless length is read for ever, without a turn for anybody else. It also answers any number
 * of lines. Four sockets held a node for 12 s. What a transport passes to the upgrader reaches that reader, so the
 * bound goes there.
 */
export function boundedTcp(): (components: TCPComponents) => Transport {
  const make = tcp()
  return (components) => {
    const transport = make(components)
    const dial = transport.dial.bind(transport)
    const createListener = transport.createListener.bind(transport)
    return Object.assign(transport, {
      dial: ((address, options) =>
        dial(address, { ...options, upgrader: bounded(options.upgrader) })) satisfies Transport['dial'],
      createListener: ((options) =>
        createListener({ ...options, upgrader: bounded(options.upgrader) })) satisfies Transport['createListener'],
    })
  }
}

function bounded(upgrader: Upgrader): Upgrader {
  return new BoundedUpgrader(upgrader)
}

/** Of one negotiation: the encrypter's and, where it is not settled within the handshake, the muxer's. */
function bounds(): { lengthDecoder: ReturnType<typeof lengthDecoder> } {
  const decode = lengthDecoder(MAX_NEGOTIATION_LINE_BYTES)
  let lines = 0
  return {
    lengthDecoder(bytes) {
      const length = decode(bytes)
      lines += 1
      if (lines > MAX_NEGOTIATION_LINES) throw new HostError('frame-too-large', 'the peer does not come to a choice of protocol')
      return length
    },
  }
}

class BoundedUpgrader implements Upgrader {
  readonly #inner: Upgrader

  constructor(inner: Upgrader) {
    this.#inner = inner
  }

  upgradeOutbound(raw: MultiaddrConnection, options: UpgraderOptions<OutboundConnectionUpgradeEvents>): Promise<Connection> {
    return this.#inner.upgradeOutbound(raw, { ...options, ...bounds() })
  }

  upgradeInbound(raw: MultiaddrConnection, options: UpgraderOptions<InboundConnectionUpgradeEvents>): Promise<void> {
    return this.#inner.upgradeInbound(raw, { ...options, ...bounds() })
  }

  createInboundAbortSignal(signal: AbortSignal): ReturnType<Upgrader['createInboundAbortSignal']> {
    return this.#inner.createInboundAbortSignal(signal)
  }

  getStreamMuxers(): Map<string, StreamMuxerFactory> {
    return this.#inner.getStreamMuxers()
  }

  getConnectionEncrypters(): Map<string, ConnectionEncrypter> {
    return this.#inner.getConnectionEncrypters()
  }
}
