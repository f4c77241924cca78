import { ChannelRefusal } from './refusal.ts'

/**
 * Just enough of the Protocol Buffers wire format for libp2p's handshake payload, and stricter than a generated
 * decoder can be: minimal varints only, no groups or fixed-width fields, and the caller sees every field, so that
 * unknown and repeated ones can be refused.
 */
export interface Field {
  readonly number: number
  /** A varint field holds a number (below 2^53), a length-delimited one its bytes (a view of the message). */
  readonly value: number | Uint8Array
}

export function readFields(message: Uint8Array): Field[] {
  const fields: Field[] = []
  let offset = 0

  const varint = (): number => {
    let value = 0
    let scale = 1
    for (let read = 0; read < 7; read += 1) {
      const byte = message[offset]
      if (byte === undefined) throw new ChannelRefusal('malformed-message', 'a protobuf field ends too early')
      offset += 1
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0 && read > 0) break
        return value
      }
      scale *= 128
    }
    throw new ChannelRefusal('malformed-message', 'a protobuf varint is not minimal or too large')
  }

  while (offset < message.length) {
    const key = varint()
    const number = Math.floor(key / 8)
    const wireType = key % 8
    if (number === 0) throw new ChannelRefusal('malformed-message', 'a protobuf field has the number 0')
    if (wireType === 0) fields.push({ number, value: varint() })
    else if (wireType === 2) {
      const length = varint()
      if (length > message.length - offset) throw new ChannelRefusal('malformed-message', 'a protobuf field ends too early')
      fields.push({ number, value: message.subarray(offset, offset + length) })
      offset += length
    } else throw new ChannelRefusal('malformed-message', `a protobuf field has the wire type ${wireType}`)
  }
  return fields
}

function varintBytes(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return bytes
}

/** The fields in the order given, minimally encoded. */
export function writeFields(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { number, value } of fields) {
    if (typeof value === 'number') parts.push(Uint8Array.from([...varintBytes(number * 8), ...varintBytes(value)]))
    else parts.push(Uint8Array.from([...varintBytes(number * 8 + 2), ...varintBytes(value.length)]), value)
  }
  return Buffer.concat(parts)
}

/** The field's bytes where it stands exactly once; undefined where it is absent. @throws ChannelRefusal for twice or a varint */
export function onlyBytes(fields: readonly Field[], number: number): Uint8Array | undefined {
  const value = only(fields, number)
  if (typeof value === 'number') throw new ChannelRefusal('malformed-message', `protobuf field ${number} must hold bytes`)
  return value
}

/** The field's number where it stands exactly once; undefined where it is absent. */
export function onlyNumber(fields: readonly Field[], number: number): number | undefined {
  const value = only(fields, number)
  if (value instanceof Uint8Array) throw new ChannelRefusal('malformed-message', `protobuf field ${number} must hold a number`)
  return value
}

function only(fields: readonly Field[], number: number): number | Uint8Array | undefined {
  const found = fields.filter((field) => field.number === number)
  if (found.length > 1) throw new ChannelRefusal('malformed-message', `protobuf field ${number} is repeated`)
  return found[0]?.value
}

/** All occurrences as UTF-8 strings, bounded in count and size. */
export function repeatedText(fields: readonly Field[], number: number, most: number, mostBytes: number): string[] {
  const found = fields.filter((field) => field.number === number)
  if (found.length > most)
    throw new ChannelRefusal('malformed-message', `protobuf field ${number} stands more than ${most} times`)
  return found.map(({ value }) => {
    if (typeof value === 'number' || value.length > mostBytes) {
      throw new ChannelRefusal('malformed-message', `protobuf field ${number} must hold text of at most ${mostBytes} bytes`)
    }
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(value)
    } catch (cause) {
      throw new ChannelRefusal('malformed-message', `protobuf field ${number} is not UTF-8`, { cause })
    }
  })
}
