import type { AccountsView } from '../../src/admin/accounts-view.ts'
import type { AuditView } from '../../src/admin/audit-view.ts'
import type { Health, LogLevel } from '../../src/admin/documents.ts'
import { NodeFault, type NodeView } from '../../src/admin/node-view.ts'
import type { PeerControlView } from '../../src/admin/peer-control-view.ts'
import type { PolicyView } from '../../src/admin/policy-view.ts'
import { ROUTE_LABELS } from '../../src/admin/route-table.ts'
import { EventLog } from '../../src/observe/event-log.ts'
import { EventLoopLag } from '../../src/observe/event-loop-lag.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { fakeAudit, fakePolicy } from './fake-access.ts'
import { fakeAccounts } from './fake-accounts.ts'
import { fakeNetwork } from './fake-network.ts'

const KEY = Buffer.alloc(32, 7).toString('base64')
const HASH = '7'.repeat(64)
const PEER = '12D3KooWJwGvGzY2HfkQZkZ7zvkJYt1nQ1yJ3Y9mQ9rX8s6tWfake'

/** A node that stands still: its state is set by the test. */
export interface FakeNode extends NodeView {
  ready: boolean
  live: boolean
  policy: PolicyView
  audit: AuditView
  /** Peers that a handshake was asked for, in order. */
  readonly handshakes: string[]
  /** What the next ping waits for; the signal that the port handed over is in `pingSignals`. */
  pingGate: Promise<void> | undefined
  readonly pingSignals: AbortSignal[]
  stop(): void
}

export function fakeNode(accounts: AccountsView = fakeAccounts()): FakeNode {
  const lag = new EventLoopLag(systemClock)
  const metrics = new Metrics({
    version: '0.1.0-test',
    nodeVersion: process.version,
    backend: 'native',
    httpRoutes: ROUTE_LABELS,
    lag,
  })
  const checks = [{ name: 'listening', ok: true, detail: 'on 1 address' }]
  let level: LogLevel = 'info'
  const node: FakeNode = {
    network: fakeNetwork,
    ready: true,
    live: true,
    handshakes: [],
    policy: fakePolicy(),
    audit: fakeAudit(),
    accounts,
    pingGate: undefined,
    pingSignals: [],
    peerControl: fakePeerControl(),
    events: new EventLog(systemClock),
    metrics,
    stop: () => {
      metrics.close()
      lag.stop()
    },
    health() {
      const status: Health['status'] = node.ready ? 'ok' : 'starting'
      return {
        document: { schema: 'x0.health/v1', status, version: '0.1.0-test', uptimeSeconds: 1.5, checks },
        live: node.live,
        ready: node.ready,
      }
    },
    self: () => ({
      schema: 'x0.self/v1',
      version: '0.1.0-test',
      peerId: PEER,
      x0Id: HASH,
      ed25519PublicKey: KEY,
      mldsa65PublicKey: KEY,
      networkId: HASH,
      addresses: ['/ip4/127.0.0.1/tcp/9691'],
      bootstrap: [`/ip4/127.0.0.1/tcp/9691/p2p/${PEER}#${HASH}`],
      protocols: ['/x0/noise-mlkem768-mldsa65/1.0.0'],
      backend: 'native',
      home: '/nonexistent',
      pid: process.pid,
    }),
    status: async () => ({
      schema: 'x0.status/v1',
      version: '0.1.0-test',
      status: 'ok',
      ready: node.ready,
      uptimeSeconds: 1.5,
      peerId: PEER,
      x0Id: HASH,
      network: { id: HASH, name: 'open' },
      belonging: {
        kind: 'credential',
        spiffeId: 'spiffe://fleet/node/laptop',
        groups: ['ops'],
        expiresAt: '2026-02-01T00:00:00.000Z',
        level: true,
      },
      listen: ['/ip4/127.0.0.1/tcp/9691'],
      peers: { known: 1, up: 1, suspect: 0, down: 0, never: 0, blocked: 0, pqAuthenticated: 1, min: 2, target: 8, max: 64 },
      suites: { 'noise-xxhfs-mlkem768-mldsa65': 1 },
      dht: { mode: 'server', routingTable: 1, records: 2 },
      gossip: { topics: ['/x0/presence'], meshPeers: 1, presenceHeard: 3 },
      clockOffsetMs: null,
      eventLoopLagMs: { p50: 0.1, p99: 2 },
      memoryBytes: { rss: 1e8, heapUsed: 2e7 },
      alarms: [],
      checks,
    }),
    peers: async () => ({
      schema: 'x0.peers/v1',
      peers: [
        {
          peerId: PEER,
          x0Id: null,
          state: 'down',
          since: '2026-01-01T00:00:00.000Z',
          wanted: true,
          source: 'bootstrap',
          path: null,
          direction: null,
          suite: null,
          pqKeyExchange: false,
          pqAuthenticated: false,
          rttMs: null,
          lossRatio: null,
          clockOffsetMs: null,
          bytesIn: 0,
          bytesOut: 0,
          connectedAt: null,
          downReason: null,
          lastError: { code: 'unreachable', message: 'connection refused', at: '2026-01-01T00:00:00.000Z' },
          nextRetryAt: '2026-01-01T00:00:30.000Z',
          addresses: [],
        },
      ],
    }),
    async handshake({ peer }) {
      node.handshakes.push(peer)
      if (peer === 'nobody') throw new NodeFault('peer-unknown', 'no peer is called nobody')
      if (peer === 'boom') throw new Error('secret-internal-detail')
      return {
        schema: 'x0.handshake/v1',
        peerId: PEER,
        remoteX0Id: HASH,
        localX0Id: HASH,
        address: '/ip4/127.0.0.1/tcp/9691',
        protocol: '/x0/noise-mlkem768-mldsa65/1.0.0',
        suite: 'noise-xxhfs-mlkem768-mldsa65',
        pqKeyExchange: true,
        pqAuthenticated: true,
        verdict: 'accepted',
        connectMs: 0.4,
        negotiateMs: 0.5,
        handshakeMs: 4,
        totalMs: 4.9,
        flights: [{ name: 'A', direction: 'sent', bytes: 1218, atMs: 0.3 }],
        bytesSent: 1218,
        bytesReceived: 7000,
        transcriptHash: HASH,
      }
    },
    async ping({ peer, count = 1 }, signal) {
      node.pingSignals.push(signal)
      await node.pingGate
      signal.throwIfAborted()
      return {
        schema: 'x0.ping/v1',
        peerId: peer,
        path: '/ip4/127.0.0.1/tcp/9691',
        sent: count,
        received: count,
        rttMs: Array.from({ length: count }, () => 1),
      }
    },
    logLevel: () => level,
    setLogLevel: (next) => {
      level = next
    },
  }
  return node
}

const BLOCK = { peerId: PEER, x0Id: null, since: '2026-01-01T00:00:00.000Z', until: null, reason: 'made of glass' }

function fakePeerControl(): PeerControlView {
  const known = (peer: string): void => {
    if (peer === 'nobody') throw new NodeFault('peer-unknown', 'no peer is called nobody')
  }
  return {
    add: async ({ line, save = false }) => ({
      schema: 'x0.peer-added/v1',
      peerId: PEER,
      x0Id: null,
      address: line,
      saved: save,
      blocked: false,
    }),
    remove: async (peer, saved) => {
      known(peer)
      return { schema: 'x0.peer-removed/v1', peerId: peer, x0Id: null, saved, remains: [] }
    },
    blocks: () => ({ schema: 'x0.blocks/v1', blocks: [BLOCK] }),
    block: async ({ peer, reason = '' }) => {
      known(peer)
      return { schema: 'x0.block/v1', ...BLOCK, reason, wanted: false }
    },
    unblock: async (peer) => {
      known(peer)
      return { schema: 'x0.unblocked/v1', blocks: [BLOCK] }
    },
  }
}
