import { equalBytes } from '../crypto/constant-time.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Random } from '../platform/random.ts'
import type { BatchOperation, Namespace, Store } from '../store/store.ts'
import { type Credential, issueCredential } from './credential.ts'
import type { Genesis } from './genesis.ts'
import { type IssuedBook, serialOf } from './issued-book.ts'
import { SERIAL_BYTES } from './limits.ts'
import type { Membership } from './membership.ts'
import { type Revocation, signRevocation } from './revocation.ts'
import { revocationWrite } from './revocation-shelf.ts'
import { TrustError } from './trust-error.ts'

/** What a node is to be given. */
export interface Grant {
  /** x0 id, 32 bytes. */
  readonly subject: Uint8Array
  readonly name: string
  readonly groups: readonly string[]
  readonly validityMs: number
}

export interface SignedRevocation {
  readonly revocation: Revocation
  /** What puts it on disk. */
  readonly write: BatchOperation
}

export interface IssuerOptions {
  readonly identity: NodeIdentity
  readonly genesis: Genesis
  readonly membership: Membership
  readonly random: Pick<Random, 'bytes'>
  readonly store: Pick<Store, 'batch'>
  readonly issued: Namespace
  readonly revocations: Namespace
  readonly book: IssuedBook
}

/** Expired credentials that go from the disk with one write. */
const DELETED_AT_ONCE = 64

/**
 * The member's hand: signs, and has each credential and revocation on disk (fsync) before anybody sees it. What belongs
 * together, a spent token and its credential, is one write. Callers take care that only one of its calls runs at a time.
 */
export class Issuer {
  readonly book: IssuedBook
  readonly #options: IssuerOptions

  constructor(options: IssuerOptions) {
    this.#options = options
    this.book = options.book
  }

  /**
   * Whether another node than `subject` (undefined: any node) has the name: a founder, or one with a credential of ours that holds. Other members
   * may have given it too; nobody knows all credentials.
   */
  isTaken(name: string, subject: Uint8Array | undefined, now: number): boolean {
    const { membership } = this.#options
    if (membership.members().some((member) => member.name === name)) return true
    return this.book
      .list(now)
      .some(
        (issued) =>
          issued.name === name &&
          !(subject !== undefined && equalBytes(issued.subject, subject)) &&
          membership.revocationOf(issued.subject) === undefined,
      )
  }

  isFull(now: number): boolean {
    return this.book.isFullAt(now)
  }

  /** `also` is written with it, all or nothing. @throws StoreError, TrustError `bad-name` */
  async issue(grant: Grant, now: number, also: readonly BatchOperation[] = []): Promise<Credential> {
    const { identity, genesis, random, store, issued } = this.#options
    const { validityMs, ...named } = grant
    const credential = await issueCredential(identity, {
      ...named,
      networkId: genesis.id,
      serial: random.bytes(SERIAL_BYTES),
      notBefore: now,
      notAfter: now + validityMs,
    })
    const expired = this.book.expired(now).slice(0, DELETED_AT_ONCE)
    const deletions = expired.map((old) => ({ type: 'delete', namespace: issued, key: serialOf(old) }) as const)
    const write = { type: 'put', namespace: issued, key: serialOf(credential), value: credential.bytes } as const
    await store.batch([write, ...also, ...deletions], { sync: true })
    for (const old of expired) this.book.delete(old)
    this.book.put(credential)
    return credential
  }

  /**
   * Signs a revocation and takes it into the membership at once; `write` is still to be done.
   * @throws TrustError `protected`, `too-many`, `revoked` where it was revoked already, `bad-revocation`
   */
  async signRevocation(subject: Uint8Array, reason: string, now: number): Promise<SignedRevocation> {
    const { identity, genesis, membership, revocations } = this.#options
    // a second statement of a lower id would take the place of the first: no harm, and of no use
    if (membership.revocationOf(subject) !== undefined) throw alreadyRevoked(subject)
    const revocation = await signRevocation(identity, { networkId: genesis.id, subject, at: now, reason })
    const { verdict } = await membership.take(revocation.bytes)
    switch (verdict) {
      case 'new':
        return { revocation, write: revocationWrite(revocations, revocation) }
      case 'known':
        throw alreadyRevoked(subject)
      case 'protected':
        throw new TrustError('protected', 'this is the key of a member, which no signature can revoke')
      case 'full':
        throw new TrustError('too-many', 'this member has revoked as many keys as one member may: let another one do it')
      default:
        throw new TrustError('not-a-sponsor', 'this node is no member of the network, and only members revoke')
    }
  }

  /** Revokes a key for ever; it is on disk when this resolves. @throws what `signRevocation` throws, StoreError */
  async revoke(subject: Uint8Array, reason: string, now: number): Promise<Revocation> {
    const { revocation, write } = await this.signRevocation(subject, reason, now)
    await this.#options.store.batch([write], { sync: true })
    return revocation
  }
}

function alreadyRevoked(subject: Uint8Array): TrustError {
  return new TrustError('revoked', `${formatX0Id(subject)} was revoked already`)
}
