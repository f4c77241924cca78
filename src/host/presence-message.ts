import { COMPOSITE_SIGNATURE_BYTES } from '../crypto/composite.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import { HostError } from './host-error.ts'
import { MAX_PRESENCE_BYTES, MAX_VERSION_BYTES } from './limits.ts'

/** A node's signed word that it is alive; the layout is in docs/peers.md. */
export interface PresenceBody {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** 32 bytes; the keys to check the signature with come from the node's record. */
  readonly x0Id: Uint8Array
  /** Wall clock ms, rising. */
  readonly sequence: bigint
  /** floor(log2(minutes up + 1)): nobody needs to know the second of a restart. */
  readonly uptimeBucket: number
  /** Minutes until the next one, for the receiver's expiry. */
  readonly periodMinutes: number
  /** Of the program. */
  readonly version: string
}

export interface PresenceMessage extends PresenceBody {
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

export const PRESENCE_CONTEXT: Uint8Array = new TextEncoder().encode('x0/presence/1')
const FORM = 1
const VERSION_TEXT = /^[0-9A-Za-z.+-]+$/

/** `/x0/<network>/presence/1`; `network` is the first 12 hex digits of the network id. */
export function presenceTopic(network: string): string {
  return `/x0/${network}/presence/1`
}

export function uptimeBucket(uptimeMs: number): number {
  return Math.min(255, Math.floor(Math.log2(Math.max(0, uptimeMs) / 60_000 + 1)))
}

export async function signPresence(identity: NodeIdentity, content: Omit<PresenceBody, 'x0Id'>): Promise<Uint8Array> {
  const version = Buffer.from(content.version.slice(0, MAX_VERSION_BYTES), 'latin1')
  const writer = new ByteWriter().u8(FORM).bytes(content.networkId).bytes(identity.x0Id).u64(content.sequence)
  const body = writer.u8(content.uptimeBucket).u16(content.periodMinutes).u8(version.length).bytes(version).finish()
  return Buffer.concat([body, await identity.sign(body, PRESENCE_CONTEXT)])
}

/** @throws HostError `bad-frame` for bytes that no honest node sends */
export function decodePresence(bytes: Uint8Array): PresenceMessage {
  if (bytes.length > MAX_PRESENCE_BYTES) throw new HostError('bad-frame', `a heartbeat of ${bytes.length} bytes`)
  const reader = new ByteReader(bytes, (why) => new HostError('bad-frame', why))
  if (reader.u8() !== FORM) throw new HostError('bad-frame', 'another form')
  const networkId = reader.bytes(32)
  const x0Id = reader.bytes(32)
  const sequence = reader.u64()
  const bucket = reader.u8()
  const periodMinutes = reader.u16()
  const versionBytes = reader.u8()
  if (versionBytes > MAX_VERSION_BYTES) throw new HostError('bad-frame', 'a version that long')
  const version = reader.text(versionBytes, VERSION_TEXT)
  const signed = bytes.subarray(0, reader.offset)
  const signature = reader.bytes(COMPOSITE_SIGNATURE_BYTES)
  reader.end()
  return { networkId, x0Id, sequence, uptimeBucket: bucket, periodMinutes, version, signed, signature }
}
