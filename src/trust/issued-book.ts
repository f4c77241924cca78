import { equalBytes } from '../crypto/constant-time.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Credential } from './credential.ts'
import { CLOCK_SKEW_MS, FRESH_SHARE, MAX_ISSUED } from './limits.ts'
import type { Membership } from './membership.ts'

/** The credentials that one member has issued and that still hold, as they are on its disk. */
export class IssuedBook {
  readonly #bySerial = new Map<string, Credential>()

  constructor(credentials: Iterable<Credential> = []) {
    for (const credential of credentials) this.put(credential)
  }

  put(credential: Credential): void {
    this.#bySerial.set(serialOf(credential), credential)
  }

  delete(credential: Credential): void {
    this.#bySerial.delete(serialOf(credential))
  }

  /** Those that hold now, oldest first. */
  list(now: number): readonly Credential[] {
    return [...this.#bySerial.values()]
      .filter(({ notAfter }) => now < notAfter + CLOCK_SKEW_MS)
      .sort((one, other) => one.notBefore - other.notBefore)
  }

  expired(now: number): readonly Credential[] {
    return [...this.#bySerial.values()].filter(({ notAfter }) => now >= notAfter + CLOCK_SKEW_MS)
  }

  /** The one that a node got last, if it still holds. */
  latestOf(subject: Uint8Array, now: number): Credential | undefined {
    return this.list(now).findLast((credential) => equalBytes(credential.subject, subject))
  }

  /** One that says the same as `credential` with most of its life left. */
  freshLike(credential: Credential, now: number): Credential | undefined {
    return this.list(now).findLast(
      (issued) =>
        equalBytes(issued.subject, credential.subject) &&
        issued.name === credential.name &&
        issued.groups.join() === credential.groups.join() &&
        issued.notAfter - now > FRESH_SHARE * (issued.notAfter - issued.notBefore),
    )
  }

  isFullAt(now: number): boolean {
    return this.list(now).length >= MAX_ISSUED
  }
}

/** Hexadecimal; its key in the store. */
export function serialOf(credential: Credential): string {
  return Buffer.from(credential.serial).toString('hex')
}

/** A credential as it is listed. */
export interface ListedCredential {
  /** Hexadecimal. */
  readonly serial: string
  /** x0 id, text form. */
  readonly subject: string
  readonly name: string
  readonly groups: readonly string[]
  /** Wall clock ms. */
  readonly notBefore: number
  readonly notAfter: number
  readonly revoked: boolean
}

export function listedCredential(credential: Credential, membership: Membership): ListedCredential {
  const { subject, name, groups, notBefore, notAfter } = credential
  return {
    serial: serialOf(credential),
    subject: formatX0Id(subject),
    name,
    groups,
    notBefore,
    notAfter,
    revoked: membership.revocationOf(subject) !== undefined,
  }
}
