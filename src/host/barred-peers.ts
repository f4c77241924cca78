import type { Clock } from '../platform/clock.ts'
import type { Block, BlockedKeys } from '../trust/blocks.ts'
import type { BlockBook } from './block-book.ts'
import type { PeerSupervisor } from './supervisor-runner.ts'
import type { Bar } from './supervisor-state.ts'

/** The blocks that hold now, as the supervisor takes them from the start. */
export function barsOf(blocks: BlockBook, clock: Clock): ReadonlyMap<string, Bar> {
  return new Map(blocks.list().flatMap((block) => idsOf(block).map((id) => [id, barOf(block, clock)] as const)))
}

/** Keeps the supervisor told of each block and of its end. @returns what ends it */
export function followBlocks(blocks: BlockBook, supervisor: PeerSupervisor, clock: Clock): () => void {
  return blocks.follow({
    blocked(block) {
      const { until, message } = barOf(block, clock)
      supervisor.block(idsOf(block), until, message)
    },
    unblocked: (block) => supervisor.unblock(idsOf(block)),
  })
}

function barOf({ until, reason }: Block, clock: Clock): Extract<Bar, { code: 'blocked' }> {
  const end = until === undefined ? '' : ` until ${new Date(until).toISOString()}`
  return {
    code: 'blocked',
    until: until === undefined ? undefined : clock.monotonic() + until - clock.now(),
    message: `blocked here${end}${reason === '' ? '' : `: ${reason}`}`,
  }
}

function idsOf({ x0Id, peerId }: BlockedKeys): string[] {
  return [x0Id, peerId].filter((id) => id !== undefined)
}
