import { HostError } from './host-error.ts'
import { MAX_SYNC_SUBJECTS, MAX_SYNC_TRANSFER, SYNC_SUBJECTS_PER_FRAME } from './limits.ts'

/**
 * Frames of `/x0/trust-sync/1.0.0` (docs/revocation.md), big endian:
 *
 *     hello       0x01 | u16 number of revoked nodes | SHA-256 of their x0 ids in ascending order (32)
 *     same        0x02
 *     busy        0x03                                    ask again later
 *     listing     0x04 | u16 number of x0 ids that follow in `subjects`
 *     subjects    0x05 | 1 to 256 x0 ids (32 each), ascending over all frames of a list
 *     wants       0x06 | u16 number of x0 ids wanted | u16 number offered; both lists follow
 *     revocation  0x07 | one revocation
 *     present     0x08 | a credential
 *     taken       0x09
 *     refused     0x0a
 */
export const SYNC_PROTOCOL = '/x0/trust-sync/1.0.0'

export interface Hello {
  readonly kind: 'hello'
  readonly count: number
  /** 32 bytes. */
  readonly digest: Uint8Array
}

export type SyncFrame =
  | Hello
  | { readonly kind: 'same' | 'busy' | 'taken' | 'refused' }
  | { readonly kind: 'listing'; readonly count: number }
  | { readonly kind: 'subjects'; readonly subjects: readonly Uint8Array[] }
  | { readonly kind: 'wants'; readonly wanted: number; readonly offered: number }
  | { readonly kind: 'revocation' | 'present'; readonly bytes: Uint8Array }

const ID_BYTES = 32
const codes = {
  hello: 1,
  same: 2,
  busy: 3,
  listing: 4,
  subjects: 5,
  wants: 6,
  revocation: 7,
  present: 8,
  taken: 9,
  refused: 10,
} as const satisfies Record<SyncFrame['kind'], number>

export function encodeSync(frame: SyncFrame): Uint8Array {
  const code = Uint8Array.of(codes[frame.kind])
  switch (frame.kind) {
    case 'hello':
      return Buffer.concat([code, u16(frame.count), frame.digest])
    case 'listing':
      return Buffer.concat([code, u16(frame.count)])
    case 'subjects':
      return Buffer.concat([code, ...frame.subjects])
    case 'wants':
      return Buffer.concat([code, u16(frame.wanted), u16(frame.offered)])
    case 'revocation':
    case 'present':
      return Buffer.concat([code, frame.bytes])
    default:
      return code
  }
}

/** @throws HostError `bad-sync` for bytes that are no frame */
export function decodeSync(bytes: Uint8Array): SyncFrame {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const rest = bytes.subarray(1)
  switch (bytes[0]) {
    case codes.hello:
      return { kind: 'hello', count: number(view, 1, 35, MAX_SYNC_SUBJECTS), digest: bytes.subarray(3) }
    case codes.listing:
      return { kind: 'listing', count: number(view, 1, 3, MAX_SYNC_SUBJECTS) }
    case codes.subjects:
      return { kind: 'subjects', subjects: ids(rest) }
    case codes.wants: {
      const wanted = number(view, 1, 5, MAX_SYNC_TRANSFER)
      return { kind: 'wants', wanted, offered: number(view, 3, 5, MAX_SYNC_TRANSFER) }
    }
    case codes.revocation:
      return { kind: 'revocation', bytes: some(rest) }
    case codes.present:
      return { kind: 'present', bytes: some(rest) }
    case codes.same:
      return bare('same', rest)
    case codes.busy:
      return bare('busy', rest)
    case codes.taken:
      return bare('taken', rest)
    case codes.refused:
      return bare('refused', rest)
    default:
      throw new HostError('bad-sync', 'a frame of no known kind')
  }
}

function u16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

/** A count at `offset` of a frame of exactly `length` bytes. */
function number(frame: Buffer, offset: number, length: number, max: number): number {
  if (frame.length !== length) throw new HostError('bad-sync', `a frame of ${frame.length} bytes instead of ${length}`)
  const value = frame.readUInt16BE(offset)
  if (value > max) throw new HostError('bad-sync', `a count of ${value}, ${max} allowed`)
  return value
}

function ids(bytes: Uint8Array): Uint8Array[] {
  const count = bytes.length / ID_BYTES
  if (!Number.isInteger(count) || count < 1 || count > SYNC_SUBJECTS_PER_FRAME)
    throw new HostError('bad-sync', `${bytes.length} bytes of x0 ids`)
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * ID_BYTES, (index + 1) * ID_BYTES))
}

function some(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) throw new HostError('bad-sync', 'an empty frame')
  return bytes
}

function bare<Kind extends 'same' | 'busy' | 'taken' | 'refused'>(kind: Kind, rest: Uint8Array): { kind: Kind } {
  if (rest.length > 0) throw new HostError('bad-sync', 'more bytes than the frame has')
  return { kind }
}
