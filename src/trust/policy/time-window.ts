import type { ZoneTime } from './zone-time.ts'

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Day = (typeof DAYS)[number]

const DAY_MINUTES = 24 * 60

/**
 * When a rule holds: on `days`, from the minute `from` (included) to the minute `to` (excluded) of the day in `zone`. A
 * window whose end is before its beginning crosses midnight and belongs to the day on which it begins.
 */
export interface TimeWindow {
  readonly days: readonly Day[]
  /** Minutes since midnight, 0 to 1,439. */
  readonly from: number
  /** Minutes since midnight, 1 to 1,440; never equal to `from`. */
  readonly to: number
  /** An IANA name, or UTC. */
  readonly zone: string
}

/** Whether the window is open at `at`, ms since the Unix epoch, by the wall clock of its zone. */
export function isOpen(window: TimeWindow, zone: ZoneTime, at: number): boolean {
  const minuteOfWeek = zone(at)
  const today = Math.floor(minuteOfWeek / DAY_MINUTES)
  const minute = minuteOfWeek % DAY_MINUTES
  const isOn = (day: number): boolean => {
    const name = DAYS[(day + 7) % 7]
    return name !== undefined && window.days.includes(name)
  }
  if (window.from < window.to) return isOn(today) && minute >= window.from && minute < window.to
  return (isOn(today) && minute >= window.from) || (isOn(today - 1) && minute < window.to)
}

/** Minutes since midnight of `08:00`; `24:00` is the end of the day. Undefined for anything else. */
export function parseClockTime(text: string): number | undefined {
  const [, hours, minutes] = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text) ?? []
  if (hours === undefined || minutes === undefined) return undefined
  const total = Number(hours) * 60 + Number(minutes)
  return total <= DAY_MINUTES ? total : undefined
}

/** `mon,tue 22:00-06:00 Europe/Berlin` */
export function formatWindow({ days, from, to, zone }: TimeWindow): string {
  const clock = (minute: number): string =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
  return `${days.length === DAYS.length ? 'every day' : days.join(',')} ${clock(from)}-${clock(to)} ${zone}`
}
