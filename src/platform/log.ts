import { pino } from 'pino'
import { loggable, loggableText } from './log-fields.ts'
import { textLine } from './log-text.ts'

/** From the most to the least urgent. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LogFields = Readonly<Record<string, unknown>>

/** Where parts write what an operator may want to read. Fields first, then a sentence that is the same every time. */
export interface Log {
  fatal(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  debug(fields: LogFields, message: string): void
  trace(fields: LogFields, message: string): void
  /** True where a line of this level would be written: ask before computing dear fields. */
  enabled(level: LogLevel): boolean
  /** The same log with `fields` in every line; follows later changes of the level. */
  child(fields: LogFields): Log
}

/** The log of the process: what only its owner may do. */
export interface RootLog extends Log {
  level(): LogLevel
  /** Takes effect at once, in every child too. */
  setLevel(level: LogLevel): void
  /** Lines written since the start, by level. */
  lines(): Readonly<Record<LogLevel, number>>
}

export interface LogOptions {
  readonly level: LogLevel
  /** `text` for people, `json` one object a line. */
  readonly format: 'text' | 'json'
  /** stderr in the daemon: stdout is data. */
  readonly output: { write(line: string): unknown }
  /** Wall clock, ms since the Unix epoch. */
  readonly now: () => number
}

type Write = (level: LogLevel, message: string, fields: Record<string, unknown>) => void

/** The log of this process. Lines below the level cost one comparison. */
export function createLog(options: LogOptions): RootLog {
  const write = options.format === 'json' ? jsonWriter(options) : textWriter(options)
  const counts: Record<LogLevel, number> = { fatal: 0, error: 0, warn: 0, info: 0, debug: 0, trace: 0 }
  let threshold = options.level
  const rank = (level: LogLevel) => LOG_LEVELS.indexOf(level)
  const enabled = (level: LogLevel) => rank(level) <= rank(threshold)

  const make = (bound: LogFields): Log => {
    const at = (level: LogLevel) => (fields: LogFields, message: string) => {
      if (!enabled(level)) return
      counts[level] += 1
      write(level, loggableText(message), loggable({ ...bound, ...fields }, enabled('debug')))
    }
    return {
      fatal: at('fatal'),
      error: at('error'),
      warn: at('warn'),
      info: at('info'),
      debug: at('debug'),
      trace: at('trace'),
      enabled,
      child: (fields) => make({ ...bound, ...fields }),
    }
  }

  return {
    ...make({}),
    level: () => threshold,
    setLevel(level) {
      threshold = level
    },
    lines: () => ({ ...counts }),
  }
}

function textWriter({ output, now }: LogOptions): Write {
  return (level, message, fields) => {
    output.write(textLine(new Date(now()), level, message, fields))
  }
}

/** The level is ours to decide (pino's children keep the level they were made with), so pino writes all it is given. */
function jsonWriter({ output, now }: LogOptions): Write {
  const logger = pino(
    {
      level: 'trace',
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      // Errors are plain objects by now; pino's own treatment would expect the instances.
      serializers: {},
    },
    { write: (line) => output.write(line) },
  )
  return (level, message, fields) => logger[level](reserved(fields), message)
}

/** A field named like one of pino's own would give one JSON object with the same key twice. */
function reserved(fields: Record<string, unknown>): Record<string, unknown> {
  const clash = ['level', 'time', 'message'].filter((name) => name in fields)
  if (clash.length === 0) return fields
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [clash.includes(name) ? `${name}_` : name, value]))
}
