import { styleText } from 'node:util'

/** Where a command writes: stdout is data, stderr is everything else. Tests pass their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** True where stdout is a screen: colours and live lines make sense. */
  readonly interactive: boolean
  out(text: string): void
  err(text: string): void
}

/** What every command gets: the global flags, resolved. */
export interface Call {
  readonly terminal: Terminal
  /** The home folder, absolute. */
  readonly home: string
  /** `--api`: talk to this URL instead of the node of the home folder. */
  readonly api: URL | undefined
  /** `--timeout` in milliseconds; each command has its own default. */
  readonly timeoutMs: number | undefined
  readonly json: boolean
  readonly quiet: boolean
  readonly color: boolean
}

export type Color = 'red' | 'green' | 'yellow' | 'dim' | 'bold'

/** `text` in `color`, where this call may use colours. */
export function paint(call: Pick<Call, 'color'>, color: Color, text: string): string {
  return call.color ? styleText(color, text, { validateStream: false }) : text
}

/**
 * `text` without what could command the terminal: control and formatting characters (escape sequences, bidirectional
 * overrides) become `?`. Some of what is shown was written by strangers.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
}

/** One JSON document on stdout. */
export function printJson(call: Call, document: unknown): void {
  call.terminal.out(`${JSON.stringify(document, null, 2)}\n`)
}
