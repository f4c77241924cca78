import type { CryptoBackend } from '../crypto/backend.ts'
import { MAX_REVOCATIONS_PER_MEMBER } from './limits.ts'
import type { Revocation } from './revocation.ts'

/**
 * The revocations of a network, one for each subject. Of two that revoke the same one the lower id stays, so that nodes
 * which hear of both in any order keep the same (a set that is joined: commutative, associative, idempotent).
 */
export class RevocationSet {
  readonly #backend: Pick<CryptoBackend, 'sha256'>
  readonly #bySubject = new Map<string, Revocation>()
  readonly #counts = new Map<string, number>()
  #digest: Uint8Array | undefined

  constructor(backend: Pick<CryptoBackend, 'sha256'>) {
    this.#backend = backend
  }

  of(subject: Uint8Array): Revocation | undefined {
    return this.#bySubject.get(hex(subject))
  }

  /** Whether it would change nothing: its subject is revoked by this statement, or by one with a lower id. */
  holds(revocation: Revocation): boolean {
    const present = this.of(revocation.subject)
    return present !== undefined && Buffer.compare(present.id, revocation.id) <= 0
  }

  /** Whether the issuer has used up its share. One that takes another's place needs a place too. */
  isFullFor(issuer: Uint8Array): boolean {
    return this.#countOf(issuer) >= MAX_REVOCATIONS_PER_MEMBER
  }

  put(revocation: Revocation): void {
    const replaced = this.of(revocation.subject)
    if (replaced !== undefined) this.#count(replaced.issuer, -1)
    this.#count(revocation.issuer, 1)
    this.#bySubject.set(hex(revocation.subject), revocation)
    this.#digest = undefined
  }

  /** Ascending by subject. */
  list(): readonly Revocation[] {
    return [...this.#bySubject].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, revocation]) => revocation)
  }

  /** SHA-256 over the subjects in ascending order, 32 bytes: who is revoked, whoever said so. */
  digest(): Uint8Array {
    this.#digest ??= this.#backend.sha256(...this.list().map(({ subject }) => subject))
    return this.#digest
  }

  #count(issuer: Uint8Array, change: number): void {
    this.#counts.set(hex(issuer), this.#countOf(issuer) + change)
  }

  #countOf(issuer: Uint8Array): number {
    return this.#counts.get(hex(issuer)) ?? 0
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
