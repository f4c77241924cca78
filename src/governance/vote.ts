import { COMPOSITE_SIGNATURE_BYTES } from '../crypto/composite.ts'
import { type Choice, readChoice, writeChoice } from './choice.ts'
import { failing, type Hashing, label, startReading, writeBytes, writeNumber, written } from './form.ts'
import { ID_BYTES, MAX_VOTE_BYTES, REVISIONS } from './limits.ts'
import type { Signer } from './proposal.ts'

export interface VoteContent {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** 32 bytes: the id of the proposal. */
  readonly proposalId: Uint8Array
  /** Index of the voter. */
  readonly voter: number
  /** 0 to 3; the highest counts. */
  readonly revision: number
  readonly choice: Choice
}

/** A voter's signed answer; the layout is in docs/governance.md. */
export interface Vote extends VoteContent {
  readonly type: 'vote'
  /** SHA-256 of the body: signing is randomised, one body has many signatures. */
  readonly id: Uint8Array
  /** The whole vote. */
  readonly bytes: Uint8Array
  /** What is signed. */
  readonly body: Uint8Array
  /** 3,373 bytes over the body. */
  readonly signature: Uint8Array
}

export const VOTE_LABEL: Uint8Array = label('x0-vote/1\0')
/** The signature's context. */
export const VOTE_CONTEXT: Uint8Array = label('x0/vote/1')

const fail = failing('bad-vote')

/** What is signed. @throws GovernanceError `bad-vote` for a number or length that has no place in it */
export function voteBody(content: VoteContent): Uint8Array {
  return written(fail, (writer) => {
    writer.bytes(VOTE_LABEL)
    writeBytes(writer, ID_BYTES, content.networkId)
    writeBytes(writer, ID_BYTES, content.proposalId)
    writeNumber(writer, 2, content.voter)
    writeNumber(writer, 1, content.revision)
    writeChoice(writer, content.choice)
  })
}

/** @throws GovernanceError `bad-vote` for content that no vote has */
export async function signVote(backend: Hashing, signer: Signer, content: VoteContent): Promise<Vote> {
  const body = voteBody(content)
  // read before anything is signed: what cannot be read back gets no signature
  decodeVote(backend, Buffer.concat([body, new Uint8Array(COMPOSITE_SIGNATURE_BYTES)]))
  return decodeVote(backend, Buffer.concat([body, await signer.sign(body, VOTE_CONTEXT)]))
}

/**
 * Reads a vote without believing it: the form alone, to the last byte; each has exactly one encoding. Whether the choice
 * answers the question is seen beside the proposal (`fits`).
 * @throws GovernanceError `bad-vote`
 */
export function decodeVote(backend: Hashing, bytes: Uint8Array): Vote {
  const { reader, own } = startReading(bytes, VOTE_LABEL, MAX_VOTE_BYTES, fail)
  const networkId = reader.bytes(ID_BYTES)
  const proposalId = reader.bytes(ID_BYTES)
  const voter = reader.u16()
  const revision = reader.u8()
  const choice = readChoice(reader, fail)
  const body = own.subarray(0, reader.offset)
  const signature = reader.bytes(COMPOSITE_SIGNATURE_BYTES)
  reader.end()
  if (revision >= REVISIONS) throw fail(`revision ${revision}, the last one is ${REVISIONS - 1}`)
  const content = { networkId, proposalId, voter, revision, choice }
  return { type: 'vote', ...content, id: backend.sha256(body), bytes: own, body, signature }
}
