import type { CryptoBackend } from '../crypto/backend.ts'
import { exportSecret } from './exporter.ts'
import type { Role } from './pq-auth.ts'
import { type ChannelProfile, suiteOf } from './profile.ts'
import type { ChannelRefusal } from './refusal.ts'
import type { Flight, SessionFacts, Suite, Traffic } from './session.ts'
import type { SplitResult } from './symmetric-state.ts'

export interface LiveSessionInit {
  readonly crypto: CryptoBackend
  readonly profile: ChannelProfile
  readonly role: Role
  readonly remotePeerId: string
  readonly remoteX0Id: Uint8Array | undefined
  readonly flights: readonly Flight[]
  readonly since: number
  readonly traffic: Traffic
}

/** The facts of a session that our own handshake made. */
export class LiveSession implements SessionFacts {
  readonly protocol: string
  readonly suite: Suite
  readonly role: Role
  readonly pqKeyExchange = true
  readonly pqAuthenticated: boolean
  readonly remotePeerId: string
  readonly remoteX0Id: Uint8Array | undefined
  readonly flights: readonly Flight[]
  readonly since: number
  readonly accepted: Promise<void>
  isAccepted = false
  rekeys = 0
  readonly traffic: Traffic
  readonly #crypto: CryptoBackend
  readonly #settle: { resolve(): void; reject(refusal: ChannelRefusal): void }
  #split: SplitResult | undefined

  constructor(init: LiveSessionInit) {
    this.#crypto = init.crypto
    this.protocol = init.profile.protocol
    this.role = init.role
    this.pqAuthenticated = init.remoteX0Id !== undefined
    this.suite = suiteOf(this.pqAuthenticated)
    this.remotePeerId = init.remotePeerId
    this.remoteX0Id = init.remoteX0Id
    this.flights = init.flights
    this.since = init.since
    this.traffic = init.traffic
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // nobody has to ask; who does sees the refusal
    promise.catch(() => undefined)
    this.accepted = promise
    this.#settle = { resolve, reject }
  }

  get handshakeHash(): Uint8Array {
    return this.#keys().handshakeHash
  }

  exportSecret(label: string, length: number): Uint8Array {
    return exportSecret(this.#crypto, this.#keys().exporterSecret, label, length)
  }

  keysAgreed(split: SplitResult): void {
    this.#split = split
  }

  accept(): void {
    this.isAccepted = true
    this.#settle.resolve()
  }

  refuse(refusal: ChannelRefusal): void {
    this.#settle.reject(refusal)
  }

  #keys(): SplitResult {
    if (this.#split === undefined) throw new Error('this session has no keys yet: wait for `accepted`')
    return this.#split
  }
}
