import type { CryptoBackend } from '../../crypto/backend.ts'
import { equalBytes } from '../../crypto/constant-time.ts'
import { type AuditEntry, decodeEntry, NO_HASH, openSealed } from './entry.ts'
import type { AuditHead } from './head.ts'

/**
 * - `missing`: an entry is not there, while a later one is. - `malformed`: what is there is no entry.
 * - `changed`: it is not what its hash was made of. - `misplaced`: it stands in the place of another.
 * - `unchained`: it does not follow the one before it: one of the two was replaced.
 * - `truncated`: the trail ends before the entry that the node has signed for. - `rewritten`: it leads to another hash there.
 * - `head-missing`: entries, but nothing signed says how many. - `head-forged`: what says so is not signed by its key.
 * - `head-foreign`: another node has signed it.
 */
export type AuditFault =
  | 'missing'
  | 'malformed'
  | 'changed'
  | 'misplaced'
  | 'unchained'
  | 'truncated'
  | 'rewritten'
  | 'head-missing'
  | 'head-forged'
  | 'head-foreign'

/** The first thing that is wrong with a trail. */
export interface AuditProblem {
  readonly fault: AuditFault
  /** The entry that it is about. */
  readonly n: number
  /** A sentence without a full stop. */
  readonly message: string
}

/** Follows a chain entry by entry; what it finds first stays what it says. */
export class ChainCheck {
  readonly #backend: Pick<CryptoBackend, 'sha256'>
  readonly #head: AuditHead | undefined
  #next: number | undefined
  #hash: Uint8Array | undefined
  #first: number | undefined
  #problem: AuditProblem | undefined

  /** @param head what there must be, verified already; undefined where nothing says so */
  constructor(backend: Pick<CryptoBackend, 'sha256'>, head: AuditHead | undefined) {
    this.#backend = backend
    this.#head = head
  }

  get problem(): AuditProblem | undefined {
    return this.#problem
  }

  /** The number of the oldest entry that belongs to the trail; undefined where there is none. */
  get first(): number | undefined {
    return this.#first
  }

  /** The number and hash of the newest good entry so far; those of the head's beginning where there was none. */
  get last(): { readonly n: number; readonly hash: Uint8Array } {
    const start = this.#head
    return { n: (this.#next ?? start?.first ?? 1) - 1, hash: this.#hash ?? start?.anchor ?? NO_HASH }
  }

  /**
   * The next of what is kept. Entries below the head's first are what a pruning that was cut off has left: they must lead
   * to its anchor.
   * @param n the place at which it was found
   * @param sealed undefined where what was found there can be no entry
   * @returns the entry, or undefined where something is wrong, now or before
   */
  push(n: number, sealed: Uint8Array | undefined): AuditEntry | undefined {
    if (this.#problem !== undefined) return undefined
    const expected = this.#next ?? Math.min(n, this.#head?.first ?? n)
    if (n !== expected) return this.#fail('missing', expected, `entry ${expected} is not there, entry ${n} is`)
    if (sealed === undefined) return this.#fail('malformed', n, `what stands for entry ${n} is no entry`)
    const { bytes, hash } = openSealed(sealed)
    const entry = decodeEntry(bytes)
    if (!equalBytes(this.#backend.sha256(bytes), hash))
      return this.#fail('changed', n, `entry ${n} is not what its hash was made of`)
    if (entry === undefined) return this.#fail('malformed', n, `what stands for entry ${n} is no entry`)
    if (entry.n !== n) return this.#fail('misplaced', n, `in the place of entry ${n} stands entry ${entry.n}`)
    const before = this.#before(n)
    if (before !== undefined && !equalBytes(before, entry.previous)) {
      return this.#fail('unchained', n, `entry ${n} does not follow the one before it: one of the two was replaced`)
    }
    if (n === this.#head?.count && !equalBytes(hash, this.#head.hash)) {
      return this.#fail('rewritten', n, `entry ${n} is not the one that the node has signed for`)
    }
    if (n + 1 === this.#head?.first && !equalBytes(hash, this.#head.anchor)) {
      return this.#fail('rewritten', n, `entry ${n}, left by a pruning, is not the one that the trail goes on from`)
    }
    this.#next = n + 1
    this.#hash = Uint8Array.from(hash)
    if (n >= (this.#head?.first ?? n)) this.#first ??= n
    return entry
  }

  /** No more entries come. */
  end(): AuditProblem | undefined {
    const { n } = this.last
    if (this.#problem === undefined && this.#head !== undefined && n < this.#head.count) {
      this.#fail('truncated', n + 1, `the trail ends before entry ${n + 1}; the node has signed for ${this.#head.count}`)
    }
    return this.#problem
  }

  /** The hash that entry `n` must build on; undefined where nobody knows. */
  #before(n: number): Uint8Array | undefined {
    if (n === this.#head?.first) return this.#head.anchor
    if (n === 1) return NO_HASH
    return this.#hash
  }

  #fail(fault: AuditFault, n: number, message: string): undefined {
    this.#problem = { fault, n, message }
    return undefined
  }
}
