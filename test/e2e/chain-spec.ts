/**
 * The least that smoldot takes for a chain: no state, one authority, one finalised block, and our node to bootstrap from.
 * Nothing in it has to be true, since smoldot is here only for its libp2p. Encoded by hand (SCALE): integers are
 * little-endian, a list is its length as a compact number and its items, an option is a byte and its value.
 */
export function chainSpec(bootNode: string): string {
  return JSON.stringify({
    name: 'x0 test',
    id: 'x0-test',
    chainType: 'Live',
    bootNodes: [bootNode],
    telemetryEndpoints: null,
    protocolId: 'x0test',
    properties: {},
    genesis: { stateRootHash: hex(bytes(32, 1)) },
    lightSyncState: {
      finalizedBlockHeader: hex(finalizedHeader),
      babeEpochChanges: hex(babeEpochChanges),
      babeFinalizedBlockWeight: 1,
      grandpaAuthoritySet: hex(grandpaAuthoritySet),
    },
  })
}

const hex = (data: Uint8Array): string => `0x${Buffer.from(data).toString('hex')}`
const bytes = (length: number, value: number): Buffer => Buffer.alloc(length, value)
const ascii = (text: string): Buffer => Buffer.from(text, 'ascii')

function u32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value)
  return out
}

function u64(value: number): Buffer {
  const out = Buffer.alloc(8)
  out.writeBigUInt64LE(BigInt(value))
  return out
}

/** A compact number below 2^14. */
function compact(value: number): Buffer {
  if (value < 64) return Buffer.of(value << 2)
  const out = Buffer.alloc(2)
  out.writeUInt16LE((value << 2) | 1)
  return out
}

const list = (...items: Uint8Array[]): Buffer => Buffer.concat([compact(items.length), ...items])
const text = (data: Uint8Array): Buffer => Buffer.concat([compact(data.length), data])
const NONE = Buffer.of(0)

/** No roots and nothing finalised: the tree of changes that are still to come. */
const emptyForkTree = Buffer.concat([list(), NONE])
const authority = Buffer.concat([bytes(32, 2), u64(1)])

const FINALIZED_BLOCK = 2
const SLOT = 150

/** PreRuntime (6) says that authority 0 made the block in its slot; Seal (5) holds a signature. */
const preRuntime = Buffer.concat([Buffer.of(6), ascii('BABE'), text(Buffer.concat([Buffer.of(2), u32(0), u64(SLOT)]))])
const seal = Buffer.concat([Buffer.of(5), ascii('BABE'), text(bytes(64, 3))])

/** Parent, number, state root, extrinsics root, digest. */
const finalizedHeader = Buffer.concat([
  bytes(32, 4),
  compact(FINALIZED_BLOCK),
  bytes(32, 5),
  bytes(32, 6),
  list(preRuntime, seal),
])

/** A regular epoch (1): index, first slot, length, authorities, randomness, the chance of a slot (1 in 4), kind of slots. */
function epoch(index: number, firstSlot: number): Buffer {
  const chance = Buffer.concat([u64(1), u64(4)])
  return Buffer.concat([Buffer.of(1), u64(index), u64(firstSlot), u64(600), list(authority), bytes(32, 7), chance, Buffer.of(1)])
}

/** The epoch under way and the next one, by the block that announced each. */
const babeEpochChanges = Buffer.concat([
  emptyForkTree,
  list(Buffer.concat([bytes(32, 8), u32(1), epoch(1, 100)]), Buffer.concat([bytes(32, 9), u32(FINALIZED_BLOCK), epoch(2, 700)])),
  NONE,
])

/** Authorities, set number, changes to come, forced ones, changes that were. */
const grandpaAuthoritySet = Buffer.concat([list(authority), u64(1), emptyForkTree, list(), list()])
