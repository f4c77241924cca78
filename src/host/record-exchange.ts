import type { Connection, PeerId } from '@libp2p/interface'
import type { Clock, Timer } from '../platform/clock.ts'
import type { CountFault } from './counter.ts'
import { closestPeers } from './dht.ts'
import type { Host } from './libp2p-host.ts'
import {
  DIAL_TIMEOUT_MS,
  MAX_RECORD_STREAMS,
  MAX_TRACKED_PEERS,
  RECORD_HOLDERS,
  RECORD_LOOKUP_GRACE_MS,
  RECORD_LOOKUP_MS,
  RECORD_REQUEST_BURST,
  RECORD_REQUEST_RATE,
  RECORD_SWEEP_MS,
} from './limits.ts'
import { type NodeRecord, recordKey } from './node-record.ts'
import type { RecordStore } from './record-store.ts'
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
  MAX_RECORD_FRAME_BYTES,
  OWN_RECORD,
  RECORD_PROTOCOL,
  type RecordAnswer,
  type RecordRequest,
} from './record-wire.ts'
import { openFrames, serveFrames } from './streams.ts'
import { KeyedBuckets } from './token-bucket.ts'

export interface RecordExchangeOptions {
  readonly host: Host
  readonly store: RecordStore
  readonly clock: Clock
  readonly count: CountFault
  /** This node's own record, once there is one. */
  readonly ownRecord: () => NodeRecord | undefined
}

export interface RecordExchange {
  /** Registers the protocol and begins to sweep the store; call it before the host starts. */
  start(): Promise<void>
  stop(): void
  /** A connected peer's own record, checked and stored; undefined where it has none or misbehaves. */
  ask(connection: Connection): Promise<NodeRecord | undefined>
  /** Another node's record, asked of one connected peer. */
  askFor(connection: Connection, x0Id: Uint8Array): Promise<NodeRecord | undefined>
  /** The newest valid record that several holders know, the local store included; holders that are behind are told. */
  lookUp(x0Id: Uint8Array): Promise<NodeRecord | undefined>
  /** Puts a record with the peers nearest to its key; resolves to how many hold it now. */
  publish(record: NodeRecord): Promise<number>
}

/** `/x0/record/1.0.0`: node records at the k peers that kad-dht finds nearest, with our own checks and quotas. */
export function createRecordExchange(options: RecordExchangeOptions): RecordExchange {
  const { host, store, clock, count } = options
  const buckets = new KeyedBuckets(RECORD_REQUEST_BURST, RECORD_REQUEST_RATE, MAX_TRACKED_PEERS)
  const stopping = new AbortController()
  let sweeping: Timer | undefined

  async function answer(request: RecordRequest, peerId: string): Promise<RecordAnswer> {
    if (!buckets.take(peerId, clock.monotonic())) {
      count('record-rate')
      return { kind: 'busy' }
    }
    if (request.kind === 'get') {
      const isOwn = Buffer.compare(request.x0Id, OWN_RECORD) === 0
      const record = isOwn ? options.ownRecord() : (store.get(request.x0Id, clock.now()) ?? ownIf(request.x0Id))
      return record === undefined ? { kind: 'absent' } : { kind: 'found', record: record.bytes }
    }
    const verdict = await store.take(request.record, peerId, clock.now())
    if (verdict === 'stored' || verdict === 'known') return { kind: 'stored' }
    if (verdict === 'unwritten') return { kind: 'busy' }
    const mine = verdict === 'stale' ? staleAgainst(request.record) : undefined
    return mine === undefined ? { kind: 'refused' } : { kind: 'newer', record: mine.bytes }
  }

  function ownIf(x0Id: Uint8Array): NodeRecord | undefined {
    const own = options.ownRecord()
    return own !== undefined && Buffer.compare(own.x0Id, x0Id) === 0 ? own : undefined
  }

  /** The newer record of the same node; the stale one named it by its keys, which stand at the same place. */
  function staleAgainst(bytes: Uint8Array): NodeRecord | undefined {
    return store
      .all(clock.now())
      .find((record) => Buffer.compare(record.bytes.subarray(33, 2017), bytes.subarray(33, 2017)) === 0)
  }

  async function request(connection: Connection, message: RecordRequest): Promise<RecordAnswer | undefined> {
    const frames = await openFrames(connection, RECORD_PROTOCOL, MAX_RECORD_FRAME_BYTES)
    try {
      await frames.write(encodeRequest(message))
      const bytes = await frames.read()
      const reply = bytes === undefined ? undefined : decodeAnswer(bytes)
      if (bytes !== undefined && reply === undefined) count('frame-invalid')
      await frames.close()
      return reply
    } catch (error) {
      frames.abort(error instanceof Error ? error : new Error('record request failed'))
      throw error
    }
  }

  /** The record out of an answer, if it is valid and about whom was asked; its peer is counted where not. */
  async function accept(
    reply: RecordAnswer | undefined,
    from: string,
    isAbout: (record: NodeRecord) => boolean,
  ): Promise<NodeRecord | undefined> {
    if (reply === undefined || !('record' in reply)) return undefined
    const verdict = await store.take(reply.record, from, clock.now())
    if (verdict !== 'stored' && verdict !== 'known') return undefined
    const keys = reply.record.subarray(33, 2017)
    const record = store.all(clock.now()).find((held) => Buffer.compare(held.bytes.subarray(33, 2017), keys) === 0)
    return record !== undefined && isAbout(record) ? record : undefined
  }

  async function askFor(connection: Connection, x0Id: Uint8Array): Promise<NodeRecord | undefined> {
    const from = connection.remotePeer.toString()
    const isOwn = Buffer.compare(x0Id, OWN_RECORD) === 0
    try {
      const reply = await request(connection, { kind: 'get', x0Id })
      return await accept(reply, from, (record) => (isOwn ? record.peerId === from : Buffer.compare(record.x0Id, x0Id) === 0))
    } catch {
      // A slow, silent or broken holder: streams.ts has counted it, and it has nothing for us.
      return undefined
    }
  }

  async function connect(peer: PeerId): Promise<Connection | undefined> {
    try {
      return await host.dial(peer, { signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) })
    } catch {
      return undefined
    }
  }

  async function holders(x0Id: Uint8Array): Promise<Connection[]> {
    const peers = await closestPeers(host.services.dht, recordKey(x0Id), RECORD_HOLDERS, stopping.signal)
    const connections = await Promise.all(peers.map(({ id }) => connect(id)))
    return connections.filter((connection) => connection !== undefined)
  }

  /** A record that nobody asks for would keep its place on the disk for ever. */
  function sweepLater(): void {
    sweeping = clock.after(RECORD_SWEEP_MS, () => {
      void store.sweep(clock.now()).finally(() => {
        if (!stopping.signal.aborted) sweepLater()
      })
    })
  }

  return {
    async start() {
      sweepLater()
      const limits = { maxBytes: MAX_RECORD_FRAME_BYTES, maxStreams: MAX_RECORD_STREAMS }
      await serveFrames(host, RECORD_PROTOCOL, limits, count, async (frames, connection) => {
        const bytes = await frames.read()
        if (bytes === undefined) return
        const message = decodeRequest(bytes)
        if (message === undefined) count('frame-invalid')
        await frames.write(
          encodeAnswer(message === undefined ? { kind: 'refused' } : await answer(message, connection.remotePeer.toString())),
        )
      })
    },
    stop() {
      stopping.abort()
      sweeping?.cancel()
    },
    ask: (connection) => askFor(connection, OWN_RECORD),
    askFor,

    async lookUp(x0Id) {
      const asked = await holders(x0Id)
      const seen = new Map<Connection, bigint>()
      const first = Promise.withResolvers<void>()
      const all = Promise.all(
        asked.map(async (connection) => {
          const record = await askFor(connection, x0Id)
          if (record === undefined) return
          seen.set(connection, record.sequence)
          first.resolve()
        }),
      )
      // Every valid answer went into the store, which keeps the newest: waiting for all gives the best one,
      // and a holder that never answers costs the grace period at most.
      const overall = Promise.withResolvers<void>()
      const deadline = clock.after(RECORD_LOOKUP_MS, overall.resolve)
      void all.then(() => overall.resolve())
      void first.promise.then(() => clock.after(RECORD_LOOKUP_GRACE_MS, overall.resolve))
      await overall.promise
      deadline.cancel()
      const best = store.get(x0Id, clock.now())
      if (best !== undefined) {
        for (const connection of asked) {
          if (seen.get(connection) !== best.sequence)
            void request(connection, { kind: 'put', record: best.bytes }).catch(() => undefined)
        }
      }
      return best
    },

    async publish(record) {
      const results = await Promise.all(
        (await holders(record.x0Id)).map(async (connection) => {
          try {
            return (await request(connection, { kind: 'put', record: record.bytes }))?.kind === 'stored'
          } catch {
            return false
          }
        }),
      )
      return results.filter(Boolean).length
    },
  }
}
