import type { Connection } from '@libp2p/interface'
import { sessionOf } from '../channel/session.ts'
import type { CountFault } from './counter.ts'
import { HostError } from './host-error.ts'
import type { Host } from './libp2p-host.ts'
import { JOIN_STREAM_ANSWER_MS, JOIN_STREAM_BURST, JOIN_STREAM_RATE, MAX_JOIN_FRAME_BYTES, MAX_TRACKED_PEERS } from './limits.ts'
import { openFrames, serveFrames } from './streams.ts'
import { KeyedBuckets } from './token-bucket.ts'

/** Requests of the join exchange between nodes that are connected: renewals, and what is brought for somebody else. */
const JOIN_STREAM_PROTOCOL = '/x0/join-request/1.0.0'

export interface JoinStreamOptions {
  readonly host: Pick<Host, 'handle'>
  readonly count: CountFault
  readonly now: () => number
  /** Answers a request that the peer with this x0 id (32 bytes) sent or brought. */
  readonly answer: (request: Uint8Array, from: Uint8Array) => Promise<Uint8Array>
}

/** Registers the protocol; before the host starts. One request and one answer a stream. */
export async function serveJoinRequests({ host, count, now, answer }: JoinStreamOptions): Promise<void> {
  const buckets = new KeyedBuckets(JOIN_STREAM_BURST, JOIN_STREAM_RATE, MAX_TRACKED_PEERS)
  const limits = { maxBytes: MAX_JOIN_FRAME_BYTES, maxStreams: 1 }
  await serveFrames(host, JOIN_STREAM_PROTOCOL, limits, count, async (frames, connection) => {
    const request = await frames.read()
    const from = sessionOf(connection)?.remoteX0Id
    if (request === undefined || from === undefined) return
    // each costs a signature: a peer that asks without pause is not answered
    if (!buckets.take(connection.remotePeer.toString(), now())) {
      count('join-rate')
      return
    }
    await frames.write(await answer(request, from))
  })
}

/** One request to a connected peer; undefined where it gives no answer. @throws HostError as streams do */
export async function askByStream(
  connection: Connection,
  request: Uint8Array,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const frames = await openFrames(connection, JOIN_STREAM_PROTOCOL, MAX_JOIN_FRAME_BYTES)
  const abort = (): void => frames.abort(new HostError('stream-ended', 'nobody waits for the answer any more'))
  try {
    signal?.addEventListener('abort', abort)
    signal?.throwIfAborted()
    await frames.write(request)
    const answer = await frames.read(JOIN_STREAM_ANSWER_MS)
    await frames.close()
    return answer
  } catch (error) {
    frames.abort(error instanceof Error ? error : new Error('a join request failed'))
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
