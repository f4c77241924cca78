import { MAX_CREDENTIAL_BYTES, MAX_HANDSHAKE_PAYLOAD_BYTES, MAX_LISTED_PROTOCOLS, MAX_PROTOCOL_ID_BYTES } from './limits.ts'
import { NOTICE_EXTENSION } from './notice.ts'
import { type Field, onlyBytes, onlyNumber, readFields, repeatedText, writeFields } from './protobuf.ts'
import { ChannelRefusal } from './refusal.ts'

/** The extension of ours inside libp2p's NoiseExtensions; sizes in bytes. */
export interface PqAuth {
  /** 1,952. */
  readonly mldsa65: Uint8Array
  /** 3,373: ML-DSA-65 and Ed25519, see pq-auth.ts for what is signed. */
  readonly signature: Uint8Array
  /** The encrypters that the sender offers, in its order of preference. */
  readonly securityProtocols: readonly string[]
  /** 32. */
  readonly networkId: Uint8Array
  readonly credential: Uint8Array | undefined
}

/** libp2p's NoiseHandshakePayload. */
export interface HandshakePayload {
  /** Ed25519 public key, 32. */
  readonly ed25519: Uint8Array
  /** Ed25519 over "noise-libp2p-static-key:" || static key, 64. */
  readonly identitySignature: Uint8Array
  readonly streamMuxers: readonly string[]
  readonly pqAuth: PqAuth | undefined
}

/** Field number of X0PqAuth, in the experimental range of libp2p's noise extensions. */
const EXTENSION = 1776
const VERSION = 1
/** libp2p's PublicKey message up to the key bytes: Type Ed25519 (1), Data of 32 bytes. */
const ED25519_PREFIX = Uint8Array.of(0x08, 0x01, 0x12, 0x20)

const text = new TextEncoder()
const texts = (number: number, values: readonly string[]): Field[] =>
  values.map((value) => ({ number, value: text.encode(value) }))

export function encodePayload(payload: HandshakePayload): Uint8Array {
  const extensions: Field[] = texts(2, payload.streamMuxers)
  if (payload.pqAuth !== undefined) extensions.push({ number: EXTENSION, value: encodePqAuth(payload.pqAuth) })
  const fields: Field[] = [
    { number: 1, value: Buffer.concat([ED25519_PREFIX, payload.ed25519]) },
    { number: 2, value: payload.identitySignature },
  ]
  if (extensions.length > 0) fields.push({ number: 4, value: writeFields(extensions) })
  return writeFields(fields)
}

function encodePqAuth(auth: PqAuth): Uint8Array {
  const fields: Field[] = [
    { number: 1, value: VERSION },
    { number: 2, value: auth.mldsa65 },
    { number: 3, value: auth.signature },
    ...texts(4, auth.securityProtocols),
    { number: 5, value: auth.networkId },
  ]
  if (auth.credential !== undefined) fields.push({ number: 6, value: auth.credential })
  return writeFields(fields)
}

/**
 * The peer's payload, checked in form alone; signatures are judged by pq-auth.ts. Unknown fields are skipped in the
 * parts that libp2p owns (it grows by them) and refused inside our own extension.
 * @throws ChannelRefusal `malformed-message` or `payload-too-large`
 */
export function decodePayload(bytes: Uint8Array): HandshakePayload {
  if (bytes.length > MAX_HANDSHAKE_PAYLOAD_BYTES) {
    throw new ChannelRefusal(
      'payload-too-large',
      `a handshake payload of ${bytes.length} bytes (at most ${MAX_HANDSHAKE_PAYLOAD_BYTES})`,
    )
  }
  const fields = readFields(bytes)
  const identityKey = onlyBytes(fields, 1)
  const extensions = readFields(onlyBytes(fields, 4) ?? new Uint8Array(0))
  if (extensions.some(({ number }) => number === NOTICE_EXTENSION)) {
    throw new ChannelRefusal('malformed-message', 'a payload is either an identity or a refusal notice, in its one form')
  }
  const extension = onlyBytes(extensions, EXTENSION)
  return {
    ed25519: ed25519FromProtobuf(identityKey),
    identitySignature: sized(onlyBytes(fields, 2), 64, 'identity signature'),
    streamMuxers: repeatedText(extensions, 2, MAX_LISTED_PROTOCOLS, MAX_PROTOCOL_ID_BYTES),
    pqAuth: extension === undefined ? undefined : decodePqAuth(extension),
  }
}

function ed25519FromProtobuf(key: Uint8Array | undefined): Uint8Array {
  const bytes = sized(key, 36, 'identity key (only Ed25519 is spoken here)')
  if (!ED25519_PREFIX.every((byte, index) => bytes[index] === byte)) {
    throw new ChannelRefusal('malformed-message', 'the identity key is not Ed25519')
  }
  return bytes.subarray(4)
}

function decodePqAuth(bytes: Uint8Array): PqAuth {
  const fields = readFields(bytes)
  if (fields.some(({ number }) => number > 6)) throw new ChannelRefusal('malformed-message', 'X0PqAuth holds an unknown field')
  if (onlyNumber(fields, 1) !== VERSION) throw new ChannelRefusal('malformed-message', 'X0PqAuth has another version')
  const credential = onlyBytes(fields, 6)
  if (credential !== undefined && credential.length > MAX_CREDENTIAL_BYTES) {
    throw new ChannelRefusal('payload-too-large', `a credential of ${credential.length} bytes (at most ${MAX_CREDENTIAL_BYTES})`)
  }
  return {
    mldsa65: sized(onlyBytes(fields, 2), 1_952, 'ML-DSA-65 key'),
    signature: sized(onlyBytes(fields, 3), 3_373, 'composite signature'),
    securityProtocols: repeatedText(fields, 4, MAX_LISTED_PROTOCOLS, MAX_PROTOCOL_ID_BYTES),
    networkId: sized(onlyBytes(fields, 5), 32, 'network id'),
    credential,
  }
}

function sized(bytes: Uint8Array | undefined, length: number, what: string): Uint8Array {
  if (bytes?.length !== length) throw new ChannelRefusal('malformed-message', `the ${what} must be ${length} bytes`)
  return bytes
}
