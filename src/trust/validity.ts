import { DEFAULT_VALIDITY_MS, MAX_VALIDITY_MS, MIN_VALIDITY_MS } from './limits.ts'
import { TrustError } from './trust-error.ts'

/** How long a credential is to hold, ms; 30 days where nobody says. @throws TrustError `bad-credential` below 1 s or above 90 days */
export function grantableValidity(wanted: number = DEFAULT_VALIDITY_MS): number {
  if (Number.isInteger(wanted) && wanted >= MIN_VALIDITY_MS && wanted <= MAX_VALIDITY_MS) return wanted
  throw new TrustError('bad-credential', 'a credential holds for 1 second to 90 days')
}
