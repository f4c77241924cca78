/**
 * Frames of `/x0/liveness/1.0.0` (docs/peers.md, Liveness). Big endian; times are wall clocks in ms as IEEE 754 doubles.
 *
 *     probe  0x01 | seq u32 | t1 f64                        13 bytes
 *     reply  0x02 | seq u32 | t1 f64 | t2 f64 | t3 f64      29 bytes
 */
export const LIVENESS_PROTOCOL = '/x0/liveness/1.0.0'
export const MAX_LIVENESS_FRAME_BYTES = 64

export interface Probe {
  readonly kind: 'probe'
  readonly seq: number
  /** When it was sent, by its sender's clock. */
  readonly t1: number
}

export interface Reply {
  readonly kind: 'reply'
  readonly seq: number
  readonly t1: number
  /** When the probe came in and when this reply went out, by the replier's clock. */
  readonly t2: number
  readonly t3: number
}

const PROBE_BYTES = 13
const REPLY_BYTES = 29

export function encodeLiveness(frame: Probe | Reply): Uint8Array {
  const bytes = Buffer.alloc(frame.kind === 'probe' ? PROBE_BYTES : REPLY_BYTES)
  bytes.writeUInt8(frame.kind === 'probe' ? 1 : 2, 0)
  bytes.writeUInt32BE(frame.seq, 1)
  bytes.writeDoubleBE(frame.t1, 5)
  if (frame.kind === 'reply') {
    bytes.writeDoubleBE(frame.t2, 13)
    bytes.writeDoubleBE(frame.t3, 21)
  }
  return bytes
}

/** The frame, or undefined for bytes that are none: another length or kind, a time that is no finite number. */
export function decodeLiveness(input: Uint8Array): Probe | Reply | undefined {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const kind = bytes[0]
  if (kind === 1 && bytes.length === PROBE_BYTES) {
    const t1 = bytes.readDoubleBE(5)
    return Number.isFinite(t1) ? { kind: 'probe', seq: bytes.readUInt32BE(1), t1 } : undefined
  }
  if (kind === 2 && bytes.length === REPLY_BYTES) {
    const [t1, t2, t3] = [bytes.readDoubleBE(5), bytes.readDoubleBE(13), bytes.readDoubleBE(21)]
    const isSane = [t1, t2, t3].every(Number.isFinite)
    return isSane ? { kind: 'reply', seq: bytes.readUInt32BE(1), t1, t2, t3 } : undefined
  }
  return undefined
}
