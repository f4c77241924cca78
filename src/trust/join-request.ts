import type { CryptoBackend } from '../crypto/backend.ts'
import { COMPOSITE_PUBLIC_KEY_BYTES } from '../crypto/composite.ts'
import { MLDSA65_PUBLIC_KEY_BYTES, MLDSA65_SIGNATURE_BYTES } from '../crypto/lengths.ts'
import { X0_ID_BYTES } from '../identity/limits.ts'
import { STATEMENT_BYTES } from '../identity/rotation.ts'
import { x0IdOf } from '../identity/x0-id.ts'
import { ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import { isPlainText, readPlainText } from './form.ts'
import { MAX_CREDENTIAL_BYTES, MAX_JOIN_REQUEST_BYTES, MAX_NOTE_BYTES } from './limits.ts'
import { isNodeName, writeText } from './names.ts'
import { TrustError } from './trust-error.ts'

interface Asked {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** Composite public key of the node that is to belong, 1,984 bytes. */
  readonly applicantKey: Uint8Array
}

/** An invite's token, signed by it for these keys. */
export interface RedeemRequest extends Asked {
  readonly kind: 'redeem'
  /** 32 bytes: whose token it is. */
  readonly issuer: Uint8Array
  readonly name: string | undefined
  readonly tokenKey: Uint8Array
  readonly tokenSignature: Uint8Array
}

/** A knock without a token. */
export interface AskRequest extends Omit<Asked, 'networkId'> {
  readonly kind: 'ask'
  /** Undefined: whatever network the other node is in. */
  readonly networkId: Uint8Array | undefined
  readonly name: string | undefined
  /** For the operator who decides, at most 200 bytes, printable. */
  readonly note: string
}

/** Another validity for a credential that still holds. */
export interface RenewRequest extends Asked {
  readonly kind: 'renew'
  readonly credential: Uint8Array
}

/** New keys take over what old ones had. */
export interface SucceedRequest extends Asked {
  readonly kind: 'succeed'
  /** See identity/rotation.ts, 10,737 bytes. */
  readonly statement: Uint8Array
  /** Of the old keys. */
  readonly credential: Uint8Array
}

export type JoinRequest = RedeemRequest | AskRequest | RenewRequest | SucceedRequest

/** A decoded request: of its own, `applicantKey` proves nothing. */
export type ReceivedRequest = JoinRequest & {
  /** Derived from the key, 32 bytes. */
  readonly applicantId: Uint8Array
}

const VERSION = 1
const KINDS = ['redeem', 'ask', 'renew', 'succeed'] as const
/** Network given or not. */
const NONE = 0
const SOME = 1

/** The layout is in docs/networks.md. @throws TrustError `bad-message` for content that no request has */
export function encodeJoinRequest(request: JoinRequest): Uint8Array {
  const writer = new ByteWriter().u8(VERSION).u8(KINDS.indexOf(request.kind) + 1)
  if (request.networkId === undefined) writer.u8(NONE)
  else writer.u8(SOME).bytes(request.networkId)
  writer.bytes(request.applicantKey)
  switch (request.kind) {
    case 'redeem':
      writer.bytes(request.issuer)
      writeName(writer, request.name)
      writer.bytes(request.tokenKey).bytes(request.tokenSignature)
      break
    case 'ask':
      writeName(writer, request.name)
      if (!isPlainText(request.note, MAX_NOTE_BYTES)) {
        throw new TrustError('bad-message', `a note is one printable line of at most ${MAX_NOTE_BYTES} bytes`)
      }
      writeText(writer, request.note)
      break
    case 'renew':
      writer.u16(request.credential.length).bytes(request.credential)
      break
    case 'succeed':
      writer.bytes(request.statement).u16(request.credential.length).bytes(request.credential)
  }
  return writer.finish()
}

/**
 * Reads a request without believing it; each has exactly one encoding.
 * @throws TrustError `bad-message`
 */
export function decodeJoinRequest(backend: Pick<CryptoBackend, 'sha256'>, bytes: Uint8Array): ReceivedRequest {
  if (bytes.length > MAX_JOIN_REQUEST_BYTES) throw new TrustError('bad-message', `a request of ${bytes.length} bytes`)
  const reader = new ByteReader(Uint8Array.from(bytes), (why) => new TrustError('bad-message', why))
  if (reader.u8() !== VERSION) throw new TrustError('bad-message', 'a request of another version')
  const kind = KINDS[reader.u8() - 1]
  if (kind === undefined) throw new TrustError('bad-message', 'a request of another kind')
  const networkId = readNetworkId(reader)
  const applicantKey = reader.bytes(COMPOSITE_PUBLIC_KEY_BYTES)
  const request = readRest(reader, kind, networkId, applicantKey)
  reader.end()
  const applicantId = x0IdOf(backend, {
    mldsa65: applicantKey.subarray(0, MLDSA65_PUBLIC_KEY_BYTES),
    ed25519: applicantKey.subarray(MLDSA65_PUBLIC_KEY_BYTES),
  })
  return { ...request, applicantId }
}

function readRest(
  reader: ByteReader,
  kind: JoinRequest['kind'],
  networkId: Uint8Array | undefined,
  applicantKey: Uint8Array,
): JoinRequest {
  if (kind === 'ask') {
    const name = readName(reader)
    return { kind, networkId, applicantKey, name, note: readPlainText(reader, MAX_NOTE_BYTES, 'bad-message') }
  }
  if (networkId === undefined) throw new TrustError('bad-message', 'a request for no network')
  const asked = { networkId, applicantKey }
  switch (kind) {
    case 'redeem': {
      const issuer = reader.bytes(X0_ID_BYTES)
      const name = readName(reader)
      const tokenKey = reader.bytes(MLDSA65_PUBLIC_KEY_BYTES)
      return { kind, ...asked, issuer, name, tokenKey, tokenSignature: reader.bytes(MLDSA65_SIGNATURE_BYTES) }
    }
    case 'renew':
      return { kind, ...asked, credential: readCredential(reader) }
    case 'succeed': {
      const statement = reader.bytes(STATEMENT_BYTES)
      return { kind, ...asked, statement, credential: readCredential(reader) }
    }
  }
}

function readNetworkId(reader: ByteReader): Uint8Array | undefined {
  const given = reader.u8()
  if (given > SOME) throw new TrustError('bad-message', 'a network in another form')
  return given === SOME ? reader.bytes(32) : undefined
}

function readCredential(reader: ByteReader): Uint8Array {
  return reader.bytes(reader.u16(MAX_CREDENTIAL_BYTES))
}

function writeName(writer: ByteWriter, name: string | undefined): void {
  if (name !== undefined && !isNodeName(name)) throw new TrustError('bad-message', 'a name that no node has')
  writeText(writer, name ?? '')
}

function readName(reader: ByteReader): string | undefined {
  const text = readPlainText(reader, 63, 'bad-message')
  if (text !== '' && !isNodeName(text)) throw new TrustError('bad-message', 'a name that no node has')
  return text === '' ? undefined : text
}
