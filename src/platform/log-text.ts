import type { LogLevel } from './log.ts'

/** Letters, digits and what addresses, ids and paths are made of: everything else is quoted. */
const PLAIN = /^[\w./:@#+-]+$/
/** Control characters of C0, C1 and the two Unicode line ends: they could forge a line or drive a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** One line for people: `12:00:01.250 warn  peer is down peer=12D3Koo... reason="connection reset"`, ending in a newline. */
export function textLine(at: Date, level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>): string {
  const time = at.toISOString().slice(11, 23)
  const rest = Object.entries(fields).map(([name, value]) => ` ${escapeControls(name)}=${textValue(value)}`)
  return `${time} ${level.padEnd(5)} ${escapeControls(message)}${rest.join('')}\n`
}

function textValue(value: unknown): string {
  if (typeof value === 'string') return PLAIN.test(value) ? value : escapeControls(JSON.stringify(value))
  if (isError(value)) {
    const code = value.code === undefined ? '' : ` (${String(value.code)})`
    return escapeControls(JSON.stringify(`${value.message}${code}`))
  }
  return escapeControls(JSON.stringify(value) ?? 'null')
}

function isError(value: unknown): value is { name: string; message: string; code?: unknown } {
  return typeof value === 'object' && value !== null && 'name' in value && 'message' in value && !('stack' in value)
}

function escapeControls(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
