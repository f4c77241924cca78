import type { Clock } from '../platform/clock.ts'
import type { NodeEvent } from './event.ts'
import { EVENT_LOG_CAPACITY, EVENT_MAX_FIELD_LENGTH, EVENT_MAX_FIELDS, MAX_SUBSCRIBERS, SUBSCRIBER_QUEUE } from './limits.ts'

/** An event with its place in the log: ids are 1, 2, 3 ... within one process. */
export interface LoggedEvent extends NodeEvent {
  readonly id: number
}

/** What a reader gets: the events in order, and how many before the first of them are gone for good. */
export interface EventBatch {
  readonly missed: number
  readonly events: readonly LoggedEvent[]
}

export class EventLogError extends Error {
  override readonly name = 'EventLogError'
  readonly code = 'too-many-subscribers'
}

export interface EventLogOptions {
  /** Events kept; default EVENT_LOG_CAPACITY. */
  readonly capacity?: number
  readonly maxSubscribers?: number
}

/** One reader's place in the log. It copies nothing: its queue is the part of the ring behind its cursor. */
export interface Subscription {
  /**
   * Resolves with the next events (never an empty batch), or with undefined once the subscription or the log is closed.
   * One call at a time.
   */
  next(): Promise<EventBatch | undefined>
  /** Ends a pending `next` with undefined. Harmless when repeated. */
  close(): void
}

/** The last events of the node, in a ring. `report` neither throws nor blocks nor waits for any reader. */
export class EventLog {
  /** When this log began, ms since the Unix epoch: ids of another epoch mean nothing here. */
  readonly epoch: number
  readonly #clock: Pick<Clock, 'now'>
  readonly #capacity: number
  readonly #maxSubscribers: number
  readonly #ring: LoggedEvent[] = []
  readonly #subscribers = new Set<Cursor>()
  #lastId = 0
  #closed = false

  constructor(clock: Pick<Clock, 'now'>, options: EventLogOptions = {}) {
    this.#clock = clock
    this.#capacity = options.capacity ?? EVENT_LOG_CAPACITY
    this.#maxSubscribers = options.maxSubscribers ?? MAX_SUBSCRIBERS
    this.epoch = clock.now()
  }

  /** The id of the newest event; 0 while there is none. */
  get lastId(): number {
    return this.#lastId
  }

  get subscribers(): number {
    return this.#subscribers.size
  }

  /** Appends an event, stamped with the wall clock. Over-long fields are cut, fields past the limit dropped. An arrow: it is passed around. */
  readonly report = (event: Omit<NodeEvent, 'at'>): LoggedEvent => {
    this.#lastId += 1
    const logged = Object.freeze({ ...event, data: bounded(event.data), at: this.#clock.now(), id: this.#lastId })
    this.#ring[this.#lastId % this.#capacity] = logged
    for (const subscriber of this.#subscribers) subscriber.wake()
    return logged
  }

  /**
   * The events after `id`, oldest first, at most `limit`. An id that this log has not reached is of another process:
   * everything that is kept is returned.
   */
  since(id: number, limit = this.#capacity): EventBatch {
    const after = this.#known(id)
    const first = Math.max(after + 1, this.#lastId - this.#capacity + 1)
    const last = Math.min(this.#lastId, first + limit - 1)
    const events: LoggedEvent[] = []
    for (let at = first; at <= last; at += 1) {
      const event = this.#ring[at % this.#capacity]
      if (event !== undefined) events.push(event)
    }
    return { missed: first - after - 1, events }
  }

  /**
   * Follows the log from behind `after` (default: from now on). A reader more than `queue` events behind loses the oldest
   * of them and is told how many.
   * @throws EventLogError at the limit of subscribers
   */
  subscribe(options: { readonly after?: number; readonly queue?: number } = {}): Subscription {
    if (this.#subscribers.size >= this.#maxSubscribers) {
      throw new EventLogError(`the event log has ${this.#maxSubscribers} readers already`)
    }
    const after = this.#known(options.after ?? this.#lastId)
    const cursor = new Cursor(this, after, options.queue ?? SUBSCRIBER_QUEUE, () => this.#subscribers.delete(cursor))
    if (this.#closed) cursor.close()
    else this.#subscribers.add(cursor)
    return cursor
  }

  #known(id: number): number {
    return Number.isSafeInteger(id) && id >= 0 && id <= this.#lastId ? id : 0
  }

  /** Ends every subscription; `report` and `since` go on working. */
  close(): void {
    this.#closed = true
    for (const subscriber of this.#subscribers) subscriber.close()
  }
}

class Cursor implements Subscription {
  readonly #log: EventLog
  readonly #queue: number
  readonly #onClose: () => void
  #after: number
  #replaying = true
  #closed = false
  #waiting: ((batch: EventBatch | undefined) => void) | undefined

  constructor(log: EventLog, after: number, queue: number, onClose: () => void) {
    this.#log = log
    this.#after = after
    this.#queue = queue
    this.#onClose = onClose
  }

  next(): Promise<EventBatch | undefined> {
    if (this.#closed) return Promise.resolve(undefined)
    const batch = this.#take()
    if (batch !== undefined) return Promise.resolve(batch)
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }

  wake(): void {
    const resolve = this.#waiting
    if (resolve === undefined) return
    this.#waiting = undefined
    resolve(this.#take())
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#onClose()
    this.#waiting?.(undefined)
    this.#waiting = undefined
  }

  /** A resume may read the whole ring; only a reader that has caught up once is held to its queue. */
  #take(): EventBatch | undefined {
    const { missed, events } = this.#log.since(this.#after)
    const last = events.at(-1)
    if (last === undefined) return undefined
    this.#after = last.id
    const keep = this.#replaying ? events : events.slice(-this.#queue)
    this.#replaying = false
    return { missed: missed + events.length - keep.length, events: keep }
  }
}

function bounded(data: NodeEvent['data']): NodeEvent['data'] {
  const kept: Record<string, string | number | boolean> = {}
  for (const [key, value] of Object.entries(data).slice(0, EVENT_MAX_FIELDS)) {
    kept[key.slice(0, EVENT_MAX_FIELD_LENGTH)] =
      typeof value === 'string' && value.length > EVENT_MAX_FIELD_LENGTH
        ? `${value.slice(0, EVENT_MAX_FIELD_LENGTH - 1)}…`
        : value
  }
  return Object.freeze(kept)
}
