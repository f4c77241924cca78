/** `-` for what is not known, else the number with its unit. */
export function milliseconds(value: number | null): string {
  if (value === null) return '-'
  return `${Math.abs(value) < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

/** A clock offset, with its sign. */
export function offset(value: number | null): string {
  if (value === null) return '-'
  return `${value >= 0 ? '+' : ''}${milliseconds(value)}`
}

/** A share of one as a percentage. */
export function percent(value: number | null): string {
  return value === null ? '-' : `${Math.round(value * 100)}%`
}

/** A span of time in its one or two largest units: `42s`, `3m10s`, `5h02m`, `12d03h`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  if (whole < 60) return `${whole}s`
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`
  return `${Math.floor(whole / 86_400)}d${two(Math.floor((whole % 86_400) / 3600))}h`
}

/** How long ago `iso` was at `now` (ms since the Unix epoch). */
export function age(iso: string | null, now: number): string {
  const at = iso === null ? Number.NaN : Date.parse(iso)
  return Number.isNaN(at) ? '-' : span((now - at) / 1000)
}

/** Bytes with a binary unit. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let scaled = value
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024
    unit += 1
  }
  return `${unit === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${units[unit]}`
}

/** Reads `30`, `30s`, `500ms`, `2m`, `1h` as milliseconds; undefined where it is none of these or not positive. */
export function readDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
  if (match === null) return undefined
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] ?? 's'] ?? 1000
  const value = Number(match[1]) * factor
  return value > 0 && value <= 2 ** 31 - 1 ? value : undefined
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, y: 365 * 86_400 } as const

/** Reads `90`, `90s`, `30m`, `12h`, `7d`, `1y` as whole seconds, 10 years at most; undefined where it is none of these. */
export function readLongSpan(text: string): number | undefined {
  const [, number, unit = 's'] = /^(\d+)([smhdy])?$/.exec(text) ?? []
  const factor = Object.entries(SECONDS).find(([name]) => name === unit)?.[1]
  const value = Number(number) * (factor ?? Number.NaN)
  return value >= 1 && value <= 10 * SECONDS.y ? value : undefined
}
