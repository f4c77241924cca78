import { PIN_SOURCES, type Pin, PinBook } from '../channel/pins.ts'
import { parseX0Id } from '../identity/x0-id.ts'

/** The part of a store that pins live in. */
export interface PinShelf {
  entries(options: { onCorrupt: (key: string) => void }): AsyncIterable<readonly [string, Uint8Array]>
  put(key: string, value: Uint8Array, options: { sync: boolean }): Promise<void>
}

/**
 * The pins of earlier runs. A damaged one is reported and left out: its peer is then met as if for the first time, which
 * the operator should know.
 */
export async function loadPins(shelf: PinShelf, onDamaged: (peerId: string) => void): Promise<PinBook> {
  const pins: [string, Pin][] = []
  for await (const [peerId, bytes] of shelf.entries({ onCorrupt: onDamaged })) {
    const pin = decodePin(bytes)
    if (pin === undefined) onDamaged(peerId)
    else pins.push([peerId, pin])
  }
  return new PinBook(pins)
}

/** Keeps what is believed of one peer, on disk before it resolves. */
export async function keepPin(shelf: PinShelf, pins: PinBook, peerId: string): Promise<void> {
  const pin = pins.get(peerId)
  if (pin !== undefined) await shelf.put(peerId, new TextEncoder().encode(JSON.stringify(pin)), { sync: true })
}

function decodePin(bytes: Uint8Array): Pin | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof value !== 'object' || value === null) return undefined
    if (!('x0Id' in value && 'source' in value && 'frozen' in value)) return undefined
    const { x0Id, frozen } = value
    const source = PIN_SOURCES.find((known) => known === value.source)
    if (typeof x0Id !== 'string' || source === undefined || typeof frozen !== 'boolean') return undefined
    parseX0Id(x0Id)
    if (!('succeeded' in value)) return { x0Id, source, frozen }
    const succeeded = decodeSuccession(value.succeeded)
    // without it a second successor of the same id would not be noticed
    return succeeded === undefined ? undefined : { x0Id, source, frozen, succeeded }
  } catch {
    // whatever is wrong with it, it is not a pin
    return undefined
  }
}

function decodeSuccession(value: unknown): Pin['succeeded'] {
  if (typeof value !== 'object' || value === null || !('x0Id' in value && 'sequence' in value)) return undefined
  const { x0Id, sequence } = value
  if (typeof x0Id !== 'string' || typeof sequence !== 'number') return undefined
  parseX0Id(x0Id)
  return { x0Id, sequence }
}
