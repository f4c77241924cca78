import { addressesHad } from '../host/listen-addresses.ts'
import type { NodeParts } from './node-parts.ts'
import type { Place } from './place.ts'
import { type LeftSeat, type Seat, takeSeat } from './seat.ts'

/** The node cannot take its seat anew: it has none any more, `/livez` says so, and only a new process can help. */
export class SeatLost extends Error {
  override readonly name = 'SeatLost'
}

/** Which seat the node has, and how it takes another. One move at a time. */
export class Seats {
  readonly #parts: NodeParts
  readonly #onMoved: () => Promise<void>
  #current: Seat
  #moves: Promise<unknown> = Promise.resolve()
  #stopping = false
  #isLost = false

  /** @param onMoved tells the world the node's new addresses */
  constructor(parts: NodeParts, first: Seat, onMoved: () => Promise<void>) {
    this.#parts = parts
    this.#current = first
    this.#onMoved = onMoved
  }

  /** While the node moves: the one that it leaves, without connections. */
  get current(): Seat {
    return this.#current
  }

  /** Only a new process can help. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Runs `work` when all moves before it are over. What it changes of the home and `move` belong together. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#moves.then(async () => {
      if (this.#stopping) throw new Error('the node is stopping')
      return await work()
    })
    this.#moves = turn.catch(() => undefined)
    return await turn
  }

  /**
   * Leaves the seat and takes one in `place`, at the same addresses. Where that fails the old seat is taken again; only
   * inside of `inTurn`.
   * @throws as takeSeat, the node being where it was; SeatLost where it could not even get back
   */
  async move(place: Place): Promise<void> {
    const { loaded, telemetry } = this.#parts
    const left = this.#current
    const had: LeftSeat = {
      listen: addressesHad(loaded.config.listen, left.overlay.host.getMultiaddrs().map(String)),
      wants: left.overlay.supervisor.peers().flatMap(({ wants }) => wants),
    }
    await left.stop()
    try {
      this.#current = await takeSeat(this.#parts, place, had)
    } catch (cause) {
      await this.#goBack(left.place, had, cause)
      throw cause
    }
    telemetry.report({ type: 'network.moved', level: 'info', data: { from: left.place.network.name, to: place.network.name } })
    try {
      await this.#onMoved()
    } catch (err) {
      telemetry.log.error({ err }, 'the node has moved, and cannot tell commands its new addresses')
    }
  }

  async #goBack(place: Place, had: LeftSeat, reason: unknown): Promise<void> {
    const { telemetry } = this.#parts
    const message = reason instanceof Error ? reason.message : String(reason)
    telemetry.report({ type: 'network.move-failed', level: 'alarm', data: { message } })
    try {
      this.#current = await takeSeat(this.#parts, place, had)
    } catch (cause) {
      this.#isLost = true
      throw new SeatLost(`the node could not move (${message}), and not get back either: start it anew`, { cause })
    }
  }

  /** After a move that is under way. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#moves
    await this.#current.stop()
  }
}
