import type { CryptoBackend } from '../../crypto/backend.ts'
import { equalBytes } from '../../crypto/constant-time.ts'
import type { NodeIdentity } from '../../identity/node-identity.ts'
import { formatX0Id } from '../../identity/x0-id.ts'
import type { Clock, Timer } from '../../platform/clock.ts'
import type { Store } from '../../store/store.ts'
import { AuditShelf } from './audit-shelf.ts'
import type { AuditProblem } from './chain-check.ts'
import { encodeEntry, readSealed, recordable, type SealedEntry, sealEntry } from './entry.ts'
import { type SignedHead, signHead, x0IdOfHead } from './head.ts'
import type { Audit, AuditData, AuditKind } from './kinds.ts'
import { MAX_ENTRIES, PRUNED_AT_ONCE, SIGN_AFTER_MS } from './limits.ts'
import { type PlacedEntry, type Resumed, resumeTrail } from './resume.ts'
import { Suppression } from './suppression.ts'
import { type AuditReport, verifyTrail } from './verify-trail.ts'

export interface AuditTrailOptions {
  readonly store: Store
  readonly backend: CryptoBackend
  readonly identity: NodeIdentity
  readonly clock: Clock
  /** The x0 id of the node's keys before these, 32 bytes: a head that they have signed is its own. */
  readonly predecessor?: Uint8Array
  /** Told of what is wrong with the trail when it is opened. The node goes on; the fault stays visible in the trail. */
  readonly onDamaged: (problem: AuditProblem) => void
  /** Told once, when the store takes no more writes: from then on nothing is recorded. */
  readonly onError: (error: unknown) => void
  /** Told of each entry, and of each that was left out: metrics. */
  readonly onRecorded?: (kind: AuditKind) => void
  readonly onSuppressed?: (kind: AuditKind) => void
  /** For tests: how many entries are kept, and how many go at once. */
  readonly bounds?: { readonly entries: number; readonly pruned: number }
}

/** How many entries one batch writes at most, of those that a head is the first to cover. */
const BATCH = 5_000

/**
 * The audit trail of a home. `record` gives an entry its place in the chain at once and writes it as soon as the disk has
 * taken what came before, without waiting for the platter: a process that is killed loses what it recorded within the
 * last milliseconds. Once a second, where there is something new, the head is signed and written together with what it is
 * the first to cover, with fsync: a machine that loses power loses up to that second.
 */
export class AuditTrail implements Audit {
  readonly #options: AuditTrailOptions
  readonly #shelf: AuditShelf
  readonly #bounds: { readonly entries: number; readonly pruned: number }
  readonly #suppression = new Suppression()
  #first: number
  #anchor: Uint8Array
  #count: number
  #hash: Uint8Array
  /** Given a place, not yet handed to the store. */
  #unwritten: PlacedEntry[] = []
  /** Not yet covered by a head. */
  #unsigned: PlacedEntry[]
  #head: SignedHead | undefined
  #timer: Timer | undefined
  #turn: Promise<void> = Promise.resolve()
  #verifying: Promise<AuditReport> | undefined
  /** Nothing is recorded any more: the store has failed, or the trail is closed. */
  #isOver = false

  private constructor(options: AuditTrailOptions, shelf: AuditShelf, from: Resumed) {
    this.#options = options
    this.#shelf = shelf
    this.#first = from.first
    this.#anchor = from.anchor
    this.#count = from.count
    this.#hash = from.hash
    this.#unsigned = [...from.unsigned]
    this.#head = from.head
    this.#bounds = options.bounds ?? { entries: MAX_ENTRIES, pruned: PRUNED_AT_ONCE }
  }

  /**
   * Opens the trail, or begins one, and signs its head.
   * @throws StoreError where the disk fails
   */
  static async open(options: AuditTrailOptions): Promise<AuditTrail> {
    const shelf = new AuditShelf(options.store)
    const { backend, identity, predecessor } = options
    const resumed = await resumeTrail(backend, shelf, predecessor === undefined ? [identity.x0Id] : [identity.x0Id, predecessor])
    const trail = new AuditTrail(options, shelf, resumed)
    if (resumed.count === 0) trail.record('audit.began', {})
    if (resumed.problem !== undefined) {
      options.onDamaged(resumed.problem)
      trail.record('audit.damaged', { fault: resumed.problem.fault, n: resumed.problem.n })
    }
    const signer = resumed.head === undefined ? identity.x0Id : x0IdOfHead(backend, resumed.head)
    if (!equalBytes(signer, identity.x0Id)) trail.record('keys.rotated', { from: formatX0Id(signer), to: trail.x0Id })
    await trail.flush()
    return trail
  }

  /** Whose trail it is, text form. */
  get x0Id(): string {
    return formatX0Id(this.#options.identity.x0Id)
  }

  /** The head that was signed last. */
  get head(): SignedHead | undefined {
    return this.#head
  }

  /** An arrow: it is passed around. */
  readonly record = (kind: AuditKind, data: AuditData, source = ''): void => {
    if (this.#isOver) return
    if (this.#suppression.admits(kind, source, this.#options.clock.monotonic())) this.#append(kind, data)
    else this.#options.onSuppressed?.(kind)
    this.#arm()
  }

  /**
   * Resolves when all that was recorded is on the disk and covered by a signed head.
   * @throws StoreError
   */
  async flush(): Promise<void> {
    try {
      await this.#inTurn(() => this.#sign(true))
    } catch (error) {
      this.#failed(error)
      throw error
    }
  }

  /** Entries from `from` on, at most `limit`, all written. */
  async page(from: number, limit: number): Promise<readonly SealedEntry[]> {
    await this.#turn
    return await this.#shelf.page(from, limit)
  }

  /** Signs what there is and follows the whole trail. Who asks while that goes on gets the same answer. */
  verify(): Promise<AuditReport> {
    this.#verifying ??= this.#verify().finally(() => {
      this.#verifying = undefined
    })
    return this.#verifying
  }

  /** Writes and signs what is left. Nothing may be recorded after it. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    if (this.#isOver) return
    this.#isOver = true
    await this.#inTurn(() => this.#sign(true))
  }

  async #verify(): Promise<AuditReport> {
    const { backend, identity } = this.#options
    await this.flush()
    const head = await this.#shelf.head()
    const to = head === undefined || head === 'damaged' ? undefined : head.count
    return await verifyTrail(backend, head, this.#shelf.entries(0, to), [identity.x0Id])
  }

  #append(kind: AuditKind, data: AuditData): void {
    const n = this.#count + 1
    const at = Math.max(0, Math.floor(this.#options.clock.now()))
    const bytes = encodeEntry({ n, at, kind, data: recordable(data), previous: this.#hash })
    const { sealed, hash } = sealEntry(this.#options.backend, bytes)
    this.#count = n
    this.#hash = hash
    this.#options.onRecorded?.(kind)
    this.#unwritten.push({ n, sealed })
    this.#unsigned.push({ n, sealed })
    if (this.#unwritten.length === 1) this.#inTurn(() => this.#write()).catch(this.#failed)
  }

  async #write(): Promise<void> {
    const entries = this.#unwritten
    this.#unwritten = []
    for (let at = 0; at < entries.length; at += BATCH) {
      const part = entries.slice(at, at + BATCH)
      await this.#shelf.write(
        part.map(({ n, sealed }) => this.#shelf.put(n, sealed)),
        false,
      )
    }
  }

  /** The head is looked after once a second, while there is something to do. */
  #arm(): void {
    if (this.#timer !== undefined) return
    this.#timer = this.#options.clock.after(SIGN_AFTER_MS, () => {
      this.#timer = undefined
      this.#inTurn(() => this.#sign(false)).then(() => {
        if (this.#suppression.isPending) this.#arm()
      }, this.#failed)
    })
  }

  async #sign(all: boolean): Promise<void> {
    for (const { kind, count } of this.#suppression.take(this.#options.clock.monotonic(), all)) {
      this.#append('audit.suppressed', { kind, count })
    }
    const pruned = await this.#planPruning()
    if (this.#unsigned.length === 0 && this.#head !== undefined) return
    const entries = this.#unsigned
    this.#unsigned = []
    this.#unwritten = []
    const { identity, clock } = this.#options
    const body = {
      first: this.#first,
      anchor: this.#anchor,
      count: this.#count,
      hash: this.#hash,
      at: Math.max(0, Math.floor(clock.now())),
    }
    const head = await signHead(identity, body)
    // once more what is written already: LevelDB may sync the log of a batch and not the log before it
    for (let at = 0; at === 0 || at < entries.length; at += BATCH) {
      const part = entries.slice(at, at + BATCH).map(({ n, sealed }) => this.#shelf.put(n, sealed))
      const isLast = at + BATCH >= entries.length
      await this.#shelf.write(isLast ? [...part, this.#shelf.putHead(head)] : part, true)
    }
    this.#head = head
    // after the head that no longer needs them: what a kill leaves is cleared away at the next start
    if (pruned) await this.#shelf.forget(0, this.#first - 1, BATCH)
  }

  /** Moves the beginning of the trail where it has become too long, and records that. */
  async #planPruning(): Promise<boolean> {
    const { entries, pruned } = this.#bounds
    // a trail that is being followed keeps its beginning
    if (this.#count - this.#first + 1 <= entries || this.#verifying !== undefined) return false
    const to = this.#count - entries + pruned
    const last = await this.#sealedHash(to)
    if (last === undefined) return false
    this.#append('audit.pruned', { from: this.#first, to, hash: Buffer.from(last).toString('hex') })
    this.#first = to + 1
    this.#anchor = last
    return true
  }

  async #sealedHash(n: number): Promise<Uint8Array | undefined> {
    await this.#write()
    for await (const [, sealed] of this.#shelf.entries(n, n)) return sealed === undefined ? undefined : readSealed(sealed)?.hash
    return undefined
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  readonly #failed = (error: unknown): void => {
    if (this.#isOver) return
    this.#isOver = true
    this.#unwritten = []
    this.#unsigned = []
    this.#options.onError(error)
  }
}
