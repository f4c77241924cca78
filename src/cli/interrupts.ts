/**
 * One Ctrl-C may arrive several times: from the terminal and from every parent that passes it on (npm, the launcher).
 * Within this many milliseconds of the first it is the same one; nobody presses twice on purpose as fast.
 */
const ECHO_MS = 500

export type Wish = 'stop' | 'force' | 'none'

/** What the signals that ask a process to end mean: the first stops it in order, a later one forces it. */
export class Interrupts {
  #first: number | undefined

  /** A signal arrived at `now`, monotonic milliseconds. */
  arrived(now: number): Wish {
    if (this.#first === undefined) {
      this.#first = now
      return 'stop'
    }
    return now - this.#first < ECHO_MS ? 'none' : 'force'
  }
}
