import type { ByteReader, ByteWriter, ReadFailure } from '../platform/byte-codec.ts'
import { type Effect, readEffects, writeEffects } from './effect.ts'
import { readText, readWithin, writeNumber, writeText } from './form.ts'
import { MAX_CREDITS, MAX_OPTION_BYTES, MAX_OPTIONS } from './limits.ts'

/** One of the answers, and what is done if it wins. */
export interface Option {
  /** No two of a question are alike. */
  readonly text: string
  readonly effects: readonly Effect[]
}

/**
 * What is asked.
 * - `yes-no`: for it, against it, or a veto; the effects are carried out where it passes.
 * - `choice`: one option a voter.
 * - `approval`: as many options as a voter can live with.
 * - `quadratic`: every voter has `credits` (1 to 10,000) for this proposal; n votes for an option cost n * n of them.
 *
 * One option at least has no effects: whoever wants none of the others carried out has something to vote for.
 */
export type Question =
  | { readonly kind: 'yes-no'; readonly effects: readonly Effect[] }
  | { readonly kind: 'choice' | 'approval'; readonly options: readonly Option[] }
  | { readonly kind: 'quadratic'; readonly options: readonly Option[]; readonly credits: number }

/** The number of a kind is its place here. */
const KINDS: readonly Question['kind'][] = ['yes-no', 'choice', 'approval', 'quadratic']

export function optionsOf(question: Question): readonly Option[] {
  return question.kind === 'yes-no' ? [] : question.options
}

/** What is carried out where the proposal passes, with `winner` the place of the option that won. */
export function effectsOf(question: Question, winner: number | undefined): readonly Effect[] {
  if (question.kind === 'yes-no') return question.effects
  return winner === undefined ? [] : (question.options[winner]?.effects ?? [])
}

/** Every effect that the question could have. */
export function allEffects(question: Question): readonly Effect[] {
  return question.kind === 'yes-no' ? question.effects : question.options.flatMap(({ effects }) => effects)
}

/** @throws RangeError for what no question has */
export function writeQuestion(writer: ByteWriter, question: Question): void {
  writeNumber(writer, 1, KINDS.indexOf(question.kind))
  if (question.kind === 'yes-no') {
    writeEffects(writer, question.effects)
    return
  }
  if (question.kind === 'quadratic') writeNumber(writer, 2, question.credits)
  writeNumber(writer, 1, question.options.length)
  for (const { text, effects } of question.options) {
    writeText(writer, text)
    writeEffects(writer, effects)
  }
}

export function readQuestion(reader: ByteReader, fail: ReadFailure): Question {
  const kind = KINDS[reader.u8()]
  if (kind === undefined) throw fail('no kind of a question')
  switch (kind) {
    case 'yes-no':
      return { kind, effects: readEffects(reader, fail) }
    case 'quadratic': {
      const credits = readWithin(reader, 1, MAX_CREDITS, fail)
      return { kind, credits, options: readOptions(reader, fail) }
    }
    case 'choice':
    case 'approval':
      return { kind, options: readOptions(reader, fail) }
  }
}

function readOptions(reader: ByteReader, fail: ReadFailure): readonly Option[] {
  const options = reader.list(MAX_OPTIONS, (): Option => {
    const text = readText(reader, MAX_OPTION_BYTES, fail)
    return { text, effects: readEffects(reader, fail) }
  })
  const texts = options.map(({ text }) => text)
  if (texts.length < 2) throw fail('fewer than two options')
  if (texts.includes('') || new Set(texts).size !== texts.length) throw fail('an option without words, or the same one twice')
  if (options.every(({ effects }) => effects.length > 0))
    throw fail('every option does something: add one that leaves all as it is')
  return options
}
