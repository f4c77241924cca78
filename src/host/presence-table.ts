import { MAX_PRESENCE_AUTHORS, PRESENCE_MIN_GAP_MS, PRESENCE_MIN_PERIOD_MS, PRESENCE_WINDOW_MS } from './limits.ts'
import type { PresenceMessage } from './presence-message.ts'

/** Who was heard, and when. Times are wall clock ms. */
export interface PresenceEntry {
  readonly x0Id: Uint8Array
  readonly sequence: bigint
  readonly heardAt: number
  readonly expiresAt: number
  readonly uptimeBucket: number
  readonly version: string
}

/** REJECT counts against who brought the message, so only for what its bytes prove; the rest is IGNORE. */
export type PresenceJudgement = 'accept' | 'reject' | 'ignore'

/** The table of authors and the checks that need no signature. Bounded; pure but for its own map. */
export class PresenceTable {
  readonly #networkId: Uint8Array
  readonly #heard = new Map<string, PresenceEntry>()

  constructor(networkId: Uint8Array) {
    this.#networkId = networkId
  }

  /** Authors that are not overdue. */
  size(now: number): number {
    return this.entries(now).length
  }

  /** The same by name. */
  entries(now: number): readonly PresenceEntry[] {
    return [...this.#heard.values()].filter(({ expiresAt }) => expiresAt > now)
  }

  /** Everything but the signature, the cheapest first. */
  judge(message: PresenceMessage, now: number): PresenceJudgement {
    // The topic names the network, so a message of another one is wrong whoever looks at it.
    if (Buffer.compare(message.networkId, this.#networkId) !== 0) return 'reject'
    // All below depends on our clock and on what we happen to have heard: the bearer may be honest.
    if (Math.abs(Number(message.sequence) - now) > PRESENCE_WINDOW_MS) return 'ignore'
    const known = this.#heard.get(nameOf(message))
    if (known === undefined) return this.#heard.size < MAX_PRESENCE_AUTHORS || this.#hasExpired(now) ? 'accept' : 'ignore'
    if (message.sequence <= known.sequence) return 'ignore'
    return Number(message.sequence - known.sequence) < PRESENCE_MIN_GAP_MS ? 'ignore' : 'accept'
  }

  /** Notes a message whose signature holds. */
  note(message: PresenceMessage, now: number): void {
    const name = nameOf(message)
    const known = this.#heard.get(name)
    if (known !== undefined && known.sequence >= message.sequence) return
    if (known === undefined && this.#heard.size >= MAX_PRESENCE_AUTHORS && !this.#forgetExpired(now)) return
    const { sequence, uptimeBucket, version } = message
    // Two and a half periods: one lost message is no absence.
    const periodMs = Math.max(PRESENCE_MIN_PERIOD_MS, message.periodMinutes * 60_000)
    this.#heard.set(name, {
      x0Id: Uint8Array.from(message.x0Id),
      sequence,
      heardAt: now,
      expiresAt: now + 2.5 * periodMs,
      uptimeBucket,
      version,
    })
  }

  forget(x0Id: Uint8Array): void {
    this.#heard.delete(hex(x0Id))
  }

  #hasExpired(now: number): boolean {
    for (const entry of this.#heard.values()) if (entry.expiresAt <= now) return true
    return false
  }

  #forgetExpired(now: number): boolean {
    for (const [name, entry] of this.#heard) if (entry.expiresAt <= now) this.#heard.delete(name)
    return this.#heard.size < MAX_PRESENCE_AUTHORS
  }
}

function nameOf(message: PresenceMessage): string {
  return hex(message.x0Id)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
