import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import type { BatchOperation, Namespace, Store } from '../store/store.ts'
import { StoreError } from '../store/store-error.ts'
import { decodeCredential } from './credential.ts'
import { type Door, readDoors, writeDoors } from './doors.ts'
import { forgetNetwork, isHalfForgotten } from './forget-network.ts'
import { readTime } from './form.ts'
import { decodeGenesis, type Genesis } from './genesis.ts'
import { Membership } from './membership.ts'
import { OneByOne } from './one-by-one.ts'
import { revocationKey, revocationWrite } from './revocation-shelf.ts'
import type { OnDamaged } from './shelf-load.ts'
import { SHELVES } from './shelf-names.ts'
import { TrustError } from './trust-error.ts'

/** The network that a home is in. */
export interface KeptNetwork {
  readonly genesis: Genesis
  /** This node's own; a founder has none. */
  readonly credential: Uint8Array | undefined
  /** Of the invite that led here, best first. */
  readonly doors: readonly Door[]
  /** Wall clock ms of the last sync of revocations; undefined: never, or what was synced is damaged. */
  readonly lastSyncedAt: number | undefined
}

export interface NetworkShelfOptions {
  readonly backend: CryptoBackend
  readonly store: Pick<Store, 'namespace' | 'batch'>
  /** Told of each value that is damaged and left out. A damaged revocation makes `lastSyncedAt` undefined. */
  readonly onDamaged: OnDamaged
}

const GENESIS = 'genesis'
const CREDENTIAL = 'credential'
const DOORS = 'doors'
const SYNCED = 'last-synced'
/** Doors of no owner: each is written with its x0 id. */
const NOBODY = new Uint8Array(32)

/** What a home keeps of the network it is in: checked when it is loaded, on disk (fsync) when a method resolves. */
export class NetworkShelf {
  readonly #options: NetworkShelfOptions
  readonly #network: Namespace
  readonly #revocations: Namespace
  #kept: KeptNetwork | undefined
  #membership: Membership
  /** Keys of revocations that cannot be read. */
  #damaged: readonly string[] = []
  readonly #turns = new OneByOne()

  private constructor(options: NetworkShelfOptions) {
    this.#options = options
    this.#network = options.store.namespace(SHELVES.network)
    this.#revocations = options.store.namespace(SHELVES.revocations)
    this.#membership = new Membership({ backend: options.backend, genesis: undefined })
  }

  /**
   * Loads and checks everything, signatures included.
   * @throws TrustError `damaged` where the genesis is, or is missing: without it the node would be in another network than it
   * was; StoreError where the disk fails
   */
  static async open(options: NetworkShelfOptions): Promise<NetworkShelf> {
    const shelf = new NetworkShelf(options)
    if (await isHalfForgotten(shelf.#network)) await forgetNetwork(options.store)
    await shelf.#load()
    return shelf
  }

  /** Undefined: none, the node is in the open network. */
  get kept(): KeptNetwork | undefined {
    return this.#kept
  }

  /** Of the network that is kept; another one after `enter` and `forget`. */
  get membership(): Membership {
    return this.#membership
  }

  /** A revocation on the disk cannot be read, and has not come again since. */
  get isDamaged(): boolean {
    return this.#damaged.length > 0
  }

  /** @throws TrustError `other-network` where the home is in one already; `bad-invite` for a door that cannot be kept; StoreError */
  enter(entered: Pick<KeptNetwork, 'genesis' | 'credential' | 'doors'>): Promise<void> {
    return this.#turns.run(() => this.#enter(entered))
  }

  async #enter(entered: Pick<KeptNetwork, 'genesis' | 'credential' | 'doors'>): Promise<void> {
    if (this.#kept !== undefined) {
      throw new TrustError('other-network', `this node is in the network ${this.#kept.genesis.name}: leave it first`)
    }
    const { genesis, credential, doors } = entered
    const writer = new ByteWriter()
    writeDoors(writer, doors, NOBODY)
    const operations = [this.#put(GENESIS, genesis.bytes), this.#put(DOORS, writer.finish())]
    if (credential !== undefined) operations.push(this.#put(CREDENTIAL, credential))
    await this.#options.store.batch(operations, { sync: true })
    this.#kept = { genesis, credential, doors, lastSyncedAt: undefined }
    this.#membership = new Membership({ backend: this.#options.backend, genesis })
  }

  /** A renewed one, of the network `of` (its id); nothing where the home has left that meanwhile. @throws StoreError */
  keepCredential(of: Uint8Array, credential: Uint8Array): Promise<void> {
    return this.#whileIn(of, (kept) => this.#keepCredential(kept, credential))
  }

  async #keepCredential(kept: KeptNetwork, credential: Uint8Array): Promise<void> {
    await this.#network.put(CREDENTIAL, credential, { sync: true })
    this.#kept = { ...kept, credential }
  }

  /**
   * Puts what the membership holds about a subject (x0 id, 32 bytes) on disk, after it took something new; nothing where the
   * home has left the network `of`. @throws StoreError
   */
  keepRevocation(of: Uint8Array, subject: Uint8Array): Promise<void> {
    return this.#whileIn(of, () => this.#keepRevocation(subject))
  }

  async #keepRevocation(subject: Uint8Array): Promise<void> {
    const revocation = this.#membership.revocationOf(subject)
    if (revocation === undefined) return
    await this.#options.store.batch([revocationWrite(this.#revocations, revocation)], { sync: true })
  }

  /** All that a member knows is here, at `now` (wall clock ms); nothing where the home has left `of`. @throws StoreError */
  markSynced(of: Uint8Array, now: number): Promise<void> {
    return this.#whileIn(of, (kept) => this.#markSynced(kept, now))
  }

  async #markSynced(kept: KeptNetwork, now: number): Promise<void> {
    // what was damaged has come again and was written over, or nobody has it
    const known = new Set(this.#membership.revocations().map(({ subject }) => revocationKey(subject)))
    const lost = this.#damaged.filter((key) => !known.has(key))
    const deletions = lost.map((key): BatchOperation => ({ type: 'delete', namespace: this.#revocations, key }))
    const synced = this.#put(SYNCED, new ByteWriter().u64(BigInt(now)).finish())
    await this.#options.store.batch([synced, ...deletions], { sync: true })
    this.#damaged = []
    this.#kept = { ...kept, lastSyncedAt: now }
  }

  /** Leaves the network: nothing of it stays, this node's invites and what it issued included. @throws StoreError */
  forget(): Promise<void> {
    return this.#turns.run(async () => {
      await forgetNetwork(this.#options.store)
      this.#kept = undefined
      this.#damaged = []
      this.#membership = new Membership({ backend: this.#options.backend, genesis: undefined })
    })
  }

  async #load(): Promise<void> {
    const { backend } = this.#options
    const genesis = await this.#loadGenesis()
    if (genesis === undefined) return
    this.#membership = new Membership({ backend, genesis })
    const credential = await this.#value(CREDENTIAL, (bytes) => {
      if (equalBytes(decodeCredential(bytes).networkId, genesis.id)) return bytes
      throw new TrustError('damaged', 'a credential of another network')
    })
    const doors = (await this.#value(DOORS, decodeDoors)) ?? []
    const lastSyncedAt = await this.#value(SYNCED, decodeSynced)
    await this.#loadRevocations()
    this.#kept = { genesis, credential, doors, lastSyncedAt: this.#damaged.length > 0 ? undefined : lastSyncedAt }
  }

  async #loadGenesis(): Promise<Genesis | undefined> {
    let bytes: Uint8Array | undefined
    try {
      bytes = await this.#network.get(GENESIS)
      if (bytes !== undefined) return decodeGenesis(this.#options.backend, bytes)
    } catch (cause) {
      if (isDamage(cause)) throw damagedGenesis('damaged', cause)
      throw cause
    }
    for (const namespace of [this.#network, this.#revocations]) {
      for await (const key of namespace.keys({ limit: 1 })) throw damagedGenesis(`missing, but ${namespace.name}/${key} is there`)
    }
    return undefined
  }

  async #loadRevocations(): Promise<void> {
    const damaged: string[] = []
    for await (const [key, bytes] of this.#revocations.entries({ onCorrupt: (corrupt) => damaged.push(corrupt) })) {
      const taken = await this.#membership.take(bytes)
      if (taken.verdict !== 'new' || revocationKey(taken.revocation.subject) !== key) damaged.push(key)
    }
    for (const key of damaged) this.#options.onDamaged(SHELVES.revocations, key)
    this.#damaged = damaged
  }

  async #value<Value>(key: string, decode: (bytes: Uint8Array) => Value): Promise<Value | undefined> {
    try {
      const bytes = await this.#network.get(key)
      return bytes === undefined ? undefined : decode(bytes)
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#options.onDamaged(SHELVES.network, key)
      return undefined
    }
  }

  #put(key: string, value: Uint8Array): BatchOperation {
    return { type: 'put', namespace: this.#network, key, value }
  }

  /** In turn with everything else that changes the shelf: what was begun in a network ends there, or not at all. */
  #whileIn(of: Uint8Array, work: (kept: KeptNetwork) => Promise<void>): Promise<void> {
    return this.#turns.run(async () => {
      if (this.#kept !== undefined && equalBytes(this.#kept.genesis.id, of)) await work(this.#kept)
    })
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof TrustError || (error instanceof StoreError && error.code === 'corrupt')
}

function damagedGenesis(how: string, cause?: unknown): TrustError {
  const advice = 'restore a backup, or leave the network with `x0 leave` and join it again'
  return new TrustError('damaged', `the genesis of the network in this home is ${how}: ${advice}`, { cause })
}

function decodeDoors(bytes: Uint8Array): readonly Door[] {
  const reader = new ByteReader(Uint8Array.from(bytes), (why) => new TrustError('damaged', why))
  const doors = readDoors(reader, NOBODY)
  reader.end()
  return doors
}

function decodeSynced(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes, (why) => new TrustError('damaged', why))
  const time = readTime(reader, 'damaged')
  reader.end()
  return time
}
