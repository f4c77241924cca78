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

type WithoutSlot<Message> = Message extends unknown ? Omit<Message, 'height' | 'epoch' | 'attester'> : never
/** What an attester has to say in a round. */
export type Words = WithoutSlot<Draft>

export interface SigningDeskOptions {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  readonly height: number
  readonly epoch: number
  /** Index of the attester that signs; undefined where nobody does: all that is asked for is forgotten. */
  readonly signer: number | undefined
  /** What the disk had. */
  readonly stored: SignLock | undefined
  /** Sequences and tokens count on from here. */
  readonly sequence: number
}

/** Signs what one attester says at one height. Nothing is signed before the lock that remembers it is on disk. */
export class SigningDesk {
  readonly #options: SigningDeskOptions
  readonly #waiting = new Map<number, Draft>()
  readonly #signing = new Map<number, Draft>()
  /** Whether the disk had a lock of this height. */
  readonly isResumed: boolean
  #lock: SignLock
  #sequence: number

  constructor(options: SigningDeskOptions) {
    const { height, epoch, stored, sequence } = options
    this.#options = options
    this.isResumed = stored?.height === height && stored.epoch === epoch
    this.#lock = stored !== undefined && this.isResumed ? stored : blankLock(height, epoch)
    this.#sequence = sequence
  }

  get isSilent(): boolean {
    return this.#options.signer === undefined
  }

  get lock(): SignLock {
    return this.#lock
  }

  /** The last number given out: the next height counts on from it, so that late answers meet nothing. */
  get sequence(): number {
    return this.#sequence
  }

  /** @throws Error for a second, other word in one place */
  say(words: Words, held: Pick<SignLock, 'locked' | 'valid'>): readonly SigningEffect[] {
    const { height, epoch, signer } = this.#options
    if (signer === undefined) return []
    const draft: Draft = { ...words, height, epoch, attester: signer }
    this.#lock = { ...lockedBy(this.#lock, draft), ...held }
    this.#sequence += 1
    this.#waiting.set(this.#sequence, draft)
    return [{ type: 'persist', lock: this.#lock, sequence: this.#sequence }]
  }

  /**
   * Whoever goes on has voted in the round before, if only for nothing: those still there, who may be too few without us, can
   * then end it. An attester of whom they hear only from later rounds would be lost to them, and they to it.
   */
  leave(round: number, held: Pick<SignLock, 'locked' | 'valid'>): readonly SigningEffect[] {
    const cast = this.#lock.round === round ? this.#lock : undefined
    const missing = (['prevote', 'precommit'] as const).filter((kind) => cast?.[kind] === undefined)
    return missing.flatMap((kind) => this.say({ round, kind, value: undefined }, held))
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
  repeat(): readonly SigningEffect[] {
    const { height, epoch, signer } = this.#options
    if (signer === undefined) return []
    return saidBy(this.#lock).map((words) => {
      this.#sequence += 1
      return this.#sign(this.#sequence, { ...words, height, epoch, attester: signer })
    })
  }

  #sign(token: number, draft: Draft): SigningEffect {
    this.#signing.set(token, draft)
    return { type: 'sign', statement: encodeStatement(this.#options.networkId, draft), context: contextOf(draft.kind), token }
  }
}

/** The votes of the round before, and what was said in this one. */
function saidBy({ round, entry, prevote, precommit, before }: SignLock): readonly Words[] {
  const said: Words[] = []
  if (before !== undefined) {
    said.push({ round: round - 1, kind: 'prevote', value: before.prevote.value })
    said.push({ round: round - 1, kind: 'precommit', value: before.precommit.value })
  }
  if (entry !== undefined) said.push({ round, kind: 'entry', wall: entry })
  if (prevote !== undefined) said.push({ round, kind: 'prevote', value: prevote.value })
  if (precommit !== undefined) said.push({ round, kind: 'precommit', value: precommit.value })
  return said
}
