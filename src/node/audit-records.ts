import type { ChannelEvent } from '../channel/channel-event.ts'
import type { RefusalCode } from '../channel/refusal.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Report } from '../observe/event.ts'
import type { Audit } from '../trust/audit/kinds.ts'
import type { SponsorEvent } from '../trust/sponsor-event.ts'

/** What goes into the audit trail of what happens at the edge of a network: who was let in, turned away, or thrown out. */

/** Judgements about belonging; what is wrong with a handshake itself is no matter of access. */
const ADMISSION: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'wrong-network',
  'not-admitted',
  'revoked',
  'blocked',
  'credential-malformed',
  'credential-forged',
  'credential-expired',
  'credential-early',
  'credential-foreign',
  'credential-mismatch',
  'issuer-unknown',
])

export function recordRefusal(audit: Audit, event: ChannelEvent): void {
  if (event.type !== 'refused' || event.by !== 'self' || !ADMISSION.has(event.code)) return
  const peer = event.remotePeerId ?? ''
  audit.record('admission.refused', { code: event.code, role: event.role, peer, address: event.remoteAddress }, peer)
}

export function recordSponsorEvent(audit: Audit, event: SponsorEvent): void {
  if (event.type === 'admitted') {
    const { by, x0Id, name, expiresAt } = event
    audit.record('credential.issued', { by, x0Id, name, expiresAt: new Date(expiresAt).toISOString() })
    if (by === 'invite') audit.record('invite.used', { x0Id, name })
  } else if (event.type === 'revoked') {
    const { subject, reason } = event.revocation
    audit.record('revocation.made', { x0Id: formatX0Id(subject), reason })
  }
}

/** Reports, and puts what others revoked into the trail. */
export function recordingRevocations(audit: Audit, report: Report): Report {
  return (event) => {
    report(event)
    const { x0Id, issuer, reason, source } = event.data
    if (event.type !== 'trust.revoked' || source === 'self') return
    audit.record('revocation.learned', { x0Id: x0Id ?? '', issuer: issuer ?? '', reason: reason ?? '', source: source ?? '' })
  }
}
