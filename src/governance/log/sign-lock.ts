import { ByteWriter } from '../../platform/byte-codec.ts'
import { failing, hexOf, label, readMs, readTime, startReading } from '../form.ts'
import { bytesOf } from './hex.ts'
import { MAX_RECORD_BYTES, MAX_SIGN_LOCK_BYTES, MAX_SUPPORT_BYTES } from './limits.ts'
import { makeValue, readBlob, type Value, writeBlob } from './message.ts'
import { type QuorumProof, readSignatures, writeSignatures } from './quorum-proof.ts'
import type { Statement } from './statement.ts'

/** A vote as the lock remembers it: for this value, or undefined for nothing. */
export interface Choice {
  readonly value: string | undefined
}

/** A value that more than two thirds prevoted for, with those prevotes. */
export interface ValidValue {
  readonly content: Value
  readonly proof: QuorumProof
}

/**
 * All that an attester must not forget of what it signed last. It is on disk before the signature is made: an attester that
 * starts again neither says another thing in the same place nor forgets what it holds to.
 */
export interface SignLock {
  readonly height: number
  readonly epoch: number
  readonly round: number
  /** Signed in this round; undefined where not yet. The clock reading, wall clock ms. */
  readonly entry: number | undefined
  /** Hash of what its proposal carried, hex. */
  readonly proposal: string | undefined
  readonly prevote: Choice | undefined
  readonly precommit: Choice | undefined
  /** Both votes of the round before: who is still there may need them. Undefined in the first. */
  readonly before: { readonly prevote: Choice; readonly precommit: Choice } | undefined
  /** Where it last precommitted a value at this height. */
  readonly locked: { readonly round: number; readonly value: string } | undefined
  readonly valid: ValidValue | undefined
}

const LABEL = label('x0-sign-lock/1\0')
const fail = failing('bad-sign-lock')

/** Before anything was signed at this height. */
export function blankLock(height: number, epoch: number): SignLock {
  return {
    height,
    epoch,
    round: 0,
    entry: undefined,
    proposal: undefined,
    prevote: undefined,
    precommit: undefined,
    before: undefined,
    locked: undefined,
    valid: undefined,
  }
}

/**
 * The lock after signing `statement`.
 * @throws Error where something else was signed in that place or a later one: the core must never ask for it
 */
export function lockedBy(lock: SignLock, statement: Statement): SignLock {
  if (statement.height !== lock.height || statement.epoch !== lock.epoch || statement.round < lock.round) {
    throw new Error(
      `the sign-lock is at ${lock.height}/${lock.round}: nothing is signed at ${statement.height}/${statement.round}`,
    )
  }
  const open = statement.round === lock.round ? lock : opened(lock, statement.round)
  if (open[statement.kind] !== undefined) throw new Error(`a second ${statement.kind} in round ${statement.round}`)
  if (statement.kind === 'entry') return { ...open, entry: statement.wall }
  if (statement.kind === 'proposal') return { ...open, proposal: statement.carried }
  return { ...open, [statement.kind]: { value: statement.value } }
}

function opened(lock: SignLock, round: number): SignLock {
  const { height, epoch, prevote, precommit, locked, valid } = lock
  const isNext = round === lock.round + 1 && prevote !== undefined && precommit !== undefined
  const before = isNext ? { prevote, precommit } : undefined
  return { ...blankLock(height, epoch), round, before, locked, valid }
}

/** The form on disk. */
export function encodeSignLock(lock: SignLock): Uint8Array {
  const writer = new ByteWriter().bytes(LABEL).u64(BigInt(lock.height)).u32(lock.epoch).u32(lock.round)
  writeOptional(writer, lock.entry, (wall) => writer.u64(BigInt(wall)))
  writeOptional(writer, lock.proposal, (hash) => writer.bytes(bytesOf(hash)))
  const writeChoice = ({ value }: Choice) => writeOptional(writer, value, (id) => writer.bytes(bytesOf(id)))
  writeOptional(writer, lock.prevote, writeChoice)
  writeOptional(writer, lock.precommit, writeChoice)
  writeOptional(writer, lock.before, ({ prevote, precommit }) => {
    writeChoice(prevote)
    writeChoice(precommit)
  })
  writeOptional(writer, lock.locked, ({ round, value }) => writer.u32(round).bytes(bytesOf(value)))
  writeOptional(writer, lock.valid, ({ content, proof }) => {
    writeBlob(writer, content.body)
    writeBlob(writer, content.support)
    writer.u32(proof.round)
    writeSignatures(writer, proof.signatures)
  })
  return writer.finish()
}

/** @throws GovernanceError `bad-sign-lock`: the disk has lost what must not be forgotten, so nothing may be signed */
export function decodeSignLock(bytes: Uint8Array): SignLock {
  const { reader } = startReading(bytes, LABEL, MAX_SIGN_LOCK_BYTES, fail)
  const height = readMs(reader, 1, Number.MAX_SAFE_INTEGER, fail)
  const epoch = reader.u32()
  const round = reader.u32()
  const optional = <Item>(item: () => Item): Item | undefined => {
    const flag = reader.u8()
    if (flag > 1) throw fail('a flag that is neither 0 nor 1')
    return flag === 1 ? item() : undefined
  }
  const hash = (): string => hexOf(reader.bytes(32))
  const entry = optional(() => readTime(reader, fail))
  const proposal = optional(hash)
  const choice = (): Choice => ({ value: optional(hash) })
  const prevote = optional(choice)
  const precommit = optional(choice)
  const before = optional(() => ({ prevote: choice(), precommit: choice() }))
  const locked = optional(() => ({ round: reader.u32(), value: hash() }))
  const valid = optional((): ValidValue => {
    const content = makeValue(readBlob(reader, MAX_RECORD_BYTES), readBlob(reader, MAX_SUPPORT_BYTES))
    const proof: QuorumProof = {
      kind: 'prevote',
      height,
      epoch,
      round: reader.u32(),
      value: content.id,
      signatures: readSignatures(reader, fail),
    }
    return { content, proof }
  })
  reader.end()
  return { height, epoch, round, entry, proposal, prevote, precommit, before, locked, valid }
}

function writeOptional<Item>(writer: ByteWriter, item: Item | undefined, write: (item: Item) => unknown): void {
  writer.u8(item === undefined ? 0 : 1)
  if (item !== undefined) write(item)
}
