import { failing, label, writeBytes, writeNumber, written } from './form.ts'
import { ID_BYTES } from './limits.ts'
import type { Signer } from './proposal.ts'

/** What a future attester agrees to: this weight, by this one proposal. It says nothing for any later one. */
export interface Acceptance {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** Index of the voter that accepts. */
  readonly index: number
  readonly weight: number
  /** Author and slot of the proposal: what a signature can name before the proposal that holds it is written. */
  readonly author: number
  readonly slot: number
}

const LABEL = label('x0-acceptance/1\0')
/** The signature's context. */
export const ACCEPTANCE_CONTEXT: Uint8Array = label('x0/acceptance/1')

/** What is signed; it travels nowhere by itself, since the proposal has all of it. */
export function acceptanceBody(acceptance: Acceptance): Uint8Array {
  return written(failing('bad-proposal'), (writer) => {
    writer.bytes(LABEL)
    writeBytes(writer, ID_BYTES, acceptance.networkId)
    writeNumber(writer, 2, acceptance.index)
    writeNumber(writer, 2, acceptance.weight)
    writeNumber(writer, 2, acceptance.author)
    writeNumber(writer, 4, acceptance.slot)
  })
}

/** 3,373 bytes for `elect-attesters`. @throws GovernanceError `bad-proposal` for a number that has no place in it */
export function signAcceptance(signer: Signer, acceptance: Acceptance): Promise<Uint8Array> {
  return signer.sign(acceptanceBody(acceptance), ACCEPTANCE_CONTEXT)
}
