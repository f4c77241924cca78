import { type DialProtocolOptions, type DialTarget, type Stream, serviceCapabilities } from '@libp2p/interface'
import { PING_PROTOCOL, type Ping, type PingComponents, ping } from '@libp2p/ping'
import { MAX_PING_STREAMS, PING_STREAM_MS } from './limits.ts'

/**
 * libp2p's ping (`/ipfs/ping/1.0.0`), with an answering side of our own.
 *
 * @libp2p/ping reads with `for await`. Where the far end has sent its bytes and closed its side before that loop begins
 * (libp2p asks the peer store first, on the disk), js-libp2p's iterator waits for a close that has already been: the
 * stream hangs for 10 s, and so long every further ping of that peer fails, the DHT's own among them.
 */
export function pingService(): (components: PingComponents) => Ping {
  return (components) => new PingService(components)
}

class PingService implements Ping {
  readonly [Symbol.toStringTag] = 'x0-ping'
  readonly [serviceCapabilities] = ['@libp2p/ping']
  readonly #components: PingComponents
  readonly #asking: Ping

  constructor(components: PingComponents) {
    this.#components = components
    this.#asking = ping()(components)
  }

  async start(): Promise<void> {
    await this.#components.registrar.handle(PING_PROTOCOL, answerPings, {
      maxInboundStreams: MAX_PING_STREAMS,
      maxOutboundStreams: MAX_PING_STREAMS,
      runOnLimitedConnection: true,
    })
  }

  async stop(): Promise<void> {
    await this.#components.registrar.unhandle(PING_PROTOCOL)
  }

  /** The round trip in whole milliseconds. @throws what the dial, the stream or the signal says */
  ping(peer: DialTarget, options?: DialProtocolOptions): Promise<number> {
    return this.#asking.ping(peer, options)
  }
}

/** Sends back what arrives, until the far end closes its side or the time of a stream is over. */
export function answerPings(stream: Stream): void {
  const tooLong = AbortSignal.timeout(PING_STREAM_MS)
  const abort = (error: Error): void => stream.abort(error)
  const onTooLong = (): void => abort(new Error(`a ping stream is open for longer than ${PING_STREAM_MS} ms`))
  const finish = (): void => void stream.close({ signal: tooLong }).catch(abort)
  tooLong.addEventListener('abort', onTooLong, { once: true })
  stream.addEventListener('close', () => tooLong.removeEventListener('abort', onTooLong), { once: true })
  stream.addEventListener('drain', () => {
    if (stream.readStatus === 'paused') stream.resume()
  })
  stream.addEventListener('end', finish, { once: true })
  stream.addEventListener('message', ({ data }) => {
    // Whoever asks faster than it reads the answers is not read from for as long.
    if (stream.writeStatus === 'writable' && !stream.send(data) && stream.readStatus === 'readable') stream.pause()
  })
  if (stream.readableEnded) finish()
}
