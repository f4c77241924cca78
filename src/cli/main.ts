import { CommanderError } from 'commander'
import { CommandFailure, EXIT } from './failure.ts'
import { buildProgram } from './program.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs one command line (without the program's name) and gives the exit code. Whatever goes wrong becomes one sentence
 * on stderr; a stack trace only with X0_DEBUG.
 */
export async function main(args: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  const program = buildProgram(terminal)
  const commands = [program, ...program.commands, ...program.commands.flatMap((command) => command.commands)]
  for (const command of commands) {
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'x0: ')),
    })
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return EXIT.ok
  } catch (error) {
    return report(error, terminal)
  }
}

function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok
    if (error.code !== 'commander.help') terminal.err('See `x0 --help`, or `x0 COMMAND --help`.\n')
    return EXIT.usage
  }
  const failure =
    error instanceof CommandFailure
      ? error
      : new CommandFailure('failure', error instanceof Error ? error.message : String(error), {
          cause: error,
          hint: 'Set X0_DEBUG=1 to see where it comes from.',
        })
  terminal.err(`x0: ${failure.message}\n`)
  if (failure.hint !== undefined) terminal.err(`${failure.hint}\n`)
  if (terminal.env.X0_DEBUG) terminal.err(`${failure.stack}\n${failure.cause instanceof Error ? failure.cause.stack : ''}\n`)
  return EXIT[failure.code]
}

/** The terminal of this process. A reader that went away (`x0 peers | head -1`) is no error. */
function processTerminal(): Terminal {
  process.stdout.on('error', (error) => {
    if ('code' in error && error.code === 'EPIPE') process.exit(EXIT.ok)
    throw error
  })
  return {
    env: process.env,
    interactive: process.stdout.isTTY === true,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  }
}
