import type { BatchOperation, Namespace } from '../store/store.ts'
import type { Revocation } from './revocation.ts'

/** What puts a revocation on disk; there is one for each subject. */
export function revocationWrite(namespace: Namespace, revocation: Revocation): BatchOperation {
  return { type: 'put', namespace, key: revocationKey(revocation.subject), value: revocation.bytes }
}

/** The x0 id of the subject in hexadecimal. */
export function revocationKey(subject: Uint8Array): string {
  return Buffer.from(subject).toString('hex')
}
