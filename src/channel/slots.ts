/** Runs at most `places` tasks at once, the rest in order of arrival. Who calls bounds how many can wait. */
export class Slots {
  readonly #places: number
  readonly #waiting: (() => void)[] = []
  #taken = 0

  constructor(places: number) {
    this.#places = places
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#taken < this.#places) this.#taken += 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#taken -= 1
      else next()
    }
  }
}
