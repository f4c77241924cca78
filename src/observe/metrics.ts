import { LOG_LEVELS } from '../platform/log.ts'
import { AUDIT_KINDS } from '../trust/audit/kinds.ts'
import { ACTION_CLASSES } from '../trust/policy/action.ts'
import { EVENT_TYPES } from './event.ts'
import type { EventLoopLag } from './event-loop-lag.ts'
import { type FamilyFacts, Instruments } from './instruments.ts'
import * as label from './metric-labels.ts'
import { addProcessMetrics } from './process-metrics.ts'

export interface MetricsOptions {
  /** Of the release; and of Node.js, such as `process.version`. */
  readonly version: string
  readonly nodeVersion: string
  readonly backend: (typeof label.BACKENDS)[number]
  /** The route templates of the admin port, such as `/mesh/status`: the closed set of the `route` label. */
  readonly httpRoutes: readonly string[]
  readonly lag: EventLoopLag
}

/** 0.5 ms to 5 s: from a handshake on loopback to the deadline of one over a bad link. */
const HANDSHAKE_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5]
const RTT_SECONDS = [0.0005, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3]
const HTTP_SECONDS = [0.005, 0.025, 0.1, 0.5, 2]

/**
 * What the node tells Prometheus: one field a family, in a registry of its own. Every name, label and value is listed
 * in docs/metrics.md, which is made from this file. The node sets gauges when something changes (or from `onScrape`).
 */
export class Metrics {
  readonly #instruments = new Instruments()
  readonly #scrapes: (() => void)[] = []
  readonly #stopProcessMetrics: () => void

  readonly ready = this.#instruments.gauge({
    name: 'x0_ready',
    help: 'Whether the node is ready: 1, or 0 while it starts, lacks peers or drains.',
    labels: {},
  })
  readonly healthCheck = this.#instruments.gauge({
    name: 'x0_health_check_ok',
    help: 'Each health check: 1 passed, 0 failed.',
    labels: { check: label.HEALTH_CHECKS },
  })

  readonly peers = this.#instruments.gauge({
    name: 'x0_peers',
    help: 'Known peers by state and by who dialled; none where there is no connection.',
    labels: { state: label.PEER_STATES, direction: [...label.DIRECTIONS, 'none'] },
    zeroed: true,
  })
  readonly peersBlocked = this.#instruments.gauge({
    name: 'x0_peers_blocked',
    help: 'Blocks by the operator that are in force.',
    labels: {},
  })
  readonly peerFaults = this.#instruments.counter({
    name: 'x0_peer_faults_total',
    help: 'What peers did wrong or had refused, by kind: caps, frames, liveness, node records, presence.',
    labels: { fault: label.PEER_FAULTS },
    zeroed: true,
  })
  readonly dials = this.#instruments.counter({
    name: 'x0_dials_total',
    help: 'Outbound connection attempts by result.',
    labels: { result: label.DIAL_RESULTS },
    zeroed: true,
  })
  readonly connections = this.#instruments.gauge({
    name: 'x0_connections',
    help: 'Open connections by suite and by what of them is post-quantum.',
    labels: { suite: label.SUITES, pq: label.POST_QUANTUM },
  })
  readonly traffic = this.#instruments.counter({
    name: 'x0_network_bytes_total',
    help: 'Bytes of the encrypted records of post-quantum sessions, tags and length prefixes included; without handshakes, protocol negotiation, TCP and classical sessions.',
    labels: { direction: label.TRAFFIC_DIRECTIONS },
    zeroed: true,
  })
  readonly linkRtt = this.#instruments.histogram(
    { name: 'x0_link_rtt_seconds', help: 'Round-trip times of liveness probes, all links together.', labels: {} },
    RTT_SECONDS,
  )
  readonly linkProbes = this.#instruments.counter({
    name: 'x0_link_probes_total',
    help: 'Liveness probes by result.',
    labels: { result: label.PROBE_RESULTS },
    zeroed: true,
  })
  readonly clockOffset = this.#instruments.gauge({
    name: 'x0_clock_offset_seconds',
    help: 'Median of the clocks of the peers that are up, minus ours.',
    labels: {},
  })

  readonly handshakes = this.#instruments.counter({
    name: 'x0_handshakes_total',
    help: 'Handshakes of the secure channel by suite, role and result.',
    labels: { suite: label.SUITES, role: label.ROLES, result: label.HANDSHAKE_RESULTS },
  })
  readonly handshakeRefusals = this.#instruments.counter({
    name: 'x0_handshake_refusals_total',
    help: 'Handshakes that were refused or failed, by the reason and by who judged: this node (self) or the peer, which told its reason.',
    labels: { by: label.REFUSED_BY, code: label.REFUSALS },
  })
  readonly handshakeDuration = this.#instruments.histogram(
    {
      name: 'x0_handshake_duration_seconds',
      help: 'Length of handshakes that were accepted, until the last message of this end was out.',
      labels: { suite: label.SUITES, role: label.ROLES },
    },
    HANDSHAKE_SECONDS,
  )
  readonly handshakeBytes = this.#instruments.counter({
    name: 'x0_handshake_bytes_total',
    help: 'Bytes of the messages of handshakes that were accepted, verdict and length prefixes included; classical ones are not measured.',
    labels: { suite: label.SUITES, direction: label.TRAFFIC_DIRECTIONS },
  })
  readonly handshakesShed = this.#instruments.counter({
    name: 'x0_handshakes_shed_total',
    help: 'Inbound handshakes turned away before any dear computation, by reason.',
    labels: { reason: label.SHED_REASONS },
    zeroed: true,
  })
  readonly joinVisits = this.#instruments.counter({
    name: 'x0_join_visits_total',
    help: 'Visits at the join door whose handshake held, by how they ended; refused handshakes count as handshakes.',
    labels: { result: label.JOIN_VISIT_RESULTS },
    zeroed: true,
  })
  readonly downgradeAttempts = this.#instruments.counter({
    name: 'x0_downgrade_attempts_total',
    help: 'Handshakes that this node refused because the negotiated protocol contradicted the signed offers.',
    labels: {},
  })
  readonly rekeys = this.#instruments.counter({
    name: 'x0_session_rekeys_total',
    help: 'Rekeys of sessions, both directions.',
    labels: {},
  })
  readonly recordsDamaged = this.#instruments.counter({
    name: 'x0_records_damaged_total',
    help: 'Records of open sessions that failed authentication; each ended its session.',
    labels: {},
  })
  readonly renewals = this.#instruments.counter({
    name: 'x0_session_renewals_total',
    help: 'Sessions replaced make-before-break by a fresh handshake.',
    labels: { result: label.RENEWAL_RESULTS },
    zeroed: true,
  })
  readonly pinEvents = this.#instruments.counter({
    name: 'x0_pin_events_total',
    help: 'What happened to pinned identities.',
    labels: { event: label.PIN_EVENTS },
    zeroed: true,
  })

  readonly credentialExpires = this.#instruments.gauge({
    name: 'x0_credential_expires_timestamp_seconds',
    help: 'When the credential of this node ends, seconds since the Unix epoch; 0 where it needs none.',
    labels: {},
  })
  readonly networkMembers = this.#instruments.gauge({
    name: 'x0_network_members',
    help: 'Members of the network; 0 in the open one.',
    labels: {},
  })
  readonly networkRevocations = this.#instruments.gauge({
    name: 'x0_network_revocations',
    help: 'Revoked keys that this node knows of.',
    labels: {},
  })
  readonly networkLevel = this.#instruments.gauge({
    name: 'x0_network_level',
    help: 'Whether this node knows what was revoked while it was away: 1, or 0 while it catches up and serves nobody.',
    labels: {},
  })
  readonly joins = this.#instruments.counter({
    name: 'x0_join_requests_total',
    help: 'Requests at the door of this node by how it answered.',
    labels: { result: label.JOIN_RESULTS },
    zeroed: true,
  })
  readonly credentialRenewals = this.#instruments.counter({
    name: 'x0_credential_renewals_total',
    help: 'Renewals of the credential of this node.',
    labels: { result: label.CREDENTIAL_RENEWALS },
    zeroed: true,
  })
  readonly pendingRequests = this.#instruments.gauge({
    name: 'x0_pending_requests',
    help: 'Nodes that ask this one to be let in and wait for its operator.',
    labels: {},
  })

  readonly dhtPeers = this.#instruments.gauge({
    name: 'x0_dht_routing_table_peers',
    help: 'Peers in the routing table of the DHT.',
    labels: {},
  })
  readonly dhtRecords = this.#instruments.gauge({
    name: 'x0_dht_records',
    help: 'Node records that this node holds.',
    labels: {},
  })
  readonly dhtStored = this.#instruments.counter({
    name: 'x0_dht_records_stored_total',
    help: 'Node records accepted from peers.',
    labels: {},
  })

  readonly gossip = this.#instruments.counter({
    name: 'x0_gossip_messages_total',
    help: 'Messages of gossipsub by what became of them.',
    labels: { result: label.GOSSIP_RESULTS },
    zeroed: true,
  })
  readonly gossipMeshPeers = this.#instruments.gauge({
    name: 'x0_gossip_mesh_peers',
    help: 'Peers in the gossip meshes of this node.',
    labels: {},
  })
  readonly presencePeers = this.#instruments.gauge({
    name: 'x0_presence_peers',
    help: 'Nodes whose presence message was heard within its validity.',
    labels: {},
  })

  readonly policyDecisions = this.#instruments.counter({
    name: 'x0_policy_decisions_total',
    help: 'Decisions of the policy by effect and by kind of action; a rate that is used up is a deny.',
    labels: { effect: label.POLICY_EFFECTS, action: ACTION_CLASSES },
    zeroed: true,
  })
  readonly policyLoaded = this.#instruments.gauge({
    name: 'x0_policy_loaded',
    help: 'Whether a policy document is in force: 1, or 0 where there is none and everything is denied.',
    labels: {},
  })
  readonly policyRules = this.#instruments.gauge({
    name: 'x0_policy_rules',
    help: 'Rules of the policy document in force.',
    labels: {},
  })
  readonly policyReloads = this.#instruments.counter({
    name: 'x0_policy_reloads_total',
    help: 'Readings of a changed policy document: taken, gone, or refused because it cannot be used.',
    labels: { result: label.POLICY_RELOADS },
    zeroed: true,
  })
  readonly auditEntries = this.#instruments.counter({
    name: 'x0_audit_entries_total',
    help: 'Entries of the audit trail by kind.',
    labels: { kind: AUDIT_KINDS },
  })
  readonly auditSuppressed = this.#instruments.counter({
    name: 'x0_audit_suppressed_total',
    help: 'What strangers caused above the rates of the audit trail: counted in entries of kind audit.suppressed.',
    labels: {},
  })

  readonly storeErrors = this.#instruments.counter({
    name: 'x0_store_errors_total',
    help: 'Failures of the store by code.',
    labels: { code: label.STORE_ERRORS },
    zeroed: true,
  })
  readonly logLines = this.#instruments.counter({
    name: 'x0_log_lines_total',
    help: 'Lines logged by level.',
    labels: { level: LOG_LEVELS },
    zeroed: true,
  })
  readonly events = this.#instruments.counter({
    name: 'x0_events_total',
    help: 'Reported events by type.',
    labels: { type: EVENT_TYPES },
  })

  readonly authFailures = this.#instruments.counter({
    name: 'x0_auth_failures_total',
    help: 'Requests to the admin port refused for their token.',
    labels: { reason: label.AUTH_FAILURES },
    zeroed: true,
  })
  readonly logins = this.#instruments.counter({
    name: 'x0_logins_total',
    help: 'Passwords shown to the admin port, to log in or to change them, by result.',
    labels: { result: label.LOGIN_RESULTS },
    zeroed: true,
  })
  readonly accounts = this.#instruments.gauge({
    name: 'x0_accounts',
    help: 'Accounts of the admin port.',
    labels: {},
  })
  readonly httpRefused = this.#instruments.counter({
    name: 'x0_http_refused_total',
    help: 'Requests and connections to the admin port turned away before authentication, by reason.',
    labels: { reason: label.HTTP_REFUSALS },
    zeroed: true,
  })
  readonly eventStreams = this.#instruments.gauge({
    name: 'x0_http_event_streams',
    help: 'Open event streams of the admin port.',
    labels: {},
  })
  readonly httpRequests
  readonly httpDuration

  constructor(options: MetricsOptions) {
    this.#instruments
      .gauge({
        name: 'x0_build_info',
        help: 'The version that runs and its cryptography backend, value 1.',
        labels: { version: [options.version], backend: label.BACKENDS },
      })
      .set({ version: options.version, backend: options.backend }, 1)
    this.httpRequests = this.#instruments.counter({
      name: 'x0_http_requests_total',
      help: 'Requests to the admin port by route, method and class of status.',
      labels: { route: options.httpRoutes, method: label.HTTP_METHODS, status: label.STATUS_CLASSES },
    })
    this.httpDuration = this.#instruments.histogram(
      {
        name: 'x0_http_request_duration_seconds',
        help: 'Time to answer by route; event streams are not in it.',
        labels: { route: options.httpRoutes },
      },
      HTTP_SECONDS,
    )
    this.#stopProcessMetrics = addProcessMetrics(this.#instruments, options.lag, options.nodeVersion)
  }

  /** The families, for docs/metrics.md and the tests of dashboards. */
  get families(): readonly FamilyFacts[] {
    return this.#instruments.families
  }

  /** `application/openmetrics-text` is not offered: the text format 0.0.4 is what every scraper reads. */
  get contentType(): string {
    return this.#instruments.registry.contentType
  }

  /** Calls `set` before every scrape: for gauges that are cheaper to ask than to follow. It must be quick and must not throw. */
  onScrape(set: () => void): void {
    this.#scrapes.push(set)
  }

  /** The exposition text. */
  async text(): Promise<string> {
    for (const set of this.#scrapes) set()
    return await this.#instruments.registry.metrics()
  }

  /** Stops the observers; figures stay readable. */
  close(): void {
    this.#stopProcessMetrics()
  }
}
