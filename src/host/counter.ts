/** What peers did wrong, by kind. Names are few and fixed, so they can be metric labels. */
export type PeerFault =
  | 'inbound-pending-cap'
  | 'inbound-address-cap'
  | 'inbound-rate'
  /** It ended before the peer was known: a handshake refused (the channel says why), shed or never begun. */
  | 'inbound-unfinished'
  | 'frame-invalid'
  | 'frame-timeout'
  | 'stream-limit'
  | 'liveness-invalid'
  | 'liveness-rate'
  | 'record-rate'
  | 'record-invalid'
  | 'record-forged'
  | 'record-stale'
  | 'record-conflict'
  | 'record-quota'
  | 'record-expired'
  | 'join-rate'
  | 'presence-invalid'
  | 'presence-forged'
  | 'presence-ignored'

/** Counts one fault. Must not throw. */
export type CountFault = (fault: PeerFault) => void
