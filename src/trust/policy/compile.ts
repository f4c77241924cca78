import { type Action, type ActionPattern, patternsFor } from './action.ts'
import type { Party } from './party.ts'
import { PartyIndex } from './party-index.ts'
import { byRank, type PolicyDocument, type Rule } from './rule.ts'
import { RuleSets } from './rule-sets.ts'
import { isOpen } from './time-window.ts'
import { type ZoneTime, zoneTime } from './zone-time.ts'

/** Who wants to do what at whom, and when. */
export interface PolicyRequest {
  readonly source: Party
  readonly action: Action
  /** At whose node, or to whom a relay shall carry. */
  readonly destination: Party
  /** Ms since the Unix epoch: time windows. */
  readonly at: number
}

/** The rules of a document, sorted by rank and indexed. It holds scratch space: one evaluation at a time, as JavaScript has it. */
export class CompiledPolicy {
  /** The rule that decides first comes first. */
  readonly rules: readonly Rule[]
  readonly #sets: RuleSets
  readonly #from: PartyIndex
  readonly #to: PartyIndex
  readonly #actions = new Map<ActionPattern, number>()
  readonly #sources: Int32Array
  readonly #destinations: Int32Array
  readonly #zones = new Map<string, ZoneTime>()

  constructor(document: Pick<PolicyDocument, 'rules'>) {
    this.rules = document.rules.toSorted(byRank)
    this.#sets = new RuleSets(this.rules.length)
    this.#from = new PartyIndex(this.#sets)
    this.#to = new PartyIndex(this.#sets)
    for (const [rank, rule] of this.rules.entries()) this.#index(rule, rank)
    this.#sets.seal()
    this.#sources = new Int32Array(this.#sets.words)
    this.#destinations = new Int32Array(this.#sets.words)
  }

  /**
   * Hands the rules that fit source, action and destination to `take`, the one that decides first at first, until it
   * answers true. Time windows are not looked at: `isOpen` says.
   */
  visit({ source, action, destination }: PolicyRequest, take: (rule: Rule) => boolean): void {
    const sets = patternsFor(action).flatMap((pattern) => this.#actions.get(pattern) ?? [])
    if (sets.length === 0) return
    this.#from.collect(source, this.#sources.fill(0))
    this.#to.collect(destination, this.#destinations.fill(0))
    for (let word = 0; word < this.#sets.words; word += 1) {
      let bits = (this.#sources[word] ?? 0) & (this.#destinations[word] ?? 0)
      if (bits === 0) continue
      let named = 0
      for (const set of sets) named |= this.#sets.word(set, word)
      bits &= named
      while (bits !== 0) {
        const lowest = bits & -bits
        const rule = this.rules[word * 32 + 31 - Math.clz32(lowest)]
        if (rule !== undefined && take(rule)) return
        bits ^= lowest
      }
    }
  }

  /** Whether the window of `rule` is open at `at`; a rule without one holds always. */
  isOpen({ when }: Rule, at: number): boolean {
    if (when === undefined) return true
    const zone = this.#zones.get(when.zone) ?? zoneTime(when.zone)
    this.#zones.set(when.zone, zone)
    return isOpen(when, zone, at)
  }

  #index(rule: Rule, rank: number): void {
    for (const selector of rule.from) this.#from.add(selector, rank)
    for (const selector of rule.to) this.#to.add(selector, rank)
    for (const pattern of rule.actions) {
      const set = this.#actions.get(pattern) ?? this.#sets.make()
      this.#actions.set(pattern, set)
      this.#sets.add(set, rank)
    }
  }
}
