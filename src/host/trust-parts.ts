import type { Connection } from '@libp2p/interface'
import { formatX0Id } from '../identity/x0-id.ts'
import type { Report } from '../observe/event.ts'
import type { Clock } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import { type CatchUpView, createCatchUp } from './catch-up.ts'
import type { CountFault } from './counter.ts'
import { createExpirySweep } from './expiry-sweep.ts'
import type { Host } from './libp2p-host.ts'
import { type CutCode, createPeerCutter } from './peer-cutter.ts'
import {
  type HeldRevocation,
  RevocationIntake,
  type RevocationLedger,
  type RevocationObstacle,
  type RevocationSource,
} from './revocation-ledger.ts'
import { createTrustGossip } from './trust-gossip.ts'
import { createTrustSync } from './trust-sync.ts'

/** What the host needs to know of belonging to a closed network, and what it gives back. */
export interface TrustOptions {
  readonly ledger: RevocationLedger
  readonly isMember: (x0Id: Uint8Array) => boolean
  /** This node is the only member there is: nobody else could have revoked anybody. */
  readonly alone: boolean
  /** A revocation on the disk could not be read. */
  readonly damaged: boolean
  /** Puts a new revocation on the disk for good. @throws where the disk fails */
  readonly keep: (revocation: HeldRevocation) => Promise<void>
  /** Judges a credential that a live peer shows, and remembers its standing. @returns whether it admits its bearer */
  readonly judge: (shown: { readonly x0Id: Uint8Array; readonly credential: Uint8Array }) => boolean
  /** Wall clock ms at which the standing of an x0 id (text) ends, infinity for never; undefined where it has none now. */
  readonly standingEnds: (x0Id: string, now: number) => number | undefined
}

export interface TrustPartsOptions extends TrustOptions {
  readonly host: Host
  /** First 12 hex digits of the network id. */
  readonly network: string
  /** This node's own, 32 bytes. */
  readonly x0Id: Uint8Array
  readonly clock: Clock
  readonly random: Random
  readonly count: CountFault
  readonly countGossip: (result: 'published' | 'delivered' | 'ignored' | 'rejected') => void
  readonly report: Report
  /** This node's own credential, as it shows it in handshakes. */
  readonly credential: () => Uint8Array | undefined
  readonly closing: (connection: Connection, code: CutCode, message: string) => void
  readonly peerIdsOf: (x0Id: string) => readonly string[]
  readonly dropNode: (x0Id: Uint8Array) => void
  readonly dropPeer: (peerId: string) => void
  readonly onError: (error: unknown, during: string) => void
}

/** Revocations at work: how they come and go, what they end, and how a node that was away catches up with them. */
export interface TrustParts {
  /** Fences and registers protocols; before the host starts. */
  prepare(): Promise<void>
  /** Once the host has started. */
  start(): void
  stop(): void
  /** Takes a revocation that was signed here, or brought by hand: keeps it, acts on it and tells it to all. */
  publish(bytes: Uint8Array): Promise<'new' | RevocationObstacle>
  /** Shows this node's credential, which is a new one, to all peers. */
  presentCredential(): Promise<void>
  /** Acts on a revocation that this node signed, which the ledger holds and the disk has, and tells it to all. */
  announce(revocation: HeldRevocation): Promise<void>
  /** Syncs with one peer now. @returns whether this node has all that the peer told of */
  syncWith(connection: Connection): Promise<boolean>
  view(): CatchUpView
}

export function createTrustParts(options: TrustPartsOptions): TrustParts {
  const { host, clock, random, count, ledger } = options
  const cutter = createPeerCutter({
    host,
    isRevoked: (x0Id) => ledger.has(x0Id),
    closing: options.closing,
    peerIdsOf: options.peerIdsOf,
    dropNode: options.dropNode,
    dropPeer: options.dropPeer,
  })
  const sweep = createExpirySweep({
    host,
    clock,
    standingEnds: options.standingEnds,
    close: (connection) => cutter.close(connection, 'credential-expired', 'the credential that admitted this node has ended'),
  })
  const intake = new RevocationIntake({
    ledger,
    keep: options.keep,
    applied,
    onError: (error) => options.onError(error, 'write a revocation'),
  })
  const gossip = createTrustGossip({
    host,
    network: options.network,
    ledger,
    take: (bytes) => intake.take(bytes, 'gossip'),
    clock,
    count,
    countGossip: options.countGossip,
  })
  const sync = createTrustSync({
    host,
    clock,
    random,
    count,
    ledger,
    take: (bytes) => intake.take(bytes, 'sync'),
    credential: options.credential,
    judge: options.judge,
    isCatchingUp: () => !catchUp.isLevel(),
    onContact: () => catchUp.contact(),
    onSynced: (x0Id) => catchUp.synced(x0Id),
    cut: (connection, message) => cutter.close(connection, 'sync-lied', message),
    onError: (error) => options.onError(error, 'sync revocations'),
  })
  const catchUp = createCatchUp({
    host,
    clock,
    report: options.report,
    alone: options.alone,
    damaged: options.damaged,
    isMember: options.isMember,
    rejudge: (connection) => sweep.judge(connection),
    onFence: () => sync.restart(),
  })

  function applied({ subject, issuer, reason }: HeldRevocation, source: RevocationSource): void {
    const isSelf = Buffer.compare(subject, options.x0Id) === 0
    const data = { x0Id: formatX0Id(subject), issuer: formatX0Id(issuer), reason, source, self: isSelf }
    // what a node missed while it was away may be a thousand: `trust.level` tells their number
    if (isSelf || catchUp.isLevel()) options.report({ type: 'trust.revoked', level: isSelf ? 'alarm' : 'warn', data })
    catchUp.revoked(subject)
    cutter.cutOff(subject)
    sync.spread()
  }

  return {
    async prepare() {
      // in this order: a connection is fenced before anybody else hears of it
      catchUp.start()
      cutter.start()
      await sync.start()
    },
    start() {
      gossip.start()
      sweep.start()
    },
    stop() {
      for (const part of [sync, sweep, cutter, catchUp]) part.stop()
    },
    async publish(bytes) {
      const verdict = await intake.take(bytes, 'self')
      if (verdict === 'new' || verdict === 'known') await gossip.publish(bytes)
      return verdict
    },
    presentCredential: () => sync.present(),
    async announce(revocation) {
      applied(revocation, 'self')
      await gossip.publish(revocation.bytes)
    },
    syncWith: (connection) => sync.syncWith(connection),
    view: () => catchUp.view(),
  }
}
