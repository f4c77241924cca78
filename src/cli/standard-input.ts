import { CommandFailure } from './failure.ts'

/** Characters taken from standard input at most: an invite has a few hundred. */
const MAX_CHARACTERS = 4_096

/**
 * The first line of standard input that is not empty, so that a secret need not stand in the list of processes.
 * @throws CommandFailure usage where there is none
 */
export async function readLine(input: AsyncIterable<Buffer | string> = process.stdin): Promise<string> {
  let text = ''
  for await (const chunk of input) {
    text += chunk.toString()
    const line = text.split(/\r?\n/).find((each) => each.trim() !== '')
    if (text.length > MAX_CHARACTERS || (line !== undefined && /\n/.test(text))) break
  }
  const found = text.split(/\r?\n/).find((each) => each.trim() !== '')
  if (found === undefined) throw new CommandFailure('usage', 'There was no line on standard input.')
  return found.slice(0, MAX_CHARACTERS)
}
