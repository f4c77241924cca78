import { InvalidArgumentError } from 'commander'
import { readDuration, readLongSpan } from './quantity.ts'

/** Gathers a repeatable flag. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}

/** @throws InvalidArgumentError unless it is an http or https URL */
export function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw new InvalidArgumentError('It must be an http or https URL.')
  return url
}

/** Milliseconds. @throws InvalidArgumentError */
export function readTime(text: string): number {
  const ms = readDuration(text)
  if (ms === undefined) throw new InvalidArgumentError('Examples: 30, 1.5s, 500ms, 2m.')
  return ms
}

/** Seconds of `15m`, `12h` or `90d`; the node knows the bounds. @throws InvalidArgumentError */
export function readLifetime(text: string): number {
  const [, number, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  if (number === undefined || unit === undefined) throw new InvalidArgumentError('Examples: 15m, 12h, 90d.')
  return Number(number) * { m: 60, h: 3600, d: 86_400 }[unit as 'm' | 'h' | 'd']
}

/** Whole seconds of a long time, at most 10 years. @throws InvalidArgumentError */
export function readSeconds(text: string): number {
  const seconds = readLongSpan(text)
  if (seconds === undefined) throw new InvalidArgumentError('Examples: 90, 30m, 12h, 7d, 1y; at least a second, at most 10y.')
  return seconds
}

/** @throws InvalidArgumentError */
export function readEventId(text: string): string {
  if (!/^\d+\.\d+$/.test(text)) throw new InvalidArgumentError('An id is EPOCH.NUMBER, as `x0 events --json` shows it.')
  return text
}

/** A reader of whole numbers within bounds. */
export function readCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
    }
    return value
  }
}
