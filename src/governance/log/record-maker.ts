import { equalBytes } from '../../crypto/constant-time.ts'
import { GovernanceError } from '../governance-error.ts'
import type { JudgeContext, ProposeContext, Proposing, Verdict } from './consensus-form.ts'
import { type LogState, recordOf, type StateMachine, transition } from './log-state.ts'
import { makeValue, type Value } from './message.ts'
import { type Closing, decodeRecord, encodeRecord, type RecordBody } from './record.ts'
import type { Moment } from './timing.ts'

/** The votes that are under way, which the log knows nothing of. What it answers may depend on what has arrived here. */
export interface Agenda<State> {
  /** Wall clock ms at which the next vote ends that is known here and open in this state; infinite for none. */
  nextDeadline(state: State): number
  /** What to close in a record of this time, or the wall-clock ms before which there is nothing, or undefined for nothing. */
  propose(state: State, context: AgendaContext): ClosingWithSupport | { readonly notBefore: number } | undefined
  /**
   * Whether this may be closed so: the proposal is open and its deadline not after the record's time, the count is that of
   * the set, and, where the record is new in this round, the set is a fair cut.
   */
  judge(state: State, closing: Closing, support: Uint8Array, context: AgendaContext & { readonly isNew: boolean }): Verdict
}

export interface AgendaContext {
  /** Of the record, wall clock ms. */
  readonly time: number
  readonly round: number
  /** R0: rounds below it are held to both bounds of the fair cut. */
  readonly strictRounds: number
  readonly now: Moment
}

export interface ClosingWithSupport {
  readonly closing: Closing
  /** What others need to know which votes are in the set. */
  readonly support: Uint8Array
}

const NO_SUPPORT = new Uint8Array(0)

/** Makes and judges the records that may follow a state of the log. */
export class RecordMaker<State> implements Proposing {
  readonly #machine: StateMachine<State>
  readonly #agenda: Agenda<State>
  readonly #head: LogState<State>
  readonly #strictRounds: number

  constructor(machine: StateMachine<State>, agenda: Agenda<State>, head: LogState<State>, strictRounds: number) {
    this.#machine = machine
    this.#agenda = agenda
    this.#head = head
    this.#strictRounds = strictRounds
  }

  propose({ round, medianTime, now }: ProposeContext): Value | { readonly notBefore: number } | undefined {
    const time = Math.max(this.#head.time, medianTime)
    const answer = this.#agenda.propose(this.#head.state, { time, round, strictRounds: this.#strictRounds, now })
    if (answer !== undefined && 'closing' in answer) return this.#value(time, answer.closing, answer.support)
    // nothing to close yet: perhaps a timelock is over
    return this.#value(time, undefined, NO_SUPPORT) ?? answer
  }

  judge(value: Value, { round, medianTime, now }: JudgeContext): Verdict {
    const record = recordIn(value)
    if (record === undefined) return 'refuse'
    const { time, closes } = record
    const isTime = medianTime === undefined ? time >= this.#head.time : time === Math.max(this.#head.time, medianTime)
    if (!isTime) return 'refuse'
    if (closes === undefined && value.support.length > 0) return 'refuse'
    // cheap, and says of the most that there is nothing to wait for
    const isOpen = closes === undefined || this.#machine.closed(this.#head.state, closes, time) !== undefined
    if (!isOpen) return 'refuse'
    if (closes !== undefined) {
      const context = { time, round, strictRounds: this.#strictRounds, now, isNew: medianTime !== undefined }
      const verdict = this.#agenda.judge(this.#head.state, closes, value.support, context)
      if (verdict !== 'accept') return verdict
    }
    const own = this.#value(time, closes, value.support)
    return own !== undefined && equalBytes(own.body, value.body) ? 'accept' : 'refuse'
  }

  /** Undefined where the state does not allow it, or it does what this version does not know. */
  #value(time: number, closing: Closing | undefined, support: Uint8Array): Value | undefined {
    const made = transition(this.#machine, this.#head, time, closing)
    return 'stateRoot' in made ? makeValue(encodeRecord(recordOf(this.#head, closing, made)), support) : undefined
  }
}

function recordIn(value: Value): RecordBody | undefined {
  try {
    return decodeRecord(value.body)
  } catch (error) {
    if (error instanceof GovernanceError) return undefined
    throw error
  }
}
