import type { Command, Option } from 'commander'
import { EXIT, EXIT_MEANINGS, type ExitName } from '../src/cli/failure.ts'

/** docs/cli.md: every command with its arguments and flags, from the program itself. */
export function cliMarkdown(program: Command): string {
  const help = program.createHelp()
  return `# The command line

<!-- Written by scripts/make-cli-docs.ts from src/cli/program.ts; a test fails where they differ. -->

\`x0\` starts a node and talks to a running one through its admin port. It finds the node by \`api.json\` in the home folder and
prefers the unix socket there; the token comes from the file that \`api.json\` names, or from \`X0_TOKEN\`.

- stdout is data, stderr is everything else. \`--json\` prints the document of the admin API as it is; its \`schema\` says what it
  is and stays what it is. \`x0 events --json\` prints one document a line.
- Colours only on a terminal, and never with \`--no-color\` or \`NO_COLOR\`.
- What goes wrong is one sentence with what to do next; \`X0_DEBUG=1\` adds where it comes from.
- Commands keep compiled code in the user's cache folder (\`$XDG_CACHE_HOME/x0\`, else \`~/.cache/x0\`), which halves their start.
- \`x0 run\`: the first Ctrl-C (or SIGTERM) stops in order, a second one, at least half a second later, at once (exit code 130 or
  143). SIGHUP reads the configuration again, applies what can be applied and names what needs a restart.

## Exit codes

| code | meaning |
|---|---|
${(Object.keys(EXIT) as ExitName[]).map((name) => `| ${EXIT[name]} | ${EXIT_MEANINGS[name]} |`).join('\n')}

## Flags of every command

${flags(help.visibleOptions(program).filter(({ long }) => long !== '--help'))}

## Commands
${leaves(program, [])
  .map(([path, command]) => section(path, command))
  .join('')}`
}

/** The commands that do something, with their full names. */
export function leaves(command: Command, path: readonly string[]): [path: string, command: Command][] {
  return command.commands.flatMap((child): [string, Command][] => {
    const names = [...path, child.name()]
    return child.commands.length > 0 ? leaves(child, names) : [[names.join(' '), child]]
  })
}

function section(path: string, command: Command): string {
  const help = command.createHelp()
  const own = help.visibleOptions(command).filter(({ long }) => long !== '--help')
  const usage = [
    'x0',
    path,
    ...command.registeredArguments.map((argument) => help.argumentTerm(argument)).map(bracketed(command)),
  ]
  const about = command.registeredArguments.map((argument) => `- \`${argument.name()}\`: ${argument.description}`)
  const list = [about.join('\n'), flags(own)].filter((part) => part !== '').join('\n')
  const text = command.description()
  return `\n### \`${usage.join(' ')}\`\n\n${text.charAt(0).toUpperCase()}${text.slice(1)}.\n${list === '' ? '' : `\n${list}\n`}`
}

function bracketed(command: Command): (name: string, index: number) => string {
  return (name, index) => (command.registeredArguments[index]?.required ? `<${name}>` : `[${name}]`)
}

function flags(options: readonly Option[]): string {
  return options
    .map((option) => {
      const choices = option.argChoices === undefined ? '' : ` (${option.argChoices.join(', ')})`
      const fallback = option.defaultValue === undefined || option.negate ? '' : ` (default ${option.defaultValue})`
      return `- \`${option.flags}\`: ${option.description}${choices}${fallback}`
    })
    .join('\n')
}
