import { peerIdFromString } from '@libp2p/peer-id'
import { parseX0Id } from '../identity/x0-id.ts'
import { type Block, Blocks, isInForce, keyOf } from '../trust/blocks.ts'
import { MAX_BLOCK_REASON_LENGTH } from '../trust/limits.ts'

/** The part of a store that blocks live in. */
export interface BlockShelf {
  entries(options: { onCorrupt: (key: string) => void }): AsyncIterable<readonly [string, Uint8Array]>
  put(key: string, value: Uint8Array, options: { sync: boolean }): Promise<void>
  delete(key: string, options: { sync: boolean }): Promise<void>
}

/**
 * The blocks of earlier runs that still hold at `now` (ms since the Unix epoch). A damaged one is reported and left out:
 * whom it named is let in again, which the operator must know.
 */
export async function loadBlocks(shelf: BlockShelf, now: number, onDamaged: (key: string) => void): Promise<Blocks> {
  const stored: Block[] = []
  for await (const [key, bytes] of shelf.entries({ onCorrupt: onDamaged })) {
    const block = decodeBlock(bytes)
    if (block === undefined || keyOf(block) !== key) onDamaged(key)
    else stored.push(block)
  }
  const blocks = new Blocks()
  const over = stored.filter((block) => !isInForce(block, now))
  for (const block of stored.sort((a, b) => a.since - b.since)) {
    if (over.includes(block)) continue
    // a crash may have left beside a block the one that it replaces
    const replaced = blocks.put(block)
    if (replaced !== 'full') over.push(...replaced)
  }
  for (const block of over) if (!blocks.has(keyOf(block))) await shelf.delete(keyOf(block), { sync: false })
  return blocks
}

export function encodeBlock({ x0Id, peerId, since, until, reason }: Block): Uint8Array {
  const value = { x0Id: x0Id ?? null, peerId: peerId ?? null, since, until: until ?? null, reason }
  return new TextEncoder().encode(JSON.stringify(value))
}

function decodeBlock(bytes: Uint8Array): Block | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value !== 'object' || value === null) return undefined
    if (!('x0Id' in value && 'peerId' in value && 'since' in value && 'until' in value && 'reason' in value)) return undefined
    const { since, reason } = value
    const [x0Id, peerId, until] = [value.x0Id ?? undefined, value.peerId ?? undefined, value.until ?? undefined]
    if (typeof since !== 'number' || !Number.isSafeInteger(since)) return undefined
    if (until !== undefined && (typeof until !== 'number' || !Number.isSafeInteger(until))) return undefined
    if (typeof reason !== 'string' || reason.length > MAX_BLOCK_REASON_LENGTH) return undefined
    if (x0Id === undefined && peerId === undefined) return undefined
    if (x0Id !== undefined && typeof x0Id !== 'string') return undefined
    if (peerId !== undefined && typeof peerId !== 'string') return undefined
    if (x0Id !== undefined) parseX0Id(x0Id)
    if (peerId !== undefined) peerIdFromString(peerId)
    return { x0Id, peerId, since, until, reason }
  } catch {
    // whatever is wrong with it, it is not a block
    return undefined
  }
}
