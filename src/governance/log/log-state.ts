import { ByteWriter } from '../../platform/byte-codec.ts'
import { hexOf, label } from '../form.ts'
import { type Attester, type AttesterSet, isGradual, makeAttesterSet } from './attester-set.ts'
import { bytesOf, sha256Hex } from './hex.ts'
import { MAX_EXECUTED, MAX_PENDING } from './limits.ts'
import { writeBlob } from './message.ts'
import type { Closing, RecordBody } from './record.ts'

/** Effects that wait for their timelock. */
export interface Pending {
  /** Id of the proposal, hex. */
  readonly proposal: string
  /** Its place: author and number of the author's slot. */
  readonly author: number
  readonly slot: number
  /** Wall clock ms, by the records' time. */
  readonly executeAt: number
  /** Canonical bytes of the application, never empty. */
  readonly effects: Uint8Array
}

export type Executed<State> =
  | { readonly state: State; readonly attesters: readonly Attester[] | undefined }
  /** The number of an effect that this version does not know. */
  | { readonly unknown: number }

/** What the log decides about, which it knows nothing of. All three are functions of their arguments alone. */
export interface StateMachine<State> {
  /** The state without this open proposal; undefined where none such can be closed at this time. */
  closed(state: State, closing: Closing, time: number): State | undefined
  /** The state with these effects in force. `attesters` where others are to decide from now on: each has signed that it accepts. */
  executed(state: State, decided: Pending, time: number): Executed<State>
  /** SHA-256 over the state, hex. */
  root(state: State): string
}

/** All that was decided up to a height. */
export interface LogState<State> {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** Of the last record; 0 before the first. */
  readonly height: number
  /** Of the last record, hex; the network's id before the first. */
  readonly hash: string
  /** Of the last record, wall clock ms; that of the genesis before the first. */
  readonly time: number
  /** Who decides the next record. */
  readonly set: AttesterSet
  /** By time, then by proposal. */
  readonly pending: readonly Pending[]
  readonly state: State
}

export type Refusal = 'not-open' | 'too-many-pending' | 'nothing-happens'

export type Transition<State> =
  | {
      readonly next: Omit<LogState<State>, 'height' | 'hash'>
      /** Executed by this record, in order. */
      readonly executes: readonly string[]
      readonly stateRoot: string
      /** Elections that came to nothing, because they would have replaced too much at once or named a set that cannot be. */
      readonly voided: readonly string[]
    }
  | { readonly refused: Refusal }
  | { readonly unknown: number }

const LABEL = label('x0-log-state/1\0')

/** Before the first record. @throws GovernanceError `bad-attesters` */
export function genesisState<State>(
  genesis: { readonly networkId: Uint8Array; readonly createdAt: number; readonly attesters: readonly Attester[] },
  state: State,
): LogState<State> {
  const { networkId, createdAt, attesters } = genesis
  const set = makeAttesterSet(0, attesters)
  return { networkId, height: 0, hash: hexOf(networkId), time: createdAt, set, pending: [], state }
}

/** What a record at `time` that closes this does to the state: the same on every node, so that the record only has to name it. */
export function transition<State>(
  machine: StateMachine<State>,
  before: LogState<State>,
  time: number,
  closes: Closing | undefined,
): Transition<State> {
  let state = before.state
  let pending = before.pending
  if (closes !== undefined) {
    const closed = machine.closed(state, closes, time)
    if (closed === undefined) return { refused: 'not-open' }
    state = closed
    pending = withPending(pending, closes, time)
    if (pending.length > MAX_PENDING) return { refused: 'too-many-pending' }
  }
  const due = pending.filter(({ executeAt }) => executeAt <= time).slice(0, MAX_EXECUTED)
  if (closes === undefined && due.length === 0) return { refused: 'nothing-happens' }
  let set = before.set
  const voided: string[] = []
  for (const decided of due) {
    const result = machine.executed(state, decided, time)
    if ('unknown' in result) return result
    const elected = result.attesters === undefined ? set : electedSet(before.set, result.attesters)
    if (elected === undefined) {
      voided.push(decided.proposal)
      continue
    }
    set = elected
    state = result.state
  }
  const next = { networkId: before.networkId, time, set, pending: pending.filter((one) => !due.includes(one)), state }
  return { next, executes: due.map(({ proposal }) => proposal), stateRoot: stateRoot(machine, next), voided }
}

/** SHA-256 over who decides next, what waits, and the application's state, hex. */
export function stateRoot<State>(
  machine: StateMachine<State>,
  log: Pick<LogState<State>, 'networkId' | 'set' | 'pending' | 'state'>,
): string {
  const writer = new ByteWriter().bytes(LABEL).bytes(log.networkId).bytes(bytesOf(log.set.root)).u16(log.pending.length)
  for (const { proposal, author, slot, executeAt, effects } of log.pending) {
    writer.bytes(bytesOf(proposal)).u16(author).u32(slot).u64(BigInt(executeAt))
    writeBlob(writer, effects)
  }
  return sha256Hex(writer.bytes(bytesOf(machine.root(log.state))).finish())
}

/** The record that this transition makes of the state before. */
export function recordOf<State>(
  before: LogState<State>,
  closes: Closing | undefined,
  made: Extract<Transition<State>, { readonly stateRoot: string }>,
): RecordBody {
  return {
    networkId: before.networkId,
    height: before.height + 1,
    parent: before.hash,
    epoch: before.set.epoch,
    time: made.next.time,
    closes,
    executes: made.executes,
    stateRoot: made.stateRoot,
  }
}

function withPending(pending: readonly Pending[], closes: Closing, time: number): readonly Pending[] {
  const { proposal, author, slot, effects, timelock } = closes
  if (effects.length === 0) return pending
  return [...pending, { proposal, author, slot, executeAt: time + timelock, effects }].sort(
    (one, other) => one.executeAt - other.executeAt || (one.proposal < other.proposal ? -1 : 1),
  )
}

/** The next epoch's attesters; however many elections one record executes, they are held to the set that decides it. */
function electedSet(current: AttesterSet, attesters: readonly Attester[]): AttesterSet | undefined {
  const set = trySet(current.epoch + 1, attesters)
  return set !== undefined && isGradual(current, set) ? set : undefined
}

function trySet(epoch: number, attesters: readonly Attester[]): AttesterSet | undefined {
  try {
    return makeAttesterSet(epoch, attesters)
  } catch {
    // an election of nobody, of too many, or of one twice
    return undefined
  }
}
