import type { Connection } from '@libp2p/interface'
import { ChannelRefusal } from '../channel/refusal.ts'
import { dueForRenewal, type RenewableSession } from '../channel/renewal.ts'
import { sessionOf } from '../channel/session.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Report } from '../observe/event.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import type { Host } from './libp2p-host.ts'
import { DIAL_TIMEOUT_MS, RENEWAL_CHECK_MS, RENEWAL_DRAIN_MS } from './limits.ts'

export interface RenewalOptions {
  readonly host: Pick<Host, 'getConnections' | 'dial'>
  readonly clock: Clock
  /** Age at which a session is replaced, ms. */
  readonly afterMs: number
  readonly report: Report
  readonly count: (result: 'renewed' | 'failed') => void
}

export interface SessionRenewal {
  start(): void
  stop(): void
  /**
   * Replaces one connection now, as the schedule would. @throws Error where the new handshake fails, ChannelRefusal where it
   * proves another x0 id than the old one; the old one stays
   */
  renew(connection: Connection): Promise<void>
}

/** Streams that live as long as their connection: nothing waits for them to end. stream-repair.ts makes them anew. */
const LASTING = ['/meshsub/', '/x0/liveness/']

interface Due extends RenewableSession {
  readonly connection: Connection
}

/**
 * Replaces old sessions make-before-break: the side that dialled opens a second connection with a fresh handshake, lets
 * the streams of the first one end, and closes it. One at a time, so that a renewal never takes every link at once.
 */
export function createSessionRenewal(options: RenewalOptions): SessionRenewal {
  const { host, clock } = options
  let timer: Timer | undefined
  let running = false

  async function check(): Promise<void> {
    const sessions: Due[] = []
    for (const connection of host.getConnections()) {
      const facts = sessionOf(connection)
      if (facts === undefined || !facts.isAccepted || connection.status !== 'open') continue
      sessions.push({ id: connection.id, since: facts.since, role: facts.role, connection })
    }
    for (const { connection } of dueForRenewal(sessions, clock.now(), options.afterMs)) {
      if (!running) return
      const peer = connection.remotePeer.toString()
      try {
        await renew(connection)
        options.count('renewed')
        options.report({ type: 'session.renewed', level: 'info', peer, data: { address: connection.remoteAddr.toString() } })
      } catch (error) {
        options.count('failed')
        const message = error instanceof Error ? error.message : String(error)
        options.report({ type: 'session.renewal-failed', level: 'warn', peer, data: { message } })
      }
    }
  }

  async function renew(old: Connection): Promise<void> {
    const abort = new AbortController()
    const deadline = clock.after(DIAL_TIMEOUT_MS, () => abort.abort(new Error('the new handshake took too long')))
    try {
      const fresh = await host.dial(old.remoteAddr, { force: true, signal: abort.signal })
      await sessionOf(fresh)?.accepted
      requireSameIdentity(old, fresh)
    } finally {
      deadline.cancel()
    }
    await drained(old)
    await old.close().catch((error: Error) => old.abort(error))
  }

  /** Pins cover peers that were stated or met on purpose; here the old session itself says who the new one must be with. */
  function requireSameIdentity(old: Connection, fresh: Connection): void {
    const [known, seen] = [x0IdOf(old), x0IdOf(fresh)]
    if (known === undefined || known === seen) return
    const code = seen === undefined ? 'missing-authentication' : 'x0-id-mismatch'
    const peer = old.remotePeer.toString()
    const address = fresh.remoteAddr.toString()
    options.report({ type: 'pin.mismatch', level: 'alarm', peer, data: { code, known, seen: seen ?? 'none', address } })
    const refusal = new ChannelRefusal(code, 'whoever answered the renewal is not whom the old session is with')
    fresh.abort(refusal)
    throw refusal
  }

  /** Resolves when only lasting streams are left on `connection`, or after the drain time. */
  function drained(connection: Connection): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        deadline.cancel()
        connection.removeEventListener('close', finish)
        resolve()
      }
      const deadline = clock.after(RENEWAL_DRAIN_MS, finish)
      connection.addEventListener('close', finish)
      // streams that were opened meanwhile are waited for in their turn
      const look = (): void => {
        const busy = connection.streams.find(({ protocol }) => !LASTING.some((prefix) => protocol.startsWith(prefix)))
        if (busy === undefined || connection.status !== 'open') finish()
        else busy.addEventListener('close', look, { once: true })
      }
      look()
    })
  }

  function schedule(): void {
    timer = clock.after(RENEWAL_CHECK_MS, () => {
      void check().finally(() => {
        if (running) schedule()
      })
    })
  }

  return {
    start() {
      running = true
      schedule()
    },
    stop() {
      running = false
      timer?.cancel()
    },
    renew,
  }
}

function x0IdOf(connection: Connection): string | undefined {
  const x0Id = sessionOf(connection)?.remoteX0Id
  return x0Id === undefined ? undefined : formatX0Id(x0Id)
}
