import { X0_ID_BYTES } from '../identity/limits.ts'
import { ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import { isPlainText, readPlainText } from './form.ts'
import { JOIN_REFUSALS, type JoinRefusal, refusalText } from './join-refusal.ts'
import {
  MAX_CREDENTIAL_BYTES,
  MAX_FOUNDERS,
  MAX_GENESIS_BYTES,
  MAX_JOIN_ANSWER_BYTES,
  MAX_REFUSAL_BYTES,
  MAX_RETRY_MS,
} from './limits.ts'
import { writeText } from './names.ts'
import { TrustError } from './trust-error.ts'

export interface AdmittedAnswer {
  readonly kind: 'admitted'
  /** x0 id of the node that answers, 32 bytes. */
  readonly issuer: Uint8Array
  readonly genesis: Uint8Array
  /** None where the network is open to all, or the applicant is a founder. */
  readonly credential: Uint8Array | undefined
}

/** An operator has to decide: ask again. */
export interface PendingAnswer {
  readonly kind: 'pending'
  readonly retryAfterMs: number
}

export interface RefusedAnswer {
  readonly kind: 'refused'
  readonly code: JoinRefusal
  /** For people, at most 255 bytes, printable. */
  readonly message: string
  /** With `not-a-sponsor`: x0 ids of members to turn to instead. */
  readonly members: readonly Uint8Array[]
}

export type JoinAnswer = AdmittedAnswer | PendingAnswer | RefusedAnswer

const VERSION = 1
const ADMITTED = 1
const PENDING = 2
const REFUSED = 3

/** A refusal with the sentence that belongs to it. */
export function refused(code: JoinRefusal, members: readonly Uint8Array[] = []): RefusedAnswer {
  return { kind: 'refused', code, message: refusalText(code), members }
}

/** The layout is in docs/networks.md. @throws TrustError `bad-message` for a message of a refusal that cannot be sent */
export function encodeJoinAnswer(answer: JoinAnswer): Uint8Array {
  const writer = new ByteWriter().u8(VERSION)
  switch (answer.kind) {
    case 'admitted': {
      const credential = answer.credential ?? new Uint8Array()
      writer.u8(ADMITTED).bytes(answer.issuer).u32(answer.genesis.length).bytes(answer.genesis)
      writer.u16(credential.length).bytes(credential)
      break
    }
    case 'pending':
      writer.u8(PENDING).u32(answer.retryAfterMs)
      break
    case 'refused':
      if (!isPlainText(answer.message, MAX_REFUSAL_BYTES)) throw new TrustError('bad-message', 'a reason that cannot be sent')
      writer.u8(REFUSED).u8(JOIN_REFUSALS.indexOf(answer.code) + 1)
      writeText(writer, answer.message)
      writer.u8(answer.members.length)
      for (const member of answer.members) writer.bytes(member)
  }
  return writer.finish()
}

/**
 * Reads an answer without believing it (see applicant.ts); each has exactly one encoding.
 * @throws TrustError `bad-message`
 */
export function decodeJoinAnswer(bytes: Uint8Array): JoinAnswer {
  if (bytes.length > MAX_JOIN_ANSWER_BYTES) throw new TrustError('bad-message', `an answer of ${bytes.length} bytes`)
  const reader = new ByteReader(Uint8Array.from(bytes), (why) => new TrustError('bad-message', why))
  if (reader.u8() !== VERSION) throw new TrustError('bad-message', 'an answer of another version')
  const answer = readAnswer(reader)
  reader.end()
  return answer
}

function readAnswer(reader: ByteReader): JoinAnswer {
  switch (reader.u8()) {
    case ADMITTED: {
      const issuer = reader.bytes(X0_ID_BYTES)
      const genesis = reader.bytes(reader.u32(MAX_GENESIS_BYTES))
      const credential = reader.bytes(reader.u16(MAX_CREDENTIAL_BYTES))
      return { kind: 'admitted', issuer, genesis, credential: credential.length === 0 ? undefined : credential }
    }
    case PENDING:
      return { kind: 'pending', retryAfterMs: reader.u32(MAX_RETRY_MS) }
    case REFUSED: {
      const code = JOIN_REFUSALS[reader.u8() - 1]
      const message = readPlainText(reader, MAX_REFUSAL_BYTES, 'bad-message')
      const members = reader.list(MAX_FOUNDERS, () => reader.bytes(X0_ID_BYTES))
      if (code === undefined) throw new TrustError('bad-message', 'a refusal that this version does not know')
      return { kind: 'refused', code, message, members }
    }
    default:
      throw new TrustError('bad-message', 'an answer of another kind')
  }
}
