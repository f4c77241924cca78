import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { CommandFailure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Bytes read of a passphrase file: a passphrase has at most 1,024, so that a wrong file is not read whole. */
const MAX_FILE_BYTES = 4096

/**
 * The passphrase of the keys: the first line of `file`, else `$X0_PASSPHRASE`, else undefined.
 * @throws CommandFailure badConfig where the file cannot be read or its first line is empty
 */
export async function knownPassphrase(terminal: Terminal, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return terminal.env.X0_PASSPHRASE || undefined
  let line: string
  try {
    await using handle = await open(file, 'r')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_FILE_BYTES), 0, MAX_FILE_BYTES, 0)
    line = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/, 1)[0] ?? ''
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CommandFailure('badConfig', `The passphrase file cannot be read (${reason}).`, { cause })
  }
  if (line === '') throw new CommandFailure('badConfig', `The first line of the passphrase file ${file} is empty.`)
  return line
}

/** Asks at the terminal without showing what is typed; undefined where there is nobody to ask. */
export async function askPassphrase(terminal: Terminal): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined
  terminal.err('Passphrase of the node keys: ')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  const interrupted = new AbortController()
  lines.on('SIGINT', () => interrupted.abort())
  try {
    return await lines.question('', { signal: interrupted.signal })
  } catch (cause) {
    throw new CommandFailure('denied', 'No passphrase was given.', { cause })
  } finally {
    lines.close()
    terminal.err('\n')
  }
}
