/** What the host needs of whoever knows the revocations of the network, and acts on new ones. */

/** Why a revocation was not new. */
export type RevocationObstacle = 'known' | 'malformed' | 'foreign' | 'forged' | 'not-a-member' | 'protected' | 'full'

/** A revocation whose signature holds. */
export interface HeldRevocation {
  /** x0 id (32 bytes) that does not belong any more. */
  readonly subject: Uint8Array
  /** x0 id (32 bytes) of the member that signed. */
  readonly issuer: Uint8Array
  /** For people, printable. */
  readonly reason: string
  /** The whole statement. */
  readonly bytes: Uint8Array
}

/** What a revocation says of itself, before its signature is checked. */
export interface RevocationClaim {
  readonly subject: Uint8Array
  /** Of another network. */
  readonly isForeign: boolean
  /** Taking it would change nothing. */
  readonly isKnown: boolean
}

export interface RevocationLedger {
  /** SHA-256 over the revoked x0 ids in ascending order, 32 bytes. */
  digest(): Uint8Array
  /** The revoked x0 ids, ascending. */
  subjects(): readonly Uint8Array[]
  has(subject: Uint8Array): boolean
  /** The statement that revokes a node. */
  bytesOf(subject: Uint8Array): Uint8Array | undefined
  /** Undefined for bytes that are no revocation. Cheap. */
  claimOf(bytes: Uint8Array): RevocationClaim | undefined
  /** Checks the signature and, where it is new, holds it from then on. */
  take(bytes: Uint8Array): Promise<{ verdict: 'new'; revocation: HeldRevocation } | { verdict: RevocationObstacle }>
}

/** How a revocation came. */
export type RevocationSource = 'gossip' | 'sync' | 'self'

export interface RevocationIntakeOptions {
  readonly ledger: RevocationLedger
  /** Puts it on the disk for good. @throws where the disk fails */
  readonly keep: (revocation: HeldRevocation) => Promise<void>
  /** Acts on it: its subject is cut off. Must not throw. */
  readonly applied: (revocation: HeldRevocation, source: RevocationSource) => void
  readonly onError: (error: unknown) => void
}

/**
 * The one way in for revocations: on the disk first, then acted on, and only then told on by whoever brought it here. One
 * that the disk does not take is acted on and told all the same; a node that comes back without it hears it again.
 */
export class RevocationIntake {
  readonly #options: RevocationIntakeOptions

  constructor(options: RevocationIntakeOptions) {
    this.#options = options
  }

  async take(bytes: Uint8Array, source: RevocationSource): Promise<'new' | RevocationObstacle> {
    const { ledger, keep, applied, onError } = this.#options
    const taken = await ledger.take(bytes)
    if (taken.verdict !== 'new') return taken.verdict
    try {
      await keep(taken.revocation)
    } catch (error) {
      onError(error)
    }
    applied(taken.revocation, source)
    return 'new'
  }
}
