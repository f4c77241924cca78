/**
 * The one stream of reported events: the event log, the metrics and (later) anomaly detection read it. Fields hold
 * nothing secret. Peers are named by peer id here; metrics never carry such a label.
 */
export const EVENT_TYPES = [
  'node.started',
  'node.stopping',
  'config.reloaded',
  'log.level-changed',
  'peer.discovered',
  'peer.dial-failed',
  'peer.up',
  'peer.suspect',
  'peer.down',
  'peer.added',
  'peer.removed',
  'peer.blocked',
  'peer.unblocked',
  'handshake.completed',
  'handshake.failed',
  'handshake.refused',
  'downgrade.attempted',
  'join.failed',
  'pin.learned',
  'pin.mismatch',
  'pin.frozen',
  'session.rekeyed',
  'session.damaged',
  'session.renewed',
  'session.renewal-failed',
  'record.conflict',
  'network.created',
  'network.joined',
  'network.left',
  'network.moved',
  'network.move-failed',
  'join.refused',
  'join.answered',
  'invite.made',
  'invite.withdrawn',
  'pending.decided',
  'credential.renewed',
  'credential.renewal-failed',
  'revocation.signed',
  'trust.catching-up',
  'trust.level',
  'trust.revoked',
  'auth.failed',
  'account.registered',
  'account.deleted',
  'login.failed',
  'login.locked',
  'policy.loaded',
  'policy.removed',
  'policy.refused',
  'policy.denied',
  'audit.damaged',
  'audit.failed',
  'store.corrupt',
  'store.failed',
] as const

export type EventType = (typeof EVENT_TYPES)[number]

export interface NodeEvent {
  readonly type: EventType
  /** Wall clock, ms since the Unix epoch. */
  readonly at: number
  readonly level: 'info' | 'warn' | 'alarm'
  /** Peer id, where the event is about one peer. */
  readonly peer?: string
  /** Small, flat, never secret. */
  readonly data: Readonly<Record<string, string | number | boolean>>
}

/** Where parts report what happened. Must not throw and must not block. */
export type Report = (event: Omit<NodeEvent, 'at'>) => void
