import type { ConsensusMessage } from './message.ts'
import { blankLock, lockedBy, type SignLock } from './sign-lock.ts'
import { contextOf, encodeStatement } from './statement.ts'

type WithoutSignature<Message> = Message extends unknown ? Omit<Message, 'signature'> : never
/** A message that waits for its signature. */
export type Draft = WithoutSignature<ConsensusMessage>

export type SigningEffect =
  /** Write the lock (fsync), in the order in which these come, then answer with `persisted`. A failure ends all signing. */
  | { readonly type: 'persist'; readonly lock: SignLock; readonly sequence: number }
  /** Sign, then answer with `signed`. */
  | { readonly type: 'sign'; readonly statement: Uint8Array; readonly context: Uint8Array; readonly token: number }

/** Nothing is signed before the lock that remembers it is on disk. */
export class SigningDesk {
  readonly #networkId: Uint8Array
  readonly #waiting = new Map<number, Draft>()
  readonly #signing = new Map<number, Draft>()
  #lock: SignLock
  #sequence: number

  /** `lock` is what the disk had, of this height; sequences and tokens count on from `sequence`. */
  constructor(networkId: Uint8Array, lock: SignLock, sequence: number) {
    this.#networkId = networkId
    this.#lock = lock
    this.#sequence = sequence
  }

  get lock(): SignLock {
    return this.#lock
  }

  /** The last number given out: the next height counts on from it, so that late answers meet nothing. */
  get sequence(): number {
    return this.#sequence
  }

  /** @throws Error for a second, other word in one place */
  ask(draft: Draft, held: Pick<SignLock, 'locked' | 'valid'>): SigningEffect {
    this.#lock = { ...lockedBy(this.#lock, draft), ...held }
    this.#sequence += 1
    this.#waiting.set(this.#sequence, draft)
    return { type: 'persist', lock: this.#lock, sequence: this.#sequence }
  }

  /** The lock of this sequence is on disk, and so are those before it. */
  persisted(sequence: number): readonly SigningEffect[] {
    const ripe = [...this.#waiting].filter(([number]) => number <= sequence)
    return ripe.map(([token, draft]) => {
      this.#waiting.delete(token)
      return this.#sign(token, draft)
    })
  }

  /** Undefined for a token that nobody waits for. */
  signed(token: number, signature: Uint8Array): ConsensusMessage | undefined {
    const draft = this.#signing.get(token)
    this.#signing.delete(token)
    return draft === undefined ? undefined : { ...draft, signature }
  }

  /**
   * Signs again what the lock says was signed, because a crash may have come before it was sent. The same words are no
   * second ones. A proposal is not made again: what it carried is gone.
   */
  repeat(attester: number): readonly SigningEffect[] {
    const { height, epoch, round, entry, prevote, precommit, before } = this.#lock
    const slot = { height, epoch, round, attester }
    const drafts: Draft[] = []
    if (before !== undefined) {
      drafts.push({ ...slot, round: round - 1, kind: 'prevote', value: before.prevote.value })
      drafts.push({ ...slot, round: round - 1, kind: 'precommit', value: before.precommit.value })
    }
    if (entry !== undefined) drafts.push({ ...slot, kind: 'entry', wall: entry })
    if (prevote !== undefined) drafts.push({ ...slot, kind: 'prevote', value: prevote.value })
    if (precommit !== undefined) drafts.push({ ...slot, kind: 'precommit', value: precommit.value })
    return drafts.map((draft) => {
      this.#sequence += 1
      return this.#sign(this.#sequence, draft)
    })
  }

  #sign(token: number, draft: Draft): SigningEffect {
    this.#signing.set(token, draft)
    return { type: 'sign', statement: encodeStatement(this.#networkId, draft), context: contextOf(draft.kind), token }
  }
}

/** The lock to start a height with: what the disk has of it, or none. */
export function lockFor(height: number, epoch: number, stored: SignLock | undefined): SignLock {
  return stored !== undefined && stored.height === height && stored.epoch === epoch ? stored : blankLock(height, epoch)
}
