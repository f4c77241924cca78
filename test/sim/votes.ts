import type { VoteSets } from '../../src/governance/log/fair-cut.ts'
import { bytesOf } from '../../src/governance/log/hex.ts'

/**
 * The vote set of one proposal as a number: two bits a voter, one for yes and one for no. Both mean that the voter signed two
 * ballots, and count for nothing. It is the lattice of src/governance/ballot-set.ts, small enough for millions of joins.
 */
export type Votes = number

export const NO_VOTES: Votes = 0
/** Two bits each in a number that stays a 32-bit integer. */
export const MAX_VOTERS = 15

export function ballot(voter: number, isYes: boolean): Votes {
  return 1 << (2 * voter + (isYes ? 0 : 1))
}

export const VOTES: VoteSets<Votes> = {
  includes: (set, part) => (set & part) === part,
  join: (one, other) => one | other,
  root: (set) => (set >>> 0).toString(16).padStart(64, '0'),
}

/** A set that keeps only the first `most` voters that it sees: two nodes that see them in different orders never agree. */
export function firstOnly(most: number): VoteSets<Votes> {
  return {
    ...VOTES,
    join(one, other) {
      let set = one
      for (let voter = 0; voter < MAX_VOTERS; voter++) {
        const both = (other >>> (2 * voter)) & 3
        if (both !== 0 && (((one >>> (2 * voter)) & 3) !== 0 || voters(set) < most)) set |= both << (2 * voter)
      }
      return set
    },
  }
}

/** Single ballots of a set. */
export function ballotsIn(set: Votes): readonly Votes[] {
  return Array.from({ length: 2 * MAX_VOTERS }, (_, bit) => 1 << bit).filter((one) => (set & one) !== 0)
}

/** Each voter that signed one ballot counts one. */
export function countOf(set: Votes): { readonly yes: number; readonly no: number } {
  let [yes, no] = [0, 0]
  for (let voter = 0; voter < MAX_VOTERS; voter++) {
    const said = (set >>> (2 * voter)) & 3
    if (said === 1) yes += 1
    else if (said === 2) no += 1
  }
  return { yes, no }
}

export function votesFrom(root: string): Votes {
  return Number.parseInt(root, 16) | 0
}

export function votesBytes(set: Votes): Uint8Array {
  return bytesOf(VOTES.root(set))
}

function voters(set: Votes): number {
  const { yes, no } = countOf(set)
  const both = ballotsIn(set).length - yes - no
  return yes + no + both / 2
}
