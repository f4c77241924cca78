import { COMPOSITE_SIGNATURE_BYTES } from '../crypto/composite.ts'
import { X0_ID_BYTES } from '../identity/limits.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import { ByteWriter } from '../platform/byte-codec.ts'
import { isTime, readTime, startReading } from './form.ts'
import { MAX_CREDENTIAL_BYTES, MAX_VALIDITY_MS, SERIAL_BYTES } from './limits.ts'
import { expectNodeName, orderedGroups, readGroups, readNodeName, writeGroups, writeText } from './names.ts'
import { TrustError } from './trust-error.ts'

export interface CredentialBody {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** 16 random bytes. */
  readonly serial: Uint8Array
  /** x0 id (32 bytes) of the node that belongs. */
  readonly subject: Uint8Array
  /** Wall clock ms: valid from here ... */
  readonly notBefore: number
  /** ... to before here, at most 90 days later. */
  readonly notAfter: number
  /** Of the node, in the network. */
  readonly name: string
  /** Ascending, at most 16. */
  readonly groups: readonly string[]
}

/** A member's signed word that a node belongs to the network; the layout is in docs/networks.md. */
export interface Credential extends CredentialBody {
  /** x0 id (32 bytes) of the member that signed. */
  readonly issuer: Uint8Array
  /** The whole credential. */
  readonly bytes: Uint8Array
  /** What is signed. */
  readonly body: Uint8Array
  /** 3,373 bytes over the body. */
  readonly signature: Uint8Array
}

const LABEL = new TextEncoder().encode('x0-credential/1\0')

/** The signature's context. */
export const CREDENTIAL_CONTEXT: Uint8Array = new TextEncoder().encode('x0/credential/1')

/** `spiffe://<network>/node/<node>`, the name of a node in SPIFFE's form. */
export function spiffeId(network: string, node: string): string {
  return `spiffe://${network}/node/${node}`
}

/** @throws TrustError `bad-name`, `bad-credential` for a body that no credential has */
export async function issueCredential(identity: NodeIdentity, body: CredentialBody): Promise<Credential> {
  expectNodeName(body.name)
  const { notBefore, notAfter } = body
  if (!isTime(notBefore) || !isTime(notAfter)) throw new TrustError('bad-credential', 'a validity that is no time')
  const writer = new ByteWriter().bytes(LABEL).bytes(body.networkId).bytes(body.serial).bytes(body.subject)
  writer.bytes(identity.x0Id).u64(BigInt(notBefore)).u64(BigInt(notAfter))
  writeText(writer, body.name)
  writeGroups(writer, orderedGroups(body.groups))
  const signed = writer.finish()
  return decodeCredential(Buffer.concat([signed, await identity.sign(signed, CREDENTIAL_CONTEXT)]))
}

/**
 * Reads a credential without believing it: the form alone, to the last byte; each has exactly one encoding.
 * @throws TrustError `bad-credential`
 */
export function decodeCredential(bytes: Uint8Array): Credential {
  const { reader, own } = startReading(bytes, LABEL, MAX_CREDENTIAL_BYTES, 'bad-credential')
  const networkId = reader.bytes(32)
  const serial = reader.bytes(SERIAL_BYTES)
  const subject = reader.bytes(X0_ID_BYTES)
  const issuer = reader.bytes(X0_ID_BYTES)
  const notBefore = readTime(reader, 'bad-credential')
  const notAfter = readTime(reader, 'bad-credential')
  const name = readNodeName(reader)
  const groups = readGroups(reader, 'bad-credential')
  const body = own.subarray(0, reader.offset)
  const signature = reader.bytes(COMPOSITE_SIGNATURE_BYTES)
  reader.end()
  if (notAfter <= notBefore || notAfter - notBefore > MAX_VALIDITY_MS) {
    throw new TrustError('bad-credential', 'it is valid for no time, or for more than 90 days')
  }
  return { networkId, serial, subject, issuer, notBefore, notAfter, name, groups, bytes: own, body, signature }
}
