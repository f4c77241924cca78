import type { ByteReader, ByteWriter, ReadFailure } from '../platform/byte-codec.ts'
import { isAscending, readWithin, writeNumber } from './form.ts'
import { MAX_CREDITS, MAX_OPTIONS } from './limits.ts'
import type { Question } from './question.ts'

/** Credits for one option of a quadratic vote. */
export interface Spending {
  readonly option: number
  /** 1 to 10,000. */
  readonly credits: number
}

/** What a voter says. Options are places in the question, from 0. */
export type Choice =
  /** Takes part and takes no side, in any kind of question. */
  | { readonly form: 'abstain' }
  /** To `yes-no`. A veto is a no that also counts towards the veto threshold. */
  | { readonly form: 'yes' | 'no' | 'veto' }
  /** To `choice`. */
  | { readonly form: 'option'; readonly option: number }
  /** To `approval`: ascending, at least one. */
  | { readonly form: 'approve'; readonly options: readonly number[] }
  /** To `quadratic`: ascending by option, at least one. */
  | { readonly form: 'spend'; readonly spending: readonly Spending[] }

/** The number of a form is its place here. */
const FORMS: readonly Choice['form'][] = ['abstain', 'yes', 'no', 'veto', 'option', 'approve', 'spend']

/** Whether it answers this question: the form for its kind, options that it has, no more credits than it gives. */
export function fits(choice: Choice, question: Question): boolean {
  switch (choice.form) {
    case 'abstain':
      return true
    case 'yes':
    case 'no':
    case 'veto':
      return question.kind === 'yes-no'
    case 'option':
      return question.kind === 'choice' && choice.option < question.options.length
    case 'approve':
      return question.kind === 'approval' && choice.options.every((option) => option < question.options.length)
    case 'spend':
      return (
        question.kind === 'quadratic' &&
        choice.spending.every(({ option }) => option < question.options.length) &&
        choice.spending.reduce((sum, { credits }) => sum + credits, 0) <= question.credits
      )
  }
}

/** @throws RangeError for what no choice has */
export function writeChoice(writer: ByteWriter, choice: Choice): void {
  writeNumber(writer, 1, FORMS.indexOf(choice.form))
  if (choice.form === 'option') writeNumber(writer, 1, choice.option)
  if (choice.form === 'approve') {
    writeNumber(writer, 1, choice.options.length)
    for (const option of choice.options) writeNumber(writer, 1, option)
  }
  if (choice.form === 'spend') {
    writeNumber(writer, 1, choice.spending.length)
    for (const { option, credits } of choice.spending) {
      writeNumber(writer, 1, option)
      writeNumber(writer, 2, credits)
    }
  }
}

export function readChoice(reader: ByteReader, fail: ReadFailure): Choice {
  const form = FORMS[reader.u8()]
  if (form === undefined) throw fail('no form of a choice')
  switch (form) {
    case 'abstain':
      return { form }
    case 'yes':
    case 'no':
    case 'veto':
      return { form }
    case 'option':
      return { form, option: readOption(reader, fail) }
    case 'approve': {
      const options = reader.list(MAX_OPTIONS, () => readOption(reader, fail))
      expectSet(options, fail)
      return { form, options }
    }
    case 'spend': {
      const spending = reader.list(MAX_OPTIONS, (): Spending => {
        const option = readOption(reader, fail)
        return { option, credits: readWithin(reader, 1, MAX_CREDITS, fail) }
      })
      expectSet(
        spending.map(({ option }) => option),
        fail,
      )
      return { form, spending }
    }
  }
}

function readOption(reader: ByteReader, fail: ReadFailure): number {
  const option = reader.u8()
  if (option >= MAX_OPTIONS) throw fail(`option ${option}, there are ${MAX_OPTIONS} at most`)
  return option
}

function expectSet(options: readonly number[], fail: ReadFailure): void {
  if (options.length === 0) throw fail('no option at all: that is an abstention')
  if (!isAscending(options)) throw fail('the options are out of order, or one stands twice')
}
