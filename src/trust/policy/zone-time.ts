const MINUTE_MS = 60_000
const WEEK_MINUTES = 7 * 24 * 60
/** 1970-01-01 was a Thursday; weeks here begin on Monday. */
const EPOCH_MINUTE = 3 * 24 * 60
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** The minute of the week, Monday 00:00 is 0, that the wall clock of a zone shows at a time in ms since the Unix epoch. */
export type ZoneTime = (at: number) => number

/** Whether this Node.js knows the zone: an IANA name, or UTC. Offsets such as +02:00 are not zones: they know no summer. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/**
 * The clock of a zone, with the rules of daylight saving that this Node.js has: an hour that is left out in spring is
 * never shown, one that comes twice in autumn is shown twice.
 */
export function zoneTime(zone: string): ZoneTime {
  if (zone === 'UTC') return (at) => modulo(Math.floor(at / MINUTE_MS) + EPOCH_MINUTE, WEEK_MINUTES)
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  // Formatting costs microseconds, and within a minute the answer is the same.
  let known: { readonly minute: number; readonly shown: number } | undefined
  return (at) => {
    const minute = Math.floor(at / MINUTE_MS)
    if (known?.minute !== minute) known = { minute, shown: shownMinute(format, minute * MINUTE_MS) }
    return known.shown
  }
}

function shownMinute(format: Intl.DateTimeFormat, at: number): number {
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const day = WEEKDAYS.indexOf(parts.get('weekday') ?? '')
  return day * 24 * 60 + Number(parts.get('hour')) * 60 + Number(parts.get('minute'))
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
