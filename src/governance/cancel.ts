import { COMPOSITE_SIGNATURE_BYTES } from '../crypto/composite.ts'
import { failing, type Hashing, label, startReading, writeBytes, writeNumber, written } from './form.ts'
import { CANCEL_BYTES, ID_BYTES } from './limits.ts'
import type { Signer } from './proposal.ts'

export interface CancelContent {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** 32 bytes: the id of the proposal. */
  readonly proposalId: Uint8Array
  /** Index of the voter who proposed it. */
  readonly author: number
}

/** An author's signed word that its proposal is off. There is only one body for a proposal, so nobody can say it in two ways. */
export interface Cancel extends CancelContent {
  readonly type: 'cancel'
  /** SHA-256 of the body. */
  readonly id: Uint8Array
  /** The whole statement. */
  readonly bytes: Uint8Array
  /** What is signed. */
  readonly body: Uint8Array
  /** 3,373 bytes over the body. */
  readonly signature: Uint8Array
}

export const CANCEL_LABEL: Uint8Array = label('x0-cancel/1\0')
/** The signature's context. */
export const CANCEL_CONTEXT: Uint8Array = label('x0/cancel/1')

const fail = failing('bad-cancel')

/** What is signed. @throws GovernanceError `bad-cancel` for a number or length that has no place in it */
export function cancelBody(content: CancelContent): Uint8Array {
  return written(fail, (writer) => {
    writer.bytes(CANCEL_LABEL)
    writeBytes(writer, ID_BYTES, content.networkId)
    writeBytes(writer, ID_BYTES, content.proposalId)
    writeNumber(writer, 2, content.author)
  })
}

/** @throws GovernanceError `bad-cancel` for content that no such statement has */
export async function signCancel(backend: Hashing, signer: Signer, content: CancelContent): Promise<Cancel> {
  const body = cancelBody(content)
  return decodeCancel(backend, Buffer.concat([body, await signer.sign(body, CANCEL_CONTEXT)]))
}

/**
 * Reads a cancellation without believing it: the form alone, to the last byte; each has exactly one encoding.
 * @throws GovernanceError `bad-cancel`
 */
export function decodeCancel(backend: Hashing, bytes: Uint8Array): Cancel {
  const { reader, own } = startReading(bytes, CANCEL_LABEL, CANCEL_BYTES, fail)
  const networkId = reader.bytes(ID_BYTES)
  const proposalId = reader.bytes(ID_BYTES)
  const author = reader.u16()
  const body = own.subarray(0, reader.offset)
  const signature = reader.bytes(COMPOSITE_SIGNATURE_BYTES)
  reader.end()
  return { type: 'cancel', networkId, proposalId, author, id: backend.sha256(body), bytes: own, body, signature }
}
