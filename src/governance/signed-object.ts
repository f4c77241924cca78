import { equalBytes } from '../crypto/constant-time.ts'
import { CANCEL_CONTEXT, CANCEL_LABEL, type Cancel, decodeCancel } from './cancel.ts'
import type { Hashing } from './form.ts'
import { GovernanceError } from './governance-error.ts'
import { decodeProposal, PROPOSAL_CONTEXT, PROPOSAL_LABEL, type Proposal } from './proposal.ts'
import { decodeVote, VOTE_CONTEXT, VOTE_LABEL, type Vote } from './vote.ts'

/** What members sign and nodes pass on. */
export type SignedObject = Proposal | Vote | Cancel

/**
 * Reads whichever it is, without believing it.
 * @throws GovernanceError `bad-object` for bytes that begin like none, else as the object's own decoder
 */
export function decodeSigned(backend: Hashing, bytes: Uint8Array): SignedObject {
  const begins = (label: Uint8Array): boolean => equalBytes(bytes.subarray(0, label.length), label)
  if (begins(VOTE_LABEL)) return decodeVote(backend, bytes)
  if (begins(PROPOSAL_LABEL)) return decodeProposal(backend, bytes)
  if (begins(CANCEL_LABEL)) return decodeCancel(backend, bytes)
  throw new GovernanceError('bad-object', 'neither a proposal nor a vote nor a cancellation of this version')
}

/** Index of the voter whose signature it has to carry. */
export function signerIndex(object: SignedObject): number {
  return object.type === 'vote' ? object.voter : object.author
}

/** The context that its signature is made with. */
export function contextOf(object: SignedObject): Uint8Array {
  switch (object.type) {
    case 'proposal':
      return PROPOSAL_CONTEXT
    case 'vote':
      return VOTE_CONTEXT
    case 'cancel':
      return CANCEL_CONTEXT
  }
}
