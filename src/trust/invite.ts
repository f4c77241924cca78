import { crc32 } from 'node:zlib'
import { SIGNING_SEED_BYTES } from '../crypto/lengths.ts'
import { X0_ID_BYTES } from '../identity/limits.ts'
import { ByteReader, ByteWriter } from '../platform/byte-codec.ts'
import { type Door, readDoors, writeDoors } from './doors.ts'
import { MAX_INVITE_LINE_LENGTH } from './limits.ts'
import { expectNetworkName, readNetworkName, writeText } from './names.ts'
import { TrustError } from './trust-error.ts'

/*
 * An invite is one line: `x0invite1.` and, in base64url (RFC 4648 section 5, no padding),
 *
 *   length of all that follows u16be | network id (32) | name (1 + n) | issuer (32) | secret (32) | expiry, s u32be
 *   | doors (see doors.ts, those of the issuer without its id) | CRC-32 u32be over prefix and all before
 *
 * Nothing in it needs quoting in a shell. The length tells a line that was cut off from one with a typing error; the
 * CRC finds those. Neither guards against people: whoever can change an invite can also make one.
 */

export interface Invite {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly networkName: string
  /** x0 id of the member whose token it is, 32 bytes. */
  readonly issuer: Uint8Array
  /** The token: the 32-byte seed of an ML-DSA-65 key (see token.ts). Who holds it may come in. */
  readonly secret: Uint8Array
  /** Wall clock ms, whole seconds. */
  readonly expiresAt: number
  /** 1 to 8, best first. */
  readonly doors: readonly Door[]
}

const PREFIX = 'x0invite1.'
const ANY_VERSION = /^x0invite(\d{1,6})\./
const BASE64URL = /^[A-Za-z0-9_-]*$/
const LENGTH_BYTES = 2
const CRC_BYTES = 4

/** The one line of an invite. @throws TrustError `bad-name`, `bad-invite` for content that no invite has */
export function formatInvite(invite: Invite): string {
  expectNetworkName(invite.networkName)
  if (invite.doors.length === 0) throw new TrustError('bad-invite', 'an invite without an address leads nowhere')
  const seconds = invite.expiresAt / 1000
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 0xffff_ffff) {
    throw new TrustError('bad-invite', 'an invite ends at a whole second before the year 2106')
  }
  const content = new ByteWriter().bytes(invite.networkId)
  writeText(content, invite.networkName)
  content.bytes(invite.issuer).bytes(invite.secret).u32(seconds)
  writeDoors(content, invite.doors, invite.issuer)
  const bytes = content.finish()
  const sized = new ByteWriter()
    .u16(bytes.length + CRC_BYTES)
    .bytes(bytes)
    .finish()
  const whole = new ByteWriter().bytes(sized).u32(checksum(sized)).finish()
  const line = PREFIX + Buffer.from(whole).toString('base64url')
  // what nobody could read must not be handed out
  parseInvite(line)
  return line
}

/**
 * Reads a line that a person pasted; white space around it is no part of it. Each invite has exactly one text.
 * @throws TrustError `bad-invite` with a sentence that says what is wrong with it
 */
export function parseInvite(text: string): Invite {
  const line = text.trim()
  expectPrefix(line)
  const letters = line.slice(PREFIX.length)
  if (line.length > MAX_INVITE_LINE_LENGTH) throw refusal('it is far longer than an invite: paste the line alone')
  if (!BASE64URL.test(letters)) {
    throw refusal('it holds a character that no invite has: paste it as one line, without spaces or quotes in it')
  }
  return decodeInvite(wholeBytes(letters))
}

function expectPrefix(line: string): void {
  if (line.startsWith(PREFIX)) return
  const version = ANY_VERSION.exec(line)?.[1]
  if (version !== undefined) throw refusal(`it is of version ${version}, which this x0 cannot read: install a newer one`)
  if (line !== '' && PREFIX.startsWith(line)) throw refusal('it is cut off: copy the whole line')
  throw refusal(`it does not begin with ${PREFIX}: copy the whole line that \`x0 invite\` printed`)
}

/** The bytes, their length and checksum checked. */
function wholeBytes(letters: string): Uint8Array {
  const bytes = Buffer.from(letters, 'base64url')
  if (bytes.length < LENGTH_BYTES) throw refusal('it is cut off: copy the whole line')
  const missing = LENGTH_BYTES + bytes.readUInt16BE() - bytes.length
  if (missing > 0) throw refusal('it is cut off, or has a typing error in its first letters: copy the whole line')
  if (missing < 0) throw refusal('something follows its end, or it has a typing error in its first letters: paste the line alone')
  const isOneText = bytes.toString('base64url') === letters
  const end = bytes.length - CRC_BYTES
  if (!isOneText || end < LENGTH_BYTES || checksum(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) {
    throw refusal('it has a typing error: copy the line instead of typing it')
  }
  return bytes.subarray(LENGTH_BYTES, end)
}

function decodeInvite(bytes: Uint8Array): Invite {
  const reader = new ByteReader(Uint8Array.from(bytes), (why) => refusal(`its content is wrong (${why}); ask for another one`))
  const networkId = reader.bytes(32)
  const networkName = readNetworkName(reader)
  const issuer = reader.bytes(X0_ID_BYTES)
  const secret = reader.bytes(SIGNING_SEED_BYTES)
  const expiresAt = reader.u32() * 1000
  const doors = readDoors(reader, issuer)
  reader.end()
  if (doors.length === 0) throw refusal('it names no address; ask for another one')
  return { networkId, networkName, issuer, secret, expiresAt, doors }
}

function checksum(bytes: Uint8Array): number {
  return crc32(bytes, crc32(PREFIX))
}

function refusal(why: string): TrustError {
  return new TrustError('bad-invite', `this is no invite that can be used: ${why}`)
}
