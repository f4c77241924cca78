interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Virtual time: what is due runs in the order of its time, and of its entry where the times are the same. A binary heap. */
export class Schedule {
  readonly #heap: Due[] = []
  #now = 0
  #entered = 0

  /** Ms since the start of the run. */
  get now(): number {
    return this.#now
  }

  at(time: number, run: () => void): void {
    this.#entered += 1
    this.#heap.push({ at: Math.max(time, this.#now), order: this.#entered, run })
    this.#rise(this.#heap.length - 1)
  }

  after(delay: number, run: () => void): void {
    this.at(this.#now + delay, run)
  }

  /** Runs what is due until `isDone` or until nothing is due before `end`. */
  runUntil(end: number, isDone: () => boolean): void {
    while (!isDone()) {
      const first = this.#heap[0]
      if (first === undefined || first.at > end) {
        this.#now = end
        return
      }
      this.#takeFirst()
      this.#now = first.at
      first.run()
    }
  }

  #takeFirst(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const smaller = this.#isBefore(left + 1, left) ? left + 1 : left
      if (!this.#isBefore(smaller, at)) return
      this.#swap(at, smaller)
      at = smaller
    }
  }

  #rise(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [first, second] = [this.#heap[one], this.#heap[other]]
    if (first === undefined || second === undefined) return false
    return first.at < second.at || (first.at === second.at && first.order < second.order)
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#heap[one], this.#heap[other]]
    if (first === undefined || second === undefined) return
    this.#heap[one] = second
    this.#heap[other] = first
  }
}
