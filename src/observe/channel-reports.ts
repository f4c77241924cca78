import type { ChannelEvent } from '../channel/channel-event.ts'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Clock } from '../platform/clock.ts'
import type { Report } from './event.ts'
import { Sparing } from './sparing.ts'

/**
 * Tells the event log what an operator wants to know of the channel. Shed handshakes are counted only, and refusals of
 * strangers told sparingly: a flood must not fill the log.
 */
export function channelReporter(report: Report, clock: Pick<Clock, 'monotonic'>): (event: ChannelEvent) => void {
  const sparing = new Sparing(clock)
  return (event) => {
    if (event.type !== 'refused') return reportEvent(report, event)
    // whoever is barred is free to come as often as a stranger
    const isBarred = event.code === 'blocked' || event.code === 'not-allowed'
    const isCheap = event.role === 'responder' && (event.remotePeerId === undefined || isBarred)
    const times = isCheap ? sparing.next(event.code) : 1
    if (times !== undefined) reportRefusal(report, event, times)
  }
}

type Refused = Extract<ChannelEvent, { type: 'refused' }>

function reportRefusal(report: Report, event: Refused, times: number): void {
  const { role, protocol, code, by, message, remoteAddress: address } = event
  const peer = event.remotePeerId === undefined ? {} : { peer: event.remotePeerId }
  const again = times === 1 ? {} : { times }
  const type = isTrouble(code) ? 'handshake.failed' : 'handshake.refused'
  report({ type, level: 'warn', ...peer, data: { role, protocol, code, by, message, address, ...again } })
  // what a peer says of our offers is its word; what we see ourselves is an attempt
  if (code === 'protocol-mismatch' && by === 'self')
    report({ type: 'downgrade.attempted', level: 'alarm', ...peer, data: { message, address, ...again } })
}

function reportEvent(report: Report, event: Exclude<ChannelEvent, Refused>): void {
  switch (event.type) {
    case 'accepted': {
      const { remotePeerId, remoteX0Id, suite, role, pqAuthenticated } = event.facts
      const x0Id = remoteX0Id === undefined ? '' : formatX0Id(remoteX0Id)
      report({ type: 'handshake.completed', level: 'info', peer: remotePeerId, data: { suite, role, pqAuthenticated, x0Id } })
      return
    }
    case 'pin-learned':
      report({ type: 'pin.learned', level: 'info', peer: event.peerId, data: { x0Id: event.x0Id } })
      return
    case 'pin-alarm': {
      const data = { code: event.code, seen: event.seenX0Id ?? 'none' }
      report({ type: event.code === 'pin-frozen' ? 'pin.frozen' : 'pin.mismatch', level: 'alarm', peer: event.peerId, data })
      return
    }
    case 'damaged':
      report({ type: 'session.damaged', level: 'alarm', peer: event.facts.remotePeerId, data: { message: event.message } })
      return
    case 'rekeyed':
      report({ type: 'session.rekeyed', level: 'info', peer: event.facts.remotePeerId, data: { rekeys: event.facts.rekeys } })
      return
    case 'door': {
      // whom it lets in, the network tells; what visitors do wrong is counted
      const { message, remoteAddress: address } = event
      if (event.result === 'failed')
        report({ type: 'join.failed', level: 'warn', peer: event.remotePeerId, data: { message, address } })
      return
    }
    case 'completed':
    case 'shed':
      return
  }
}

/** The connection or the clock failed, rather than somebody's judgement. */
function isTrouble(code: string): boolean {
  return code === 'closed' || code === 'timeout' || code === 'no-verdict'
}
