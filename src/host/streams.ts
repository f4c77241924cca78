import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { X0_PROTOCOL } from '../channel/profile.ts'
import type { CountFault } from './counter.ts'
import { HostError } from './host-error.ts'
import { lengthDecoder } from './length-decoder.ts'
import { FRAME_TIMEOUT_MS, LIBP2P_STREAMS_BEYOND, STREAM_OPEN_TIMEOUT_MS } from './limits.ts'

/** A stream of frames: unsigned varint length, then that many bytes. Every read and write is bounded in size and time. */
export interface FrameStream {
  /**
   * The next frame, or undefined where the other side has ended the stream between two frames.
   * @throws HostError `frame-too-large`, `stream-ended` (inside a frame), `stream-timeout`
   */
  read(timeoutMs?: number): Promise<Uint8Array | undefined>
  /** @throws HostError `frame-too-large`, `stream-ended`, `stream-timeout` */
  write(frame: Uint8Array, timeoutMs?: number): Promise<void>
  /** Ends the stream well; falls back to a reset. Never throws. */
  close(): Promise<void>
  /** Resets the stream at once. */
  abort(reason: Error): void
}

const MIN_READ_BUFFER_BYTES = 4096

/** Frames of at most `maxBytes` over `stream`. */
export function frameStream(stream: Stream, maxBytes: number): FrameStream {
  // Twice a frame may wait unread, or many small ones where a peer wakes up late. One that sends more is reset.
  const frames = lpStream(stream, {
    maxDataLength: maxBytes,
    lengthDecoder: lengthDecoder(maxBytes),
    maxBufferSize: Math.max(MIN_READ_BUFFER_BYTES, 2 * maxBytes + 64),
  })
  return {
    async read(timeoutMs = FRAME_TIMEOUT_MS) {
      const signal = AbortSignal.timeout(timeoutMs)
      try {
        const frame = await frames.read({ signal })
        return frame.subarray()
      } catch (cause) {
        if (isEnd(cause, stream)) return undefined
        throw frameError(cause)
      }
    },
    async write(frame, timeoutMs = FRAME_TIMEOUT_MS) {
      if (frame.length > maxBytes) throw new HostError('frame-too-large', `a frame of ${frame.length} bytes, ${maxBytes} allowed`)
      try {
        await frames.write(frame, { signal: AbortSignal.timeout(timeoutMs) })
      } catch (cause) {
        throw frameError(cause)
      }
    },
    async close() {
      try {
        await stream.close({ signal: AbortSignal.timeout(FRAME_TIMEOUT_MS) })
      } catch (error) {
        stream.abort(error instanceof Error ? error : new HostError('stream-ended', 'the stream could not be closed'))
      }
    },
    abort: (reason) => stream.abort(reason),
  }
}

/** UnexpectedEOFError says how much was read: nothing of a frame means a clean end. */
function isEnd(cause: unknown, stream: Stream): boolean {
  if (!(cause instanceof Error) || cause.name !== 'UnexpectedEOFError') return false
  return stream.status !== 'aborted' && stream.status !== 'reset' && /\b0\/1 bytes/.test(cause.message)
}

function frameError(cause: unknown): HostError {
  if (cause instanceof HostError) return cause
  const name = cause instanceof Error ? cause.name : ''
  if (name === 'TimeoutError' || name === 'AbortError')
    return new HostError('stream-timeout', 'the peer took too long', { cause })
  if (/^InvalidDataLength|^InvalidMessageLength|^StreamBufferError/.test(name)) {
    return new HostError('frame-too-large', 'the peer sent more than is allowed', { cause })
  }
  return new HostError('stream-ended', 'the stream ended', { cause })
}

/**
 * Opens a stream on a live connection; with `whileFenced` also on a session of ours that is fenced off for a while (catch-up.ts).
 * The caller closes it. @throws HostError `stream-ended`, `stream-timeout`
 */
export async function openFrames(
  connection: Connection,
  protocol: string,
  maxBytes: number,
  options: { readonly whileFenced?: boolean } = {},
): Promise<FrameStream> {
  try {
    const signal = AbortSignal.timeout(STREAM_OPEN_TIMEOUT_MS)
    const runOnLimitedConnection = options.whileFenced === true && !isForeign(connection)
    const stream = await connection.newStream(protocol, { signal, runOnLimitedConnection })
    return frameStream(stream, maxBytes)
  } catch (cause) {
    throw frameError(cause)
  }
}

/** The part of libp2p that takes handlers. */
export interface StreamRegistrar {
  handle(
    protocol: string,
    handler: (stream: Stream, connection: Connection) => void,
    options: { maxInboundStreams: number; maxOutboundStreams: number; runOnLimitedConnection?: boolean },
  ): Promise<void>
}

export interface ProtocolLimits {
  readonly maxBytes: number
  /** Streams of this protocol per connection and direction. */
  readonly maxStreams: number
  /** Serves sessions of ours that are fenced off for a while as well (catch-up.ts); those of interop encrypters never. */
  readonly whileFenced?: boolean
}

/**
 * Registers `serve` for a protocol. A stream beyond the limit is counted and reset. Whatever `serve` throws is a fault of that peer's stream: counted, the stream is reset,
 * and nothing else happens.
 */
export async function serveFrames(
  registrar: StreamRegistrar,
  protocol: string,
  limits: ProtocolLimits,
  count: CountFault,
  serve: (frames: FrameStream, connection: Connection) => Promise<void>,
): Promise<void> {
  await registrar.handle(
    protocol,
    (stream, connection) => {
      if (limits.whileFenced === true && isForeign(connection)) {
        stream.abort(new HostError('protocol-unsupported', `${protocol} is for sessions of the network`))
        return
      }
      const open = connection.streams.filter((each) => each.protocol === protocol && each.direction === 'inbound').length
      if (open > limits.maxStreams) {
        count('stream-limit')
        stream.abort(new HostError('stream-ended', `more than ${limits.maxStreams} streams of ${protocol}`))
        return
      }
      const frames = frameStream(stream, limits.maxBytes)
      void serve(frames, connection).then(
        () => frames.close(),
        (error: unknown) => {
          const fault = frameError(error)
          if (fault.code !== 'stream-ended') count(fault.code === 'stream-timeout' ? 'frame-timeout' : 'frame-invalid')
          frames.abort(fault)
        },
      )
    },
    {
      maxInboundStreams: limits.maxStreams + LIBP2P_STREAMS_BEYOND,
      maxOutboundStreams: limits.maxStreams,
      runOnLimitedConnection: limits.whileFenced === true,
    },
  )
}

/** A fenced session of an interop encrypter (interop-fence.ts). */
function isForeign({ limits, encryption }: Connection): boolean {
  return limits !== undefined && encryption !== X0_PROTOCOL
}
