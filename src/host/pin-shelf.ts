import { PIN_SOURCES, type Pin, PinBook } from '../channel/pins.ts'
import { parseX0Id } from '../identity/x0-id.ts'

/** The part of a store that pins live in. */
export interface PinShelf {
  entries(options: { onCorrupt: (key: string) => void }): AsyncIterable<readonly [string, Uint8Array]>
  put(key: string, value: Uint8Array, options: { sync: boolean }): Promise<void>
  delete(key: string): Promise<void>
}

/** The pins, and what keeps them on the disk. */
export interface KeptPins {
  readonly pins: PinBook
  /** Puts what is believed of one peer on the disk, and takes off it what made room. Resolves when both are done. */
  keep(peerId: string): Promise<void>
}

interface StoredPin {
  readonly pin: Pin
  /** Rises with each write: a store gives its entries by key, and the oldest pin must stay the first to go. */
  readonly order: number
}

/**
 * The pins of earlier runs, oldest first. A damaged one is reported and left out: its peer is then met as if for the first
 * time, which the operator should know.
 */
export async function openPins(shelf: PinShelf, onDamaged: (peerId: string) => void): Promise<KeptPins> {
  const stored: [string, StoredPin][] = []
  for await (const [peerId, bytes] of shelf.entries({ onCorrupt: onDamaged })) {
    const pin = decodePin(bytes)
    if (pin === undefined) onDamaged(peerId)
    else stored.push([peerId, pin])
  }
  stored.sort(([, one], [, other]) => one.order - other.order)
  const pins = new PinBook(stored.map(([peerId, { pin }]) => [peerId, pin]))
  let next = (stored.at(-1)?.[1].order ?? 0) + 1
  let work: Promise<void> = Promise.resolve()

  async function write(peerId: string): Promise<void> {
    const pin = pins.get(peerId)
    if (pin !== undefined) {
      await shelf.put(peerId, new TextEncoder().encode(JSON.stringify({ ...pin, order: next })), { sync: true })
      next += 1
    }
    for (const dropped of pins.takeDropped()) await shelf.delete(dropped)
  }

  return {
    pins,
    keep(peerId) {
      // one after another: a deletion must not overtake the next pin of the same peer
      const writing = work.then(() => write(peerId))
      work = writing.catch(() => undefined)
      return writing
    },
  }
}

function decodePin(bytes: Uint8Array): StoredPin | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof value !== 'object' || value === null) return undefined
    if (!('x0Id' in value && 'source' in value && 'frozen' in value)) return undefined
    const { x0Id, frozen } = value
    const source = PIN_SOURCES.find((known) => known === value.source)
    if (typeof x0Id !== 'string' || source === undefined || typeof frozen !== 'boolean') return undefined
    parseX0Id(x0Id)
    const order = 'order' in value ? value.order : undefined
    if (typeof order !== 'number' || !Number.isSafeInteger(order)) return undefined
    if (!('succeeded' in value)) return { pin: { x0Id, source, frozen }, order }
    const succeeded = decodeSuccession(value.succeeded)
    // without it a second successor of the same id would not be noticed
    return succeeded === undefined ? undefined : { pin: { x0Id, source, frozen, succeeded }, order }
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
