import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { formatX0Id, parseX0Id } from '../identity/x0-id.ts'
import type { Clock } from '../platform/clock.ts'
import { CLOCK_SKEW_MS } from '../trust/limits.ts'
import type { Membership } from '../trust/membership.ts'
import { decodeRevocation, type Revocation } from '../trust/revocation.ts'
import { TrustError } from '../trust/trust-error.ts'
import type { RevocationLedger } from './revocation-ledger.ts'
import type { TrustOptions } from './trust-parts.ts'

export interface MembershipTrustOptions {
  readonly backend: Pick<CryptoBackend, 'sha256'>
  readonly membership: Membership
  /** This node's own x0 id, 32 bytes. */
  readonly x0Id: Uint8Array
  readonly clock: Pick<Clock, 'now'>
}

/** What the host's trust parts ask, answered by who belongs to the network. */
export function membershipTrust(
  options: MembershipTrustOptions,
): Pick<TrustOptions, 'ledger' | 'isMember' | 'alone' | 'judge' | 'standingEnds'> {
  const { membership, clock } = options
  const own = formatX0Id(options.x0Id)
  const isOpenTo = (x0Id: string): boolean =>
    membership.genesis?.admission === 'open' && membership.revocationOf(parseX0Id(x0Id)) === undefined
  return {
    ledger: membershipLedger(options.backend, membership),
    isMember: (x0Id) => membership.isMember(x0Id),
    alone: membership.members().every(({ x0Id }) => x0Id === own),
    judge: (shown) => 'standing' in membership.judge(shown, clock.now()),
    standingEnds(x0Id, now) {
      const standing = membership.standingOf(x0Id, now)
      if (standing === undefined) return isOpenTo(x0Id) ? Number.POSITIVE_INFINITY : undefined
      return standing.expiresAt === undefined ? Number.POSITIVE_INFINITY : standing.expiresAt + CLOCK_SKEW_MS
    },
  }
}

function membershipLedger(backend: Pick<CryptoBackend, 'sha256'>, membership: Membership): RevocationLedger {
  const network = membership.genesis?.id

  function read(bytes: Uint8Array): Revocation | undefined {
    try {
      return decodeRevocation(backend, bytes)
    } catch (error) {
      if (error instanceof TrustError) return undefined
      throw error
    }
  }

  return {
    digest: () => membership.digest(),
    subjects: () => membership.revocations().map(({ subject }) => subject),
    has: (subject) => membership.revocationOf(subject) !== undefined,
    bytesOf: (subject) => membership.revocationOf(subject)?.bytes,
    claimOf(bytes) {
      const revocation = read(bytes)
      if (revocation === undefined) return undefined
      const held = membership.revocationOf(revocation.subject)
      return {
        subject: revocation.subject,
        isForeign: network === undefined || !equalBytes(network, revocation.networkId),
        // of two about the same node the lower id stays
        isKnown: held !== undefined && Buffer.compare(held.id, revocation.id) <= 0,
      }
    },
    take: (bytes) => membership.take(bytes),
  }
}
