import type { Applicant } from '../channel/context.ts'
import type { RefusalCode } from '../channel/refusal.ts'
import { parseX0Id } from '../identity/x0-id.ts'
import type { Membership, Standing } from '../trust/membership.ts'

export interface AdmissionOptions {
  readonly membership: Membership
  readonly now: () => number
  /** Somebody who belongs has proved its keys. */
  readonly onAdmitted: (peerId: string, standing: Standing) => void
}

/** Who may be a peer over the x0 channel: asked in both roles, once all signatures of the handshake hold. */
export function admission(options: AdmissionOptions): (applicant: Applicant) => RefusalCode | undefined {
  return (applicant) => {
    const { x0Id, credential } = applicant
    const shown = { x0Id: x0Id === undefined ? undefined : parseX0Id(x0Id), credential }
    const judgement = options.membership.judge(shown, options.now())
    if ('refusal' in judgement) return judgement.refusal
    options.onAdmitted(applicant.peerId, judgement.standing)
    return undefined
  }
}
