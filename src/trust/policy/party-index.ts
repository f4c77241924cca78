import type { Party } from './party.ts'
import type { RuleSets } from './rule-sets.ts'
import type { Selector, SpiffePattern } from './selector.ts'

/** Patterns by the letters of what every match begins with: one walk along an id finds all that may match. */
interface TrieNode {
  readonly next: Map<number, TrieNode>
  readonly patterns: { readonly pattern: SpiffePattern; readonly set: number }[]
}

/** Which rules are about a party, by any of its names. One for sources, one for destinations. */
export class PartyIndex {
  readonly #sets: RuleSets
  readonly #any: number
  readonly #groups = new Map<string, number>()
  readonly #x0Ids = new Map<string, number>()
  readonly #spiffeIds = new Map<string, number>()
  readonly #patterns = new Map<string, number>()
  readonly #trie: TrieNode = { next: new Map(), patterns: [] }

  constructor(sets: RuleSets) {
    this.#sets = sets
    this.#any = sets.make()
  }

  /** The rule of rank `rank` is about whom `selector` means. */
  add(selector: Selector, rank: number): void {
    this.#sets.add(this.#setOf(selector), rank)
  }

  /** Adds every rule that is about `party` to `into`. */
  collect(party: Party, into: Int32Array): void {
    this.#sets.unite(this.#any, into)
    for (const group of party.groups) this.#unite(this.#groups.get(group), into)
    if (party.x0Id !== undefined) this.#unite(this.#x0Ids.get(party.x0Id), into)
    if (party.spiffeId === undefined) return
    this.#unite(this.#spiffeIds.get(party.spiffeId), into)
    if (this.#patterns.size > 0) this.#walk(party.spiffeId, into)
  }

  #walk(id: string, into: Int32Array): void {
    let node: TrieNode | undefined = this.#trie
    for (let at = 0; node !== undefined; at += 1) {
      for (const { pattern, set } of node.patterns) if (pattern.matches(id)) this.#sets.unite(set, into)
      if (at === id.length) return
      node = node.next.get(id.charCodeAt(at))
    }
  }

  #unite(set: number | undefined, into: Int32Array): void {
    if (set !== undefined) this.#sets.unite(set, into)
  }

  #setOf(selector: Selector): number {
    switch (selector.kind) {
      case 'any':
        return this.#any
      case 'group':
        return this.#known(this.#groups, selector.name)
      case 'x0':
        return this.#known(this.#x0Ids, selector.id)
      case 'spiffe':
        return this.#known(this.#spiffeIds, selector.id)
      case 'pattern':
        return this.#known(this.#patterns, selector.pattern.text, (set) => this.#plant(selector.pattern, set))
    }
  }

  #known(map: Map<string, number>, key: string, made?: (set: number) => void): number {
    const known = map.get(key)
    if (known !== undefined) return known
    const set = this.#sets.make()
    map.set(key, set)
    made?.(set)
    return set
  }

  #plant(pattern: SpiffePattern, set: number): void {
    let node = this.#trie
    for (let at = 0; at < pattern.literal.length; at += 1) {
      const letter = pattern.literal.charCodeAt(at)
      const next: TrieNode = node.next.get(letter) ?? { next: new Map(), patterns: [] }
      node.next.set(letter, next)
      node = next
    }
    node.patterns.push({ pattern, set })
  }
}
