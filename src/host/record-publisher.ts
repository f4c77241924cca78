import type { CryptoBackend } from '../crypto/backend.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import { RECORD_DEBOUNCE_MS, RECORD_LIFETIME_MS, RECORD_NEIGHBOUR_PERIOD_MS, RECORD_REPUBLISH_MS } from './limits.ts'
import { type NodeRecord, signNodeRecord } from './node-record.ts'

/** Where the last sequence survives a restart. */
export interface SequenceShelf {
  load(): Promise<bigint | undefined>
  /** Durable before it resolves: a sequence that was used must never be used again. */
  save(sequence: bigint): Promise<void>
}

export interface RecordPublisherOptions {
  readonly backend: CryptoBackend
  readonly identity: NodeIdentity
  readonly networkId: Uint8Array
  readonly clock: Clock
  readonly random: Random
  readonly shelf: SequenceShelf
  /** Multiaddrs to tell, without /p2p/. */
  readonly addresses: () => readonly string[]
  /** x0 ids of the peers that are up. */
  readonly neighbours: () => readonly Uint8Array[]
  readonly capabilities: readonly string[]
  readonly publish: (record: NodeRecord) => Promise<unknown>
  /** Signing or writing the sequence failed: the old record stays. */
  readonly onError: (error: unknown) => void
}

export interface RecordPublisher {
  /** Signs the first record; publishing it follows when the node has peers (`changed`). */
  start(): Promise<void>
  stop(): void
  /** Addresses or peers may have changed; cheap, and may be called often. */
  changed(): void
  current(): NodeRecord | undefined
}

/** Keeps this node's own record true: signed anew when its addresses change, when its neighbours have, and in good time. */
export function createRecordPublisher(options: RecordPublisherOptions): RecordPublisher {
  const { clock } = options
  let record: NodeRecord | undefined
  let signedAt = 0
  let isPlaced = false
  let timer: Timer | undefined
  let running = false
  let work: Promise<void> = Promise.resolve()

  async function sign(): Promise<NodeRecord> {
    const last = await options.shelf.load()
    const now = BigInt(Math.floor(clock.now()))
    const sequence = last !== undefined && last >= now ? last + 1n : now
    await options.shelf.save(sequence)
    const content = {
      networkId: options.networkId,
      sequence,
      expiresAt: Number(sequence) + RECORD_LIFETIME_MS,
      addresses: options.addresses(),
      neighbours: options.neighbours(),
      capabilities: options.capabilities,
    }
    return signNodeRecord(options.backend, options.identity, content)
  }

  function isOutdated(): boolean {
    if (record === undefined) return true
    const age = clock.monotonic() - signedAt
    if (age >= RECORD_REPUBLISH_MS) return true
    if (options.addresses().join() !== record.addresses.join()) return true
    const neighbours = new Set(options.neighbours().map((id) => Buffer.from(id).toString('hex')))
    const told = record.neighbours.map((id) => Buffer.from(id).toString('hex'))
    const isSame = told.length === neighbours.size && told.every((id) => neighbours.has(id))
    return !isSame && age >= RECORD_NEIGHBOUR_PERIOD_MS
  }

  async function refresh(): Promise<void> {
    if (!running) return
    try {
      if (isOutdated()) {
        record = await sign()
        signedAt = clock.monotonic()
        isPlaced = false
      }
      if (!isPlaced && record !== undefined && running) isPlaced = ((await options.publish(record)) ?? 0) !== 0
    } catch (error) {
      options.onError(error)
    }
  }

  function schedule(ms: number): void {
    timer?.cancel()
    timer = clock.after(ms, () => {
      work = work.then(refresh)
      // Looked at often enough that a change of neighbours is told within its period, and never long after the republish time.
      schedule(RECORD_NEIGHBOUR_PERIOD_MS * (0.9 + options.random.fraction() / 5))
    })
  }

  let dueSoon = false
  return {
    async start() {
      running = true
      record = await sign()
      signedAt = clock.monotonic()
      schedule(RECORD_DEBOUNCE_MS)
    },
    stop() {
      running = false
      timer?.cancel()
    },
    changed() {
      if (!running || dueSoon) return
      dueSoon = true
      clock.after(RECORD_DEBOUNCE_MS, () => {
        dueSoon = false
        work = work.then(refresh)
      })
    },
    current: () => record,
  }
}
