/**
 * Sets of rules as bits, 32 to a word, all in one array: bit r of a set is the rule of rank r. What fits a request is the
 * intersection of three such sets, so its cost does not depend on how many rules fit one part and not another.
 */
export class RuleSets {
  /** Words of one set. */
  readonly words: number
  readonly #sets: number[][] = []
  #bits = new Int32Array(0)

  /** @param rules how many there are */
  constructor(rules: number) {
    this.words = Math.ceil(rules / 32)
  }

  /** A new empty set. @returns its handle */
  make(): number {
    this.#sets.push([])
    return this.#sets.length - 1
  }

  /** Before `seal` only. */
  add(set: number, rank: number): void {
    this.#sets[set]?.push(rank)
  }

  /** Lays the sets out; from then on they do not change. */
  seal(): void {
    this.#bits = new Int32Array(this.#sets.length * this.words)
    this.#sets.forEach((ranks, set) => {
      for (const rank of ranks) {
        const word = set * this.words + (rank >> 5)
        this.#bits[word] = (this.#bits[word] ?? 0) | (1 << (rank & 31))
      }
    })
    this.#sets.length = 0
  }

  /** Adds `set` to `into`, which has `words` words. */
  unite(set: number, into: Int32Array): void {
    const start = set * this.words
    for (let word = 0; word < this.words; word += 1) into[word] = (into[word] ?? 0) | (this.#bits[start + word] ?? 0)
  }

  /** Word `word` of `set`. */
  word(set: number, word: number): number {
    return this.#bits[set * this.words + word] ?? 0
  }
}
