import { HostError } from './host-error.ts'
import { MAX_PRESENTED_BYTES, MAX_SYNC_SUBJECTS, SYNC_BATCH, SYNC_SUBJECTS_PER_FRAME } from './limits.ts'

/**
 * Frames of `/x0/trust-sync/1.0.0` (docs/revocation.md), big endian:
 *
 *     hello       0x01 | u16 number of revoked nodes | SHA-256 of their x0 ids in ascending order (32)
 *     same        0x02
 *     busy        0x03                               ask again later
 *     listing     0x04 | u16 number of x0 ids in the list, the first of which follow in `subjects`
 *     subjects    0x05 | 1 to 1,792 x0 ids (32 each), ascending over all frames of a list
 *     next        0x06                               asks for the next `subjects`
 *     wants       0x07 | 1 to 16 x0 ids, ascending over all frames
 *     revocation  0x08 | one revocation
 *     done        0x09
 *     present     0x0a | a credential, at most 8 KiB
 *     taken       0x0b
 *     refused     0x0c
 */
export const SYNC_PROTOCOL = '/x0/trust-sync/1.0.0'

export interface Hello {
  readonly kind: 'hello'
  readonly count: number
  /** 32 bytes. */
  readonly digest: Uint8Array
}

type Bare = 'same' | 'busy' | 'next' | 'done' | 'taken' | 'refused'

export type SyncFrame =
  | Hello
  | { readonly kind: Bare }
  | { readonly kind: 'listing'; readonly count: number }
  | { readonly kind: 'subjects' | 'wants'; readonly subjects: readonly Uint8Array[] }
  | { readonly kind: 'revocation' | 'present'; readonly bytes: Uint8Array }

const ID_BYTES = 32
const codes = {
  hello: 1,
  same: 2,
  busy: 3,
  listing: 4,
  subjects: 5,
  next: 6,
  wants: 7,
  revocation: 8,
  done: 9,
  present: 10,
  taken: 11,
  refused: 12,
} as const satisfies Record<SyncFrame['kind'], number>

const bare = new Map<number | undefined, Bare>(
  (['same', 'busy', 'next', 'done', 'taken', 'refused'] as const).map((kind) => [codes[kind], kind]),
)

export function encodeSync(frame: SyncFrame): Uint8Array {
  const code = Uint8Array.of(codes[frame.kind])
  switch (frame.kind) {
    case 'hello':
      return Buffer.concat([code, u16(frame.count), frame.digest])
    case 'listing':
      return Buffer.concat([code, u16(frame.count)])
    case 'subjects':
    case 'wants':
      return Buffer.concat([code, ...frame.subjects])
    case 'revocation':
    case 'present':
      return Buffer.concat([code, frame.bytes])
    default:
      return code
  }
}

/** @throws HostError `bad-sync` for bytes that are no frame */
export function decodeSync(bytes: Uint8Array): SyncFrame {
  const rest = bytes.subarray(1)
  switch (bytes[0]) {
    case codes.hello:
      return { kind: 'hello', count: count(bytes, 35), digest: bytes.subarray(3) }
    case codes.listing:
      return { kind: 'listing', count: count(bytes, 3) }
    case codes.subjects:
      return { kind: 'subjects', subjects: ids(rest, SYNC_SUBJECTS_PER_FRAME) }
    case codes.wants:
      return { kind: 'wants', subjects: ids(rest, SYNC_BATCH) }
    case codes.revocation:
      return { kind: 'revocation', bytes: rest }
    case codes.present:
      if (rest.length > MAX_PRESENTED_BYTES) throw new HostError('bad-sync', `a credential of ${rest.length} bytes`)
      return { kind: 'present', bytes: rest }
  }
  const kind = bare.get(bytes[0])
  if (kind === undefined || rest.length > 0) throw new HostError('bad-sync', 'a frame of no known form')
  return { kind }
}

function u16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

/** The count behind the kind of a frame, which has exactly `length` bytes. */
function count(frame: Uint8Array, length: number): number {
  if (frame.length !== length) throw new HostError('bad-sync', `a frame of ${frame.length} bytes instead of ${length}`)
  const value = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).readUInt16BE(1)
  if (value > MAX_SYNC_SUBJECTS) throw new HostError('bad-sync', `a list of ${value}, ${MAX_SYNC_SUBJECTS} allowed`)
  return value
}

function ids(bytes: Uint8Array, max: number): Uint8Array[] {
  const length = bytes.length / ID_BYTES
  if (!Number.isInteger(length) || length < 1 || length > max) throw new HostError('bad-sync', `${bytes.length} bytes of x0 ids`)
  return Array.from({ length }, (_, index) => bytes.subarray(index * ID_BYTES, (index + 1) * ID_BYTES))
}
