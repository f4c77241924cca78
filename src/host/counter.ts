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
  | 'presence-revoked'
  | 'record-revoked'
  /** By gossip: no form, or another size. */
  | 'revocation-invalid'
  /** In a member's name, without its signature. */
  | 'revocation-forged'
  /** Means nothing here: another network's, signed by nobody that is a member, about a member, beyond its signer's share. */
  | 'revocation-ignored'
  | 'revocation-rate'
  /** Announced what did not come, sent what was not announced, or what is no revocation. Its connection was cut. */
  | 'sync-invalid'
  | 'sync-rate'
  /** A credential shown over a live connection that does not admit its bearer. */
  | 'credential-refused'

/** Counts one fault. Must not throw. */
export type CountFault = (fault: PeerFault) => void
