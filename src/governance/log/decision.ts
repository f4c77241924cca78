import { ByteReader, ByteWriter } from '../../platform/byte-codec.ts'
import { failing } from '../form.ts'
import type { AttesterSet } from './attester-set.ts'
import { MAX_DECISION_BYTES, MAX_RECORD_BYTES } from './limits.ts'
import { readBlob, writeBlob } from './message.ts'
import { isQuorum } from './quorum.ts'
import { faultOfProof, type ProofFault, type QuorumProof, readSignatures, writeSignatures } from './quorum-proof.ts'
import { decodeRecord, type RecordBody, recordHash } from './record.ts'
import type { VerifySignature } from './statement.ts'

/** A record with its certificate: precommits of more than two thirds of the attesters of its epoch, all of one round. */
export interface Decision {
  readonly record: RecordBody
  /** The record as it is hashed. */
  readonly body: Uint8Array
  /** Of the body, hex. */
  readonly hash: string
  readonly certificate: QuorumProof
}

const fail = failing('bad-decision')

export function makeDecision(body: Uint8Array, certificate: QuorumProof): Decision {
  return { record: decodeRecord(body), body, hash: recordHash(body), certificate }
}

/** The record, the round, and the signatures: all else that was signed is in the record. */
export function encodeDecision({ body, certificate }: Decision): Uint8Array {
  const writer = new ByteWriter()
  writeBlob(writer, body)
  writer.u32(certificate.round)
  writeSignatures(writer, certificate.signatures)
  return writer.finish()
}

/**
 * Reads a decision without believing it; each has exactly one encoding.
 * @throws GovernanceError `bad-decision`, also where a signer is there twice
 */
export function decodeDecision(bytes: Uint8Array): Decision {
  if (bytes.length > MAX_DECISION_BYTES) throw fail(`${bytes.length} bytes, ${MAX_DECISION_BYTES} allowed`)
  const reader = new ByteReader(Uint8Array.from(bytes), fail)
  const body = readBlob(reader, MAX_RECORD_BYTES)
  const round = reader.u32()
  const signatures = readSignatures(reader, fail)
  reader.end()
  const record = decodeRecord(body)
  const hash = recordHash(body)
  const { height, epoch } = record
  return { record, body, hash, certificate: { kind: 'precommit', height, epoch, round, value: hash, signatures } }
}

/** What is wrong with the certificate under the attesters of its epoch; undefined where more than two thirds decided this. */
export function faultOfCertificate(
  decision: Decision,
  set: AttesterSet,
  networkId: Uint8Array,
  verify: VerifySignature,
): ProofFault | undefined {
  return faultOfProof(decision.certificate, set, networkId, verify, isQuorum)
}
