import type { Schedule } from './schedule.ts'
import type { SeededRandom } from './seeded-random.ts'

/** What the network does to messages, for a while. */
export interface Weather {
  /** Ms from the start of the run. */
  readonly from: number
  readonly until: number
  /** Shares of the messages. */
  readonly loss: number
  readonly duplication: number
  /** Ms; the rest of the time it is that of `calm`. */
  readonly maxDelay: number
  /** Nodes by number that hear each other; undefined: all. Nodes in no group hear nobody. */
  readonly groups: readonly (readonly number[])[] | undefined
}

/** Delivers, late, twice, out of order or not at all, as its weather says. A scenario may cut single messages too. */
export class Network<Message> {
  readonly #schedule: Schedule
  readonly #random: SeededRandom
  readonly #weather: readonly Weather[]
  readonly #calmDelay: number
  readonly #deliver: (from: number, to: number, message: Message) => void
  readonly #isCut: (from: number, to: number, message: Message, now: number) => boolean

  constructor(options: {
    schedule: Schedule
    random: SeededRandom
    weather: readonly Weather[]
    /** Ms: the longest way of a message while the network is well. */
    calmDelay: number
    deliver: (from: number, to: number, message: Message) => void
    isCut?: ((from: number, to: number, message: Message, now: number) => boolean) | undefined
  }) {
    this.#schedule = options.schedule
    this.#random = options.random
    this.#weather = options.weather
    this.#calmDelay = options.calmDelay
    this.#deliver = options.deliver
    this.#isCut = options.isCut ?? (() => false)
  }

  send(from: number, to: number, message: Message): void {
    const now = this.#schedule.now
    if (this.#isCut(from, to, message, now)) return
    const weather = this.#weather.find((one) => one.from <= now && now < one.until)
    if (weather?.groups?.some((group) => group.includes(from) && group.includes(to)) === false) return
    if (weather !== undefined && this.#random.chance(weather.loss)) return
    const maxDelay = weather?.maxDelay ?? this.#calmDelay
    const copies = weather !== undefined && this.#random.chance(weather.duplication) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      this.#schedule.after(1 + this.#random.fraction() * (maxDelay - 1), () => this.#deliver(from, to, message))
    }
  }
}
