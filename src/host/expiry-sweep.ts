import type { Connection } from '@libp2p/interface'
import { X0_PROTOCOL } from '../channel/profile.ts'
import { sessionOf } from '../channel/session.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import type { Host } from './libp2p-host.ts'
import { EXPIRY_CHECK_MS } from './limits.ts'

export interface ExpirySweepOptions {
  readonly host: Pick<Host, 'getConnections' | 'addEventListener' | 'removeEventListener'>
  readonly clock: Clock
  /** Wall clock ms at which the standing of an x0 id (text) ends, infinity for never; undefined where it has none now. */
  readonly standingEnds: (x0Id: string, now: number) => number | undefined
  /** Closes the connection of a peer that does not belong any more. */
  readonly close: (connection: Connection) => void
}

export interface ExpirySweep {
  start(): void
  stop(): void
  /** Whether the far end of a connection still belongs; it is closed where not. Sessions of interop encrypters stay. */
  judge(connection: Connection): boolean
}

/** Cuts off peers whose credential expires while they are connected, when it does. */
export function createExpirySweep(options: ExpirySweepOptions): ExpirySweep {
  const { host, clock } = options
  let timer: Timer | undefined
  let isRunning = false

  /** When the standing behind a connection ends; undefined where it has ended, and the connection with it. */
  function check(connection: Connection): number | undefined {
    if (connection.encryption !== X0_PROTOCOL) return Number.POSITIVE_INFINITY
    const x0Id = sessionOf(connection)?.remoteX0Id
    const ends = x0Id === undefined ? undefined : options.standingEnds(formatX0Id(x0Id), clock.now())
    if (ends === undefined && connection.status === 'open') options.close(connection)
    return ends
  }

  function sweep(): void {
    let wait = EXPIRY_CHECK_MS
    for (const connection of host.getConnections()) {
      const ends = check(connection)
      if (ends !== undefined) wait = Math.min(wait, Math.max(1, ends - clock.now()))
    }
    timer?.cancel()
    if (isRunning) timer = clock.after(wait, sweep)
  }

  return {
    start() {
      isRunning = true
      host.addEventListener('connection:open', sweep)
      sweep()
    },
    stop() {
      isRunning = false
      host.removeEventListener('connection:open', sweep)
      timer?.cancel()
    },
    judge: (connection) => check(connection) !== undefined,
  }
}
