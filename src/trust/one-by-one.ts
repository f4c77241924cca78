/** Runs tasks one after another, in the order they came: what one decides the next one sees. */
export class OneByOne {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Tasks that are not done yet. */
  get waiting(): number {
    return this.#waiting
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting += 1
    const result = this.#last.then(task).finally(() => {
      this.#waiting -= 1
    })
    // a task that fails tells its own caller; the next one runs all the same
    this.#last = result.catch(() => undefined)
    return result
  }
}
