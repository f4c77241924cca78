import { MAX_FIRST_USE_PINS, MAX_STATED_PINS } from './limits.ts'
import type { RefusalCode } from './refusal.ts'

/** Where a belief about a peer's x0 id comes from, strongest first. */
export const PIN_SOURCES = ['genesis', 'credential', 'invite', 'bootstrap', 'first-use'] as const
export type PinSource = (typeof PIN_SOURCES)[number]

export interface Pin {
  readonly x0Id: string
  readonly source: PinSource
  /** Two different successors were signed for this id: nobody is believed until an operator decides. */
  readonly frozen: boolean
  /** The id that this one succeeded, and the sequence of the statement that said so. */
  readonly succeeded?: { readonly x0Id: string; readonly sequence: number }
}

export interface SuccessorFact {
  readonly oldX0Id: string
  readonly newX0Id: string
  readonly sequence: number
}

const strength = (source: PinSource): number => PIN_SOURCES.length - PIN_SOURCES.indexOf(source)

/**
 * What this node believes of its peers' x0 ids (text form), by peer id. The peer id is only an Ed25519 key; the x0 id
 * stays true against a quantum computer, so the pin decides. Pure: no clock, no I/O; whoever keeps `entries` on a disk
 * keeps their order and deletes what `takeDropped` names.
 */
export class PinBook {
  /** Two tables, so that strangers met by chance never push out what an operator stated. Oldest first in both. */
  readonly #stated = new Map<string, Pin>()
  readonly #firstUse = new Map<string, Pin>()
  readonly #deliberate = new Set<string>()
  readonly #dropped = new Set<string>()

  constructor(entries: Iterable<readonly [string, Pin]> = []) {
    for (const [peerId, pin] of entries) this.#store(peerId, pin)
  }

  *entries(): IterableIterator<[string, Pin]> {
    yield* this.#stated
    yield* this.#firstUse
  }

  /** The peers whose pins made room for others since the last call. Of very many the oldest are left out. */
  takeDropped(): string[] {
    const dropped = [...this.#dropped]
    this.#dropped.clear()
    return dropped
  }

  get(peerId: string): Pin | undefined {
    return this.#stated.get(peerId) ?? this.#firstUse.get(peerId)
  }

  /** Records that we dial this peer on purpose, which lets a first use be learned. */
  intend(peerId: string): void {
    this.#deliberate.delete(peerId)
    this.#deliberate.add(peerId)
    trim(this.#deliberate, MAX_FIRST_USE_PINS)
  }

  /**
   * States what a peer's x0 id is. A stronger or equal source replaces what stood there; a weaker one does not.
   * `conflict` says that the two differ: an alarm, whichever of them is kept.
   */
  state(peerId: string, x0Id: string, source: PinSource): 'new' | 'same' | 'conflict' {
    const held = this.get(peerId)
    const same = held?.x0Id === x0Id
    if (held === undefined || strength(source) >= strength(held.source)) {
      this.#store(peerId, same ? { ...held, source } : { x0Id, source, frozen: false })
    }
    if (held === undefined) return 'new'
    return same ? 'same' : 'conflict'
  }

  /** The refusal that a proven identity meets, or undefined. A peer whose x0 id is known must prove it. */
  judge(peerId: string, x0Id: string | undefined): RefusalCode | undefined {
    const held = this.get(peerId)
    if (held === undefined) return undefined
    if (held.frozen) return 'pin-frozen'
    if (x0Id === undefined) return 'missing-authentication'
    if (held.x0Id === x0Id) return undefined
    return held.source === 'first-use' ? 'pin-mismatch' : 'x0-id-mismatch'
  }

  /** Trust on first use, for peers that we dialled on purpose. @returns whether a pin was made */
  learn(peerId: string, x0Id: string): boolean {
    if (!this.#deliberate.has(peerId) || this.get(peerId) !== undefined) return false
    this.#store(peerId, { x0Id, source: 'first-use', frozen: false })
    return true
  }

  /**
   * Follows a successor statement whose two signatures have been checked. A second, different successor of the same id
   * freezes the pin: one of the two was signed by a thief.
   */
  follow(peerId: string, fact: SuccessorFact): 'followed' | 'frozen' | 'ignored' {
    const held = this.get(peerId)
    if (held === undefined || held.frozen) return 'ignored'
    if (held.x0Id === fact.oldX0Id) {
      if (fact.sequence <= (held.succeeded?.sequence ?? 0)) return 'ignored'
      this.#store(peerId, { ...held, x0Id: fact.newX0Id, succeeded: { x0Id: fact.oldX0Id, sequence: fact.sequence } })
      return 'followed'
    }
    if (held.succeeded?.x0Id !== fact.oldX0Id || held.x0Id === fact.newX0Id) return 'ignored'
    this.#store(peerId, { ...held, frozen: true })
    return 'frozen'
  }

  #store(peerId: string, pin: Pin): void {
    this.#stated.delete(peerId)
    this.#firstUse.delete(peerId)
    const firstUse = pin.source === 'first-use'
    const table = firstUse ? this.#firstUse : this.#stated
    table.set(peerId, pin)
    this.#dropped.delete(peerId)
    const dropped = trim(table, firstUse ? MAX_FIRST_USE_PINS : MAX_STATED_PINS)
    if (dropped === undefined) return
    this.#dropped.add(dropped)
    trim(this.#dropped, MAX_STATED_PINS)
  }
}

/** Drops the oldest entry of a table that has grown past its limit, and says which. */
function trim(table: Map<string, Pin> | Set<string>, most: number): string | undefined {
  if (table.size <= most) return undefined
  const [oldest] = table.keys()
  if (oldest !== undefined) table.delete(oldest)
  return oldest
}
