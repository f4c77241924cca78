import type { NamedCheck } from '../observe/health.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Clock } from '../platform/clock.ts'
import { decodeCredential } from '../trust/credential.ts'
import { ownStanding } from './network-answers.ts'
import type { Seat } from './seat.ts'

export interface TrustHealthSources {
  readonly seat: () => Seat
  /** This node's own, 32 bytes. */
  readonly x0Id: Uint8Array
  readonly clock: Pick<Clock, 'now'>
}

/** A node that catches up for longer than this has not reached anybody of its network. */
const PATIENCE_MS = 60_000
/** A credential is renewed at half of its life: at three quarters something is wrong, and there is time to mend it. */
const LATE_SHARE = 0.75

/** Whether this node belongs to its network, for how long, and whether it knows what was revoked. */
export function membershipCheck({ seat, x0Id, clock }: TrustHealthSources): NamedCheck {
  return {
    name: 'membership',
    critical: false,
    run() {
      const { place, overlay } = seat()
      const now = clock.now()
      if (place.genesis === undefined) return { ok: true, detail: 'in the open network' }
      const revocation = place.membership.revocationOf(x0Id)
      if (revocation !== undefined) return { ok: false, detail: `this node was revoked: ${revocation.reason}` }
      if (ownStanding(place, x0Id, now) === undefined) return { ok: false, detail: 'the credential of this node does not hold' }
      const bytes = place.credential()
      const credential = bytes === undefined ? undefined : decodeCredential(bytes)
      if (credential !== undefined) {
        const { notBefore, notAfter } = credential
        const used = (now - notBefore) / (notAfter - notBefore)
        if (used > LATE_SHARE)
          return { ok: false, detail: `the credential ends ${new Date(notAfter).toISOString()}, and nobody renews it` }
      }
      const trust = overlay.trust?.view()
      if (trust !== undefined && !trust.level && now - trust.since > PATIENCE_MS)
        return { ok: false, detail: 'nobody of the network was reached who tells what was revoked' }
      return { ok: true, detail: `in the network ${place.network.name}` }
    },
  }
}

/** Sets the gauges of the network at each scrape. */
export function observeTrust(metrics: Metrics, { seat }: TrustHealthSources): void {
  metrics.onScrape(() => {
    const { place, overlay, sponsor } = seat()
    const bytes = place.credential()
    metrics.credentialExpires.set({}, bytes === undefined ? 0 : decodeCredential(bytes).notAfter / 1000)
    metrics.networkMembers.set({}, place.membership.members().length)
    metrics.networkRevocations.set({}, place.membership.revocations().length)
    metrics.networkLevel.set({}, (overlay.trust?.view().level ?? true) ? 1 : 0)
    metrics.pendingRequests.set({}, sponsor?.pending().length ?? 0)
  })
}
