import { COMPOSITE_PUBLIC_KEY_BYTES, COMPOSITE_SIGNATURE_BYTES } from '../crypto/composite.ts'
import { ByteReader, ByteWriter, type ReadFailure } from '../platform/byte-codec.ts'
import { isAscending, readName, readText, readTime, readWithin, writeBytes, writeNumber, writeText } from './form.ts'
import {
  ID_BYTES,
  MAX_ATTESTER_CHANGES,
  MAX_EFFECT_BYTES,
  MAX_EFFECTS,
  MAX_GROUPS,
  MAX_REASON_BYTES,
  MAX_RESOLUTION_BYTES,
  MAX_WEIGHT,
} from './limits.ts'
import { isWithinBounds, PARAMETERS, type ParameterName, parameterOf } from './parameters.ts'
import { type NetworkRules, readNetworkRules, writeNetworkRules } from './rules.ts'

/** A node that becomes an attester, with its word that it will (acceptance.ts). */
export interface NewAttester {
  /** Of the voter. */
  readonly index: number
  /** Of its word in the decision log, 1 to 1,000. */
  readonly weight: number
  /** 3,373 bytes, by the voter. */
  readonly acceptance: Uint8Array
}

/**
 * What a decision does. `unknown` is what this version does not know: it is passed on and shown, and never carried out.
 * A layout never changes; another one is another number.
 */
export type Effect =
  | {
      readonly kind: 'admit'
      /** Of the node. */
      readonly name: string
      /** Composite public key, 1,984 bytes. */
      readonly key: Uint8Array
      /** 0 to 1,000; with 0 the node belongs and has no vote. */
      readonly weight: number
      /** Ascending, at most 16. */
      readonly groups: readonly string[]
    }
  | { readonly kind: 'revoke'; readonly index: number; readonly reason: string }
  /** `x0Id`: 32 bytes; `until`: wall clock ms. */
  | { readonly kind: 'ban'; readonly x0Id: Uint8Array; readonly until: number; readonly reason: string }
  | { readonly kind: 'unban'; readonly x0Id: Uint8Array }
  | { readonly kind: 'set-parameter'; readonly parameter: ParameterName; readonly value: number }
  | { readonly kind: 'change-rules'; readonly rules: NetworkRules }
  /** Both ascending by index, at most 7 each, nobody in both. */
  | { readonly kind: 'elect-attesters'; readonly add: readonly NewAttester[]; readonly remove: readonly number[] }
  /** SHA-256 of the document. */
  | { readonly kind: 'adopt-policy'; readonly hash: Uint8Array }
  /** A resolution: words that are recorded. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unknown'; readonly number: number; readonly bytes: Uint8Array }

type KnownKind = Exclude<Effect['kind'], 'unknown'>

const NUMBERS: Readonly<Record<KnownKind, number>> = {
  admit: 1,
  revoke: 2,
  ban: 3,
  unban: 4,
  'set-parameter': 5,
  'change-rules': 6,
  'elect-attesters': 7,
  'adopt-policy': 8,
  text: 9,
}

/** By number. Undefined is answered for a part of a known effect that this version does not know. */
const READERS: ReadonlyMap<number, (reader: ByteReader, fail: ReadFailure) => Effect | undefined> = new Map([
  [NUMBERS.admit, readAdmit],
  [
    NUMBERS.revoke,
    (reader, fail) => ({ kind: 'revoke', index: reader.u16(), reason: readText(reader, MAX_REASON_BYTES, fail) }) as const,
  ],
  [NUMBERS.ban, readBan],
  [NUMBERS.unban, (reader) => ({ kind: 'unban', x0Id: reader.bytes(ID_BYTES) }) as const],
  [NUMBERS['set-parameter'], readParameter],
  [NUMBERS['change-rules'], (reader, fail) => ({ kind: 'change-rules', rules: readNetworkRules(reader, fail) }) as const],
  [NUMBERS['elect-attesters'], readAttesters],
  [NUMBERS['adopt-policy'], (reader) => ({ kind: 'adopt-policy', hash: reader.bytes(ID_BYTES) }) as const],
  [NUMBERS.text, (reader, fail) => ({ kind: 'text', text: readText(reader, MAX_RESOLUTION_BYTES, fail, true) }) as const],
])

export function readEffects(reader: ByteReader, fail: ReadFailure): readonly Effect[] {
  return reader.list(MAX_EFFECTS, () => readEffect(reader, fail))
}

/** @throws RangeError for what no effect has */
export function writeEffects(writer: ByteWriter, effects: readonly Effect[]): void {
  writeNumber(writer, 1, effects.length)
  for (const effect of effects) {
    const content = new ByteWriter()
    writeContent(content, effect)
    const bytes = content.finish()
    writeNumber(writer, 2, effect.kind === 'unknown' ? effect.number : NUMBERS[effect.kind])
    writeNumber(writer, 2, bytes.length)
    writer.bytes(bytes)
  }
}

function readEffect(reader: ByteReader, fail: ReadFailure): Effect {
  const number = reader.u16()
  const bytes = reader.bytes(reader.u16(MAX_EFFECT_BYTES))
  const content = new ByteReader(bytes, fail)
  const effect = READERS.get(number)?.(content, fail)
  if (effect === undefined) return { kind: 'unknown', number, bytes }
  content.end()
  return effect
}

function readAdmit(reader: ByteReader, fail: ReadFailure): Effect {
  const name = readName(reader)
  const key = reader.bytes(COMPOSITE_PUBLIC_KEY_BYTES)
  const weight = reader.u16(MAX_WEIGHT)
  const groups = reader.list(MAX_GROUPS, () => readName(reader))
  if (!isAscending(groups)) throw fail('the groups are out of order')
  return { kind: 'admit', name, key, weight, groups }
}

function readBan(reader: ByteReader, fail: ReadFailure): Effect {
  const x0Id = reader.bytes(ID_BYTES)
  const until = readTime(reader, fail)
  return { kind: 'ban', x0Id, until, reason: readText(reader, MAX_REASON_BYTES, fail) }
}

function readParameter(reader: ByteReader, fail: ReadFailure): Effect | undefined {
  const parameter = parameterOf(reader.u16())
  if (parameter === undefined) return undefined
  const value = reader.u32()
  if (!isWithinBounds(parameter, value)) throw fail(`${parameter} cannot be ${value}`)
  return { kind: 'set-parameter', parameter, value }
}

function readAttesters(reader: ByteReader, fail: ReadFailure): Effect {
  const add = reader.list(MAX_ATTESTER_CHANGES, (): NewAttester => {
    const index = reader.u16()
    const weight = readWithin(reader, 1, MAX_WEIGHT, fail)
    return { index, weight, acceptance: reader.bytes(COMPOSITE_SIGNATURE_BYTES) }
  })
  const remove = reader.list(MAX_ATTESTER_CHANGES, () => reader.u16())
  const added = add.map(({ index }) => index)
  if (!isAscending(added) || !isAscending(remove)) throw fail('the attesters are out of order')
  if (added.length + remove.length === 0) throw fail('no attester changes')
  if (added.some((index) => remove.includes(index))) throw fail('an attester who comes and goes')
  return { kind: 'elect-attesters', add, remove }
}

function writeContent(writer: ByteWriter, effect: Effect): void {
  switch (effect.kind) {
    case 'admit':
      writeText(writer, effect.name)
      writeBytes(writer, COMPOSITE_PUBLIC_KEY_BYTES, effect.key)
      writeNumber(writer, 2, effect.weight)
      writeNumber(writer, 1, effect.groups.length)
      for (const group of effect.groups) writeText(writer, group)
      return
    case 'revoke':
      writeNumber(writer, 2, effect.index)
      writeText(writer, effect.reason)
      return
    case 'ban':
      writeBytes(writer, ID_BYTES, effect.x0Id)
      writeNumber(writer, 8, effect.until)
      writeText(writer, effect.reason)
      return
    case 'unban':
      writeBytes(writer, ID_BYTES, effect.x0Id)
      return
    case 'set-parameter':
      writeNumber(writer, 2, PARAMETERS[effect.parameter].number)
      writeNumber(writer, 4, effect.value)
      return
    case 'change-rules':
      writeNetworkRules(writer, effect.rules)
      return
    case 'elect-attesters':
      writeNumber(writer, 1, effect.add.length)
      for (const { index, weight, acceptance } of effect.add) {
        writeNumber(writer, 2, index)
        writeNumber(writer, 2, weight)
        writeBytes(writer, COMPOSITE_SIGNATURE_BYTES, acceptance)
      }
      writeNumber(writer, 1, effect.remove.length)
      for (const index of effect.remove) writeNumber(writer, 2, index)
      return
    case 'adopt-policy':
      writeBytes(writer, ID_BYTES, effect.hash)
      return
    case 'text':
      writeText(writer, effect.text)
      return
    case 'unknown':
      writer.bytes(effect.bytes)
  }
}
