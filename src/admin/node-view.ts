import type { EventLog } from '../observe/event-log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { AccountsView } from './accounts-view.ts'
import type { AuditView } from './audit-view.ts'
import type {
  HandshakeReport,
  HandshakeRequest,
  Health,
  LogLevel,
  Peers,
  PingReport,
  PingRequest,
  Self,
  Status,
} from './documents.ts'
import type { NetworkView } from './network-view.ts'
import type { PeerControlView } from './peer-control-view.ts'
import type { PolicyView } from './policy-view.ts'

/** What the admin port may ask of the node. the composition root implements it over the running parts; tests over small fakes. */
export interface NodeView {
  /** Cheap: called by /health, /livez and /readyz, several times a second. `ready` false answers 503. */
  health(): { document: Health; live: boolean; ready: boolean }
  self(): Self
  status(): Promise<Status>
  peers(): Promise<Peers>
  /** @throws NodeFault */
  handshake(request: HandshakeRequest, signal: AbortSignal): Promise<HandshakeReport>
  /** @throws NodeFault */
  ping(request: PingRequest, signal: AbortSignal): Promise<PingReport>
  logLevel(): LogLevel
  setLogLevel(level: LogLevel): void
  readonly network: NetworkView
  readonly accounts: AccountsView
  readonly peerControl: PeerControlView
  readonly events: EventLog
  readonly metrics: Metrics
  readonly policy: PolicyView
  readonly audit: AuditView
}

export type NodeFaultCode =
  | 'peer-unknown'
  | 'peer-ambiguous'
  | 'bad-address'
  | 'peer-is-self'
  | 'block-unknown'
  | 'limit-reached'
  | 'not-saved'
  | 'store-failed'
  | 'unreachable'
  | 'protocol-unsupported'
  | 'identity-mismatch'
  | 'refused-by-peer'
  | 'handshake-failed'
  | 'timeout'
  | 'not-ready'
  | 'name-invalid'
  | 'invite-invalid'
  | 'in-network'
  | 'no-network'
  | 'not-a-member'
  | 'last-member'
  | 'join-refused'
  | 'renewal-refused'
  | 'node-unknown'
  | 'invite-unknown'
  | 'member-protected'
  | 'admission-by-vote'
  | 'name-taken'
  | 'too-many'
  | 'revocation-refused'

/** A request that the node understood and could not carry out; `code` is stable, the message says what to do. */
export class NodeFault extends Error {
  override readonly name = 'NodeFault'
  readonly code: NodeFaultCode

  constructor(code: NodeFaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
