import type { PinBook } from '../channel/pins.ts'
import type { Store } from '../store/store.ts'
import { StoreError } from '../store/store-error.ts'
import type { Blocks } from '../trust/blocks.ts'
import { type BlockShelf, loadBlocks } from './block-shelf.ts'
import { openPins } from './pin-shelf.ts'
import type { SequenceShelf } from './record-publisher.ts'
import type { RecordShelf } from './record-store.ts'

/** What the mesh keeps in the home. */
export interface HomeShelves {
  readonly pins: PinBook
  /** Puts what is believed of a peer on the disk. @throws StoreError */
  keepPin(peerId: string): Promise<void>
  readonly records: RecordShelf
  readonly sequence: SequenceShelf
  readonly blocks: BlockShelf
  /** The blocks that hold at `now`, ms since the Unix epoch. @throws StoreError */
  loadBlocks(now: number): Promise<Blocks>
}

const SEQUENCE = 'record-sequence'

/**
 * Checks every stored value and opens the shelves. A damaged value keeps no node from starting: each is told once and
 * counts as absent: all of these can be learned or made anew (a sequence is the wall clock), but for a block, whose peer is
 * let in again.
 * @throws StoreError where the disk fails
 */
export async function openShelves(store: Store, onDamaged: (namespace: string, key: string) => void): Promise<HomeShelves> {
  const { corrupt } = await store.scrub()
  for (const { namespace, key } of corrupt) onDamaged(namespace, key)
  const isTold = (namespace: string, key: string): boolean =>
    corrupt.some((entry) => entry.namespace === namespace && entry.key === key)
  const damaged = (namespace: string, key: string): void => {
    if (!isTold(namespace, key)) onDamaged(namespace, key)
  }
  const [shelf, own, records] = [store.namespace('pins'), store.namespace('own'), store.namespace('records')]
  const blocks = store.namespace('blocks')
  const { pins, keep } = await openPins(shelf, (peerId) => damaged('pins', peerId))
  return {
    pins,
    keepPin: keep,
    records: {
      put: (key, value) => records.put(key, value),
      delete: (key) => records.delete(key),
      entries: () => records.entries({ onCorrupt: (key) => damaged('records', key) }),
    },
    sequence: {
      async load() {
        try {
          const bytes = await own.get(SEQUENCE)
          return bytes === undefined ? undefined : sequenceFrom(bytes)
        } catch (error) {
          if (!(error instanceof StoreError) || error.code !== 'corrupt') throw error
          damaged('own', SEQUENCE)
          return undefined
        }
      },
      save: (sequence) => own.put(SEQUENCE, new TextEncoder().encode(sequence.toString()), { sync: true }),
    },
    blocks,
    loadBlocks: (now) => loadBlocks(blocks, now, (key) => damaged('blocks', key)),
  }
}

function sequenceFrom(bytes: Uint8Array): bigint {
  const text = new TextDecoder().decode(bytes)
  if (!/^\d{1,20}$/.test(text)) throw new StoreError('corrupt', `the stored value own/${SEQUENCE} is no number`)
  return BigInt(text)
}
