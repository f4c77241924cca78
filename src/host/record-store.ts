import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import type { CountFault } from './counter.ts'
import { HostError } from './host-error.ts'
import {
  MAX_EVIDENCE,
  MAX_RECORD_AHEAD_MS,
  MAX_RECORD_LIFETIME_MS,
  MAX_RECORDS,
  MAX_RECORDS_PER_PEER,
  MAX_SEQUENCE_MARKS,
} from './limits.ts'
import { decodeNodeRecord, type NodeRecord, verifyNodeRecord } from './node-record.ts'

/** Where records are kept over a restart. Keys are hex x0 ids. */
export interface RecordShelf {
  put(key: string, value: Uint8Array): Promise<void>
  delete(key: string): Promise<void>
  entries(): AsyncIterable<readonly [string, Uint8Array]>
}

export type RecordVerdict =
  /** Newer than what was here. */
  | 'stored'
  /** The same body as here; nothing changed. */
  | 'known'
  | 'malformed'
  | 'other-network'
  | 'expired'
  | 'from-the-future'
  /** A lower sequence than seen before. */
  | 'stale'
  /** The same sequence with another body: both are kept as evidence, the first stays. */
  | 'conflict'
  | 'forged'
  | 'quota'
  /** Its node does not belong to the network any more. */
  | 'revoked'
  /** The shelf did not take it, so it is not kept in memory either: our fault, not the peer's. */
  | 'unwritten'

export interface RecordConflict {
  readonly first: NodeRecord
  readonly second: NodeRecord
}

export interface RecordStoreOptions {
  readonly backend: CryptoBackend
  readonly networkId: Uint8Array
  readonly shelf: RecordShelf
  readonly count: CountFault
  /** Whether a node (x0 id, 32 bytes) was revoked; no record of one is taken or loaded. Default: nobody was. */
  readonly isRevoked?: (x0Id: Uint8Array) => boolean
  /** Called for each record that is new or newer. */
  readonly onRecord?: (record: NodeRecord) => void
  /** Called for each new piece of evidence that a node signs two truths at once. */
  readonly onConflict?: (conflict: RecordConflict) => void
  /** The shelf failed. Must not throw. */
  readonly onError: (error: unknown) => void
}

interface Held {
  readonly record: NodeRecord
  /** Peer id of who brought it. */
  readonly from: string
}

/**
 * Signed records of nodes, the newest of each. Nobody can roll one back: the highest sequence seen is remembered even
 * after the record is gone, and no record lives long enough to outlast that memory unnoticed.
 */
export class RecordStore {
  readonly #options: RecordStoreOptions
  readonly #held = new Map<string, Held>()
  readonly #marks = new Map<string, bigint>()
  readonly #perPeer = new Map<string, number>()
  readonly #conflicts: RecordConflict[] = []
  /** Changes of the shelf, and of the memory with it, one after another: the two say the same. */
  #turns: Promise<unknown> = Promise.resolve()

  constructor(options: RecordStoreOptions) {
    this.#options = options
  }

  /** Records that hold. */
  size(now: number): number {
    return this.all(now).length
  }

  /** Nodes that signed two different records under one sequence, the newest evidence last; one pair a node. */
  get conflicts(): readonly RecordConflict[] {
    return this.#conflicts
  }

  /** Reads the shelf. What is spoilt or expired there is dropped; signatures were checked before they were put there. */
  async load(now: number): Promise<void> {
    for await (const [key, bytes] of this.#options.shelf.entries()) {
      const record = this.#decode(bytes)
      // not one of another network, from before this node joined this one
      const isOurs = record !== undefined && equalBytes(record.networkId, this.#options.networkId)
      const isGood = isOurs && hexOf(record.x0Id) === key && record.expiresAt > now && !this.#isRevoked(record)
      if (!isGood || this.#held.size >= MAX_RECORDS) {
        await this.#options.shelf.delete(key)
        continue
      }
      this.#keep(record, record.peerId)
    }
  }

  /** The newest record of a node, unless it has expired. */
  get(x0Id: Uint8Array, now: number): NodeRecord | undefined {
    const record = this.#held.get(hexOf(x0Id))?.record
    return record !== undefined && record.expiresAt > now ? record : undefined
  }

  ofPeer(peerId: string, now: number): NodeRecord | undefined {
    for (const { record } of this.#held.values()) if (record.peerId === peerId && record.expiresAt > now) return record
    return undefined
  }

  all(now: number): readonly NodeRecord[] {
    return [...this.#held.values()].flatMap(({ record }) => (record.expiresAt > now ? [record] : []))
  }

  /** Takes the record in `bytes` that peer `from` brought, cheap checks first. `now` is the wall clock, ms. */
  async take(bytes: Uint8Array, from: string, now: number): Promise<RecordVerdict> {
    const record = this.#decode(bytes)
    if (record === undefined) return this.#refuse('malformed', 'record-invalid')
    const early = this.#judge(record, from, now)
    if (early === 'conflict') await this.#noteConflict(record)
    if (early !== undefined) return early
    if (!(await verifyNodeRecord(this.#options.backend, record))) return this.#refuse('forged', 'record-forged')
    const verdict = await this.#inTurn(() => this.#place(record, from, now))
    if (verdict === 'conflict') await this.#noteConflict(record)
    return verdict
  }

  /** Forgets a node, on the shelf too; its sequence stays remembered. */
  async remove(x0Id: Uint8Array): Promise<void> {
    const key = hexOf(x0Id)
    await this.#inTurn(async () => {
      if (!this.#held.has(key)) return
      this.#drop(key)
      await this.#options.shelf.delete(key)
    })
  }

  /** Forgets what has expired; resolves when the shelf has forgotten it too. */
  async sweep(now: number): Promise<void> {
    this.#dropExpired(now)
    await this.#turns
  }

  async #place(record: NodeRecord, from: string, now: number): Promise<RecordVerdict> {
    // The signature check took its time: another record of the same node may have come in meanwhile.
    const late = this.#judge(record, from, now)
    if (late !== undefined) return late
    try {
      await this.#options.shelf.put(hexOf(record.x0Id), record.bytes)
    } catch (error) {
      this.#options.onError(error)
      return 'unwritten'
    }
    this.#keep(record, from)
    this.#options.onRecord?.(record)
    return 'stored'
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.then(work)
    // Whoever asked hears of a failure; the next one starts all the same.
    this.#turns = turn.catch(() => undefined)
    return turn
  }

  #dropExpired(now: number): void {
    for (const [key, { record }] of this.#held) {
      if (record.expiresAt > now) continue
      this.#drop(key)
      const clear = async (): Promise<void> => {
        // a newer one may have come to its place meanwhile
        if (!this.#held.has(key)) await this.#options.shelf.delete(key)
      }
      void this.#inTurn(clear).catch(this.#options.onError)
    }
  }

  #decode(bytes: Uint8Array): NodeRecord | undefined {
    try {
      return decodeNodeRecord(this.#options.backend, bytes)
    } catch (error) {
      if (error instanceof HostError) return undefined
      throw error
    }
  }

  /** Everything but the signature. */
  #judge(record: NodeRecord, from: string, now: number): RecordVerdict | undefined {
    const key = hexOf(record.x0Id)
    if (Buffer.compare(record.networkId, this.#options.networkId) !== 0) return this.#refuse('other-network', 'record-invalid')
    if (this.#isRevoked(record)) return this.#refuse('revoked', 'record-revoked')
    if (record.expiresAt <= now) return this.#refuse('expired', 'record-expired')
    const isTooFar = record.sequence > BigInt(Math.floor(now + MAX_RECORD_AHEAD_MS))
    const lifetime = record.expiresAt - Number(record.sequence)
    if (isTooFar || lifetime > MAX_RECORD_LIFETIME_MS) return this.#refuse('from-the-future', 'record-invalid')
    const held = this.#held.get(key)?.record
    const mark = this.#marks.get(key)
    if (mark !== undefined && record.sequence < mark) return this.#refuse('stale', 'record-stale')
    if (held !== undefined && record.sequence === held.sequence) {
      if (Buffer.compare(record.bodyHash, held.bodyHash) === 0) return 'known'
      return this.#refuse('conflict', 'record-conflict')
    }
    if (this.#hasRoom(key, record, from)) return undefined
    // What has expired takes no place and counts against nobody.
    this.#dropExpired(now)
    return this.#hasRoom(key, record, from) ? undefined : this.#refuse('quota', 'record-quota')
  }

  #hasRoom(key: string, record: NodeRecord, from: string): boolean {
    const held = this.#held.get(key)
    // A node's own record does not count against it: there is only one.
    if (record.peerId !== from && held?.from !== from && (this.#perPeer.get(from) ?? 0) >= MAX_RECORDS_PER_PEER) return false
    return held !== undefined || this.#held.size < MAX_RECORDS
  }

  /** The contradiction is told only after its signature was checked too, or anybody could accuse anybody. */
  async #noteConflict(second: NodeRecord): Promise<void> {
    const key = hexOf(second.x0Id)
    const first = this.#held.get(key)?.record
    // One pair proves it: further ones of that node cost nothing and tell nothing.
    const isKnown = (): boolean => this.#conflicts.some(({ first: known }) => hexOf(known.x0Id) === key)
    if (first === undefined || isKnown()) return
    if (!(await verifyNodeRecord(this.#options.backend, second)) || isKnown()) return
    this.#conflicts.push({ first, second })
    if (this.#conflicts.length > MAX_EVIDENCE) this.#conflicts.shift()
    this.#options.onConflict?.({ first, second })
  }

  #keep(record: NodeRecord, from: string): void {
    const key = hexOf(record.x0Id)
    this.#drop(key)
    this.#held.set(key, { record, from })
    if (record.peerId !== from) this.#perPeer.set(from, (this.#perPeer.get(from) ?? 0) + 1)
    this.#marks.delete(key)
    this.#marks.set(key, record.sequence)
    if (this.#marks.size > MAX_SEQUENCE_MARKS) {
      const oldest = this.#marks.keys().next()
      if (oldest.done !== true) this.#marks.delete(oldest.value)
    }
  }

  #drop(key: string): void {
    const held = this.#held.get(key)
    if (held === undefined) return
    this.#held.delete(key)
    const left = (this.#perPeer.get(held.from) ?? 0) - 1
    if (held.record.peerId === held.from) return
    if (left > 0) this.#perPeer.set(held.from, left)
    else this.#perPeer.delete(held.from)
  }

  #isRevoked({ x0Id }: NodeRecord): boolean {
    return this.#options.isRevoked?.(x0Id) === true
  }

  #refuse(verdict: RecordVerdict, fault: Parameters<CountFault>[0]): RecordVerdict {
    this.#options.count(fault)
    return verdict
  }
}

function hexOf(id: Uint8Array): string {
  return Buffer.from(id).toString('hex')
}
