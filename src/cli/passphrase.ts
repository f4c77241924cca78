import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { CommandFailure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Bytes read of a file with a secret: none has more than 1,024, so that a wrong file is not read whole. */
const MAX_FILE_BYTES = 4096

/**
 * The passphrase of the keys: the first line of `file`, else `$X0_PASSPHRASE`, else undefined.
 * @throws CommandFailure badConfig where the file cannot be read or its first line is empty
 */
export async function knownPassphrase(terminal: Terminal, file: string | undefined): Promise<string | undefined> {
  return file === undefined ? terminal.env.X0_PASSPHRASE || undefined : await firstLine(file, 'passphrase file')
}

/** The first line of a file with a secret; `what` names it in messages. @throws CommandFailure badConfig as above */
export async function firstLine(file: string, what: string): Promise<string> {
  let line: string
  try {
    await using handle = await open(file, 'r')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_FILE_BYTES), 0, MAX_FILE_BYTES, 0)
    line = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/, 1)[0] ?? ''
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandFailure('badConfig', `The ${what} cannot be read (${reason}).`, { cause })
  }
  if (line === '') throw new CommandFailure('badConfig', `The first line of the ${what} ${file} is empty.`)
  return line
}

/** Asks at the terminal without showing what is typed; undefined where there is nobody to ask. */
export async function askSecret(terminal: Terminal, prompt: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined
  terminal.err(`${prompt}: `)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  const interrupted = new AbortController()
  lines.on('SIGINT', () => interrupted.abort())
  try {
    return await lines.question('', { signal: interrupted.signal })
  } catch (cause) {
    throw new CommandFailure('denied', 'Nothing was given.', { cause })
  } finally {
    lines.close()
    terminal.err('\n')
  }
}
