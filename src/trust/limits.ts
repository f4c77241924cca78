/** Every bound of the trust layer, with its reason. Times in milliseconds. */

// ---- blocks (blocks.ts)

/** Blocks that hold at once: each was typed by an operator. About 400 bytes each, in memory and on disk. */
export const MAX_BLOCKS = 1024
/** The longest a block with an end may last; whoever means longer leaves the end out. */
export const MAX_BLOCK_MS = 10 * 365 * 24 * 3_600_000
/** Characters of the reason: one sentence for the operator who finds the block a year later. */
export const MAX_BLOCK_REASON_LENGTH = 200
