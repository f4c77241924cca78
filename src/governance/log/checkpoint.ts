import { ByteWriter } from '../../platform/byte-codec.ts'
import { failing, hexOf, label, readMs, startReading } from '../form.ts'
import { bytesOf } from './hex.ts'

/**
 * What a member knows of the log and hands to a newcomer. Retired attesters' keys may be stolen later, and could sign another
 * history; a newcomer who knows a recent record refuses it.
 */
export interface Checkpoint {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly height: number
  /** Of the record at that height, hex. */
  readonly hash: string
}

const LABEL = label('x0-checkpoint/1\0')
const fail = failing('bad-checkpoint')
/** Follows from the layout: 88. */
const CHECKPOINT_BYTES = LABEL.length + 32 + 8 + 32

export function encodeCheckpoint({ networkId, height, hash }: Checkpoint): Uint8Array {
  return new ByteWriter().bytes(LABEL).bytes(networkId).u64(BigInt(height)).bytes(bytesOf(hash)).finish()
}

/** @throws GovernanceError `bad-checkpoint` */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { reader } = startReading(bytes, LABEL, CHECKPOINT_BYTES, fail)
  const networkId = reader.bytes(32)
  const height = readMs(reader, 0, Number.MAX_SAFE_INTEGER, fail)
  const hash = hexOf(reader.bytes(32))
  reader.end()
  return { networkId, height, hash }
}
