import type { Command } from 'commander'
import type { Shell } from './program.ts'

/** What can stand after one command: its subcommands and its flags, the global ones too. */
interface Words {
  /** Names from the program's downwards, without the program's own: `config show`, or empty for the program. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  readonly flags: readonly { readonly long: string; readonly description: string; readonly takesValue: boolean }[]
}

/** A script that makes `shell` complete commands and flags. It asks no node and runs no x0. */
export function completion(program: Command, shell: Shell): string {
  const words = collect(program, [])
  switch (shell) {
    case 'bash':
      return bash(words)
    case 'zsh':
      return zsh(words)
    case 'fish':
      return fish(words)
  }
}

function collect(command: Command, path: readonly string[]): Words[] {
  const help = command.createHelp()
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)]
  const here: Words = {
    path: path.join(' '),
    commands: command.commands.map((child) => ({ name: child.name(), description: child.description() })),
    flags: options.flatMap(({ long, description, required }) => (long ? [{ long, description, takesValue: required }] : [])),
  }
  return [here, ...command.commands.flatMap((child) => collect(child, [...path, child.name()]))]
}

function bash(words: readonly Words[]): string {
  const cases = words.map(({ path, commands, flags }) => {
    const list = [...commands.map(({ name }) => name), ...flags.map(({ long }) => long)].join(' ')
    return `    '${path}') words='${list}' ;;`
  })
  return `# bash completion for x0: source <(x0 completion bash)
_x0() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
${patterns(words, '      ')}
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _x0 x0
`
}

function zsh(words: readonly Words[]): string {
  const cases = words.map(({ path, commands, flags }) => {
    const entries = [
      ...commands.map(({ name, description }) => `${name}:${description}`),
      ...flags.map(({ long, description }) => `${long}:${description}`),
    ]
    const list = entries.map(quote).join(' ')
    return `    '${path}') entries=(${list}) ;;`
  })
  return `#compdef x0
# zsh completion for x0: source <(x0 completion zsh)
_x0() {
  local -a entries
  local word_path='' i
  for ((i = 2; i < CURRENT; i++)); do
    case "\${word_path:+$word_path }\${words[i]}" in
${patterns(words, '      ').replaceAll('path=', 'word_path=')}
    esac
  done
  case "$word_path" in
${cases.join('\n')}
  esac
  _describe 'x0' entries || _files
}
compdef _x0 x0
`
}

function fish(words: readonly Words[]): string {
  const lines = words.flatMap(({ path, commands, flags }) => {
    const names = path === '' ? [] : path.split(' ')
    const seen = names.map((name) => `__fish_seen_subcommand_from ${name}`)
    const unseen = commands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(' ')}`]
    const where = [...seen, ...unseen].join('; and ')
    const condition = where === '' ? '' : ` -n ${quote(where)}`
    return [
      ...commands.map(({ name, description }) => `complete -c x0${condition} -f -a ${name} -d ${quote(description)}`),
      ...flags.map(({ long, description, takesValue }) => {
        return `complete -c x0${condition} -l ${long.slice(2)}${takesValue ? ' -r' : ''} -d ${quote(description)}`
      }),
    ]
  })
  return `# fish completion for x0: x0 completion fish | source\n${lines.join('\n')}\n`
}

/** Shell patterns that walk down the command tree, the deepest first. */
function patterns(words: readonly Words[], indent: string): string {
  return words
    .filter(({ path }) => path !== '')
    .map(({ path }) => `${indent}'${path}') path='${path}' ;;`)
    .join('\n')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
