import type { CryptoBackend } from '../crypto/backend.ts'
import { equalBytes } from '../crypto/constant-time.ts'
import { decodeJoinRequest } from '../trust/join-request.ts'
import type { Sponsor } from '../trust/sponsor.ts'
import { TrustError } from '../trust/trust-error.ts'

/** Answers a request that a peer sent: for itself, where the keys are its own, else for somebody that it brings. */
export function answerJoinRequest(
  crypto: CryptoBackend,
  sponsor: Pick<Sponsor, 'answer'>,
  request: Uint8Array,
  from: Uint8Array,
): Promise<Uint8Array> {
  const applicant = applicantOf(crypto, request)
  return sponsor.answer(request, applicant !== undefined && equalBytes(applicant, from) ? { x0Id: from } : undefined)
}

function applicantOf(crypto: CryptoBackend, request: Uint8Array): Uint8Array | undefined {
  try {
    return decodeJoinRequest(crypto, request).applicantId
  } catch (error) {
    // the sponsor says what is wrong with it
    if (error instanceof TrustError) return undefined
    throw error
  }
}
