import { REFUSAL_CODES } from '../channel/refusal.ts'

/**
 * The closed sets that labels come from. Nothing that a peer chooses is in one: no peer id, no address, no text of an
 * error. What is not in its set is counted as `other`.
 */
export const BACKENDS = ['native', 'portable'] as const
export const HEALTH_CHECKS = ['listening', 'peers', 'store', 'identity', 'dht', 'clock', 'event-loop', 'crypto'] as const
export const PEER_STATES = ['up/direct', 'up/relayed', 'suspect', 'down', 'never'] as const
export const DIRECTIONS = ['inbound', 'outbound'] as const
export const TRAFFIC_DIRECTIONS = ['received', 'sent'] as const
export const SUITES = ['noise-xxhfs-mlkem768-mldsa65', 'noise-xxhfs-mlkem768', 'noise-xx-classical'] as const
export const ROLES = ['initiator', 'responder'] as const

/** How a handshake ended: accepted, or the code of the refusal. */
export const HANDSHAKE_RESULTS = ['accepted', ...REFUSAL_CODES] as const

/** How much of a connection holds against a quantum computer: authentication and key exchange, the exchange alone, nothing. */
export const POST_QUANTUM = ['authenticated', 'key-exchange', 'none'] as const
export const RENEWAL_RESULTS = ['renewed', 'failed'] as const
export const SHED_REASONS = ['address-rate', 'address-pending', 'pending', 'deadline', 'connections'] as const
export const PIN_EVENTS = ['learned', 'replaced', 'mismatch', 'frozen'] as const
export const PROBE_RESULTS = ['answered', 'lost'] as const
export const DIAL_RESULTS = [
  'connected',
  'unreachable',
  'timeout',
  'protocol-unsupported',
  'identity-mismatch',
  'refused',
  'handshake-failed',
  'aborted',
] as const
export const RECORD_REJECTIONS = ['malformed', 'oversize', 'signature', 'key', 'stale', 'expired', 'quota', 'network'] as const
export const GOSSIP_RESULTS = ['published', 'delivered', 'duplicate', 'ignored', 'rejected'] as const
export const PRESENCE_REJECTIONS = ['malformed', 'signature', 'stale', 'network', 'unknown-peer', 'rate'] as const
export const STORE_OPERATIONS = ['open', 'get', 'put', 'delete', 'batch', 'iterate', 'close'] as const
export const AUTH_FAILURES = ['missing', 'unknown', 'scope', 'limited'] as const
export const HTTP_REFUSALS = ['host', 'origin', 'rate', 'connections'] as const
export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'] as const
export const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const
