import { DOOR_RESULTS } from '../channel/channel-event.ts'
import type { ShedReason } from '../channel/flood-gate.ts'
import { REFUSAL_CODES, type RefusedBy } from '../channel/refusal.ts'
import type { Suite } from '../channel/session.ts'
import type { StoreErrorCode } from '../store/store-error.ts'
import type { Effect } from '../trust/policy/rule.ts'

/**
 * The closed sets that labels come from. Nothing that a peer chooses is in one: no peer id, no address, no text of an
 * error. What is not in its set is counted as `other`.
 */
export const BACKENDS = ['native', 'portable'] as const
export const HEALTH_CHECKS = ['listening', 'peers', 'store', 'clock', 'event-loop', 'membership'] as const
export const PEER_STATES = ['up/direct', 'up/relayed', 'suspect', 'down', 'never'] as const
export const DIRECTIONS = ['inbound', 'outbound'] as const
export const TRAFFIC_DIRECTIONS = ['received', 'sent'] as const
export const SUITES = [
  'noise-xxhfs-mlkem768-mldsa65',
  'noise-xxhfs-mlkem768',
  'noise-xx-classical',
] as const satisfies readonly Suite[]
export const ROLES = ['initiator', 'responder'] as const

export const HANDSHAKE_RESULTS = ['accepted', 'refused'] as const
/** Whose judgement it was: this end's, or the peer's verdict. */
export const REFUSED_BY = ['self', 'peer'] as const satisfies readonly RefusedBy[]
export const REFUSALS = REFUSAL_CODES

/** How much of a connection holds against a quantum computer: authentication and key exchange, the exchange alone, nothing. */
export const POST_QUANTUM = ['authenticated', 'key-exchange', 'none'] as const
export const RENEWAL_RESULTS = ['renewed', 'failed'] as const
export const SHED_REASONS = ['address-rate', 'address-concurrency', 'concurrency'] as const satisfies readonly ShedReason[]
/** What a door answered, or why it did not. */
export const JOIN_RESULTS = ['admitted', 'pending', 'refused', 'failed'] as const
export const CREDENTIAL_RENEWALS = ['renewed', 'failed'] as const
/** How visits at the join door ended whose handshake held. */
export const JOIN_VISIT_RESULTS = DOOR_RESULTS
export const PIN_EVENTS = ['learned', 'replaced', 'mismatch', 'frozen'] as const
export const PROBE_RESULTS = ['answered', 'lost'] as const
/** `connected`, or the code that the host gives a failed dial; an encrypter's own code counts as `other` (see handshakes). */
export const DIAL_RESULTS = [
  'connected',
  'refused',
  'unreachable',
  'timeout',
  'identity-mismatch',
  'self',
  'no-address',
  'protocol',
  'cap',
  'handshake',
] as const
/** What the host counts against peers: its PeerFault, which lies above this folder (a test holds the two together). */
export const PEER_FAULTS = [
  'inbound-pending-cap',
  'inbound-address-cap',
  'inbound-rate',
  'inbound-unfinished',
  'frame-invalid',
  'frame-timeout',
  'stream-limit',
  'liveness-invalid',
  'liveness-rate',
  'record-rate',
  'record-invalid',
  'record-forged',
  'record-stale',
  'record-conflict',
  'record-quota',
  'record-expired',
  'join-rate',
  'presence-invalid',
  'presence-forged',
  'presence-ignored',
  'presence-revoked',
  'record-revoked',
  'revocation-invalid',
  'revocation-forged',
  'revocation-ignored',
  'revocation-rate',
  'sync-invalid',
  'sync-rate',
  'credential-refused',
] as const
export const GOSSIP_RESULTS = ['published', 'delivered', 'ignored', 'rejected'] as const
export const STORE_ERRORS = [
  'corrupt',
  'locked',
  'closed',
  'full',
  'io',
  'too-large',
  'newer',
  'foreign',
  'permissions',
] as const satisfies readonly StoreErrorCode[]
export const POLICY_EFFECTS = ['allow', 'deny'] as const satisfies readonly Effect[]
/** How a reading of the policy document ended. */
export const POLICY_RELOADS = ['loaded', 'removed', 'refused'] as const
export const AUTH_FAILURES = ['missing', 'unknown', 'expired', 'scope', 'limited'] as const
export const LOGIN_RESULTS = ['succeeded', 'failed', 'limited', 'busy'] as const
export const HTTP_REFUSALS = ['host', 'origin', 'rate', 'connections'] as const
export const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'] as const
export const STATUS_CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const
