import { NodeFault, type NodeFaultCode } from '../admin/node-view.ts'
import { TrustError, type TrustErrorCode } from '../trust/trust-error.ts'

const FAULTS: Readonly<Record<Exclude<TrustErrorCode, 'damaged'>, NodeFaultCode>> = {
  'bad-name': 'name-invalid',
  'bad-genesis': 'join-refused',
  'bad-credential': 'join-refused',
  'bad-revocation': 'revocation-refused',
  'bad-invite': 'invite-invalid',
  'bad-message': 'name-invalid',
  'not-a-sponsor': 'not-a-member',
  'admission-by-vote': 'admission-by-vote',
  'open-network': 'no-network',
  'name-taken': 'name-taken',
  'name-required': 'name-invalid',
  'unknown-invite': 'invite-unknown',
  'unknown-asker': 'node-unknown',
  ambiguous: 'peer-ambiguous',
  revoked: 'revocation-refused',
  protected: 'member-protected',
  'too-many': 'too-many',
  'other-network': 'in-network',
  left: 'not-ready',
  'not-level': 'not-ready',
}

/** Runs `work`; what the trust core refuses becomes a fault that the caller can act on. @throws NodeFault, StoreError */
export async function withTrustFaults<T>(work: () => Promise<T> | T): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof TrustError) || cause.code === 'damaged') throw cause
    throw new NodeFault(FAULTS[cause.code], cause.message, { cause })
  }
}
