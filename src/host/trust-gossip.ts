import { type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../platform/clock.ts'
import type { CountFault } from './counter.ts'
import type { Host } from './libp2p-host.ts'
import { MAX_TRACKED_PEERS, REVOCATION_BURST, REVOCATION_RATE } from './limits.ts'
import type { RevocationLedger, RevocationObstacle } from './revocation-ledger.ts'
import { KeyedBuckets } from './token-bucket.ts'

export interface TrustGossipOptions {
  readonly host: Pick<Host, 'services'>
  /** First 12 hex digits of the network id. */
  readonly network: string
  readonly ledger: RevocationLedger
  /** Keeps and applies what is new. */
  readonly take: (bytes: Uint8Array) => Promise<'new' | RevocationObstacle>
  readonly clock: Clock
  readonly count: CountFault
  readonly countGossip: (result: 'published' | 'delivered' | 'ignored' | 'rejected') => void
}

export interface TrustGossip {
  /** Call it once the host has started. */
  start(): void
  /** Tells a revocation that this node holds. */
  publish(bytes: Uint8Array): Promise<void>
}

/** `/x0/<network>/trust/1`: one revocation a message, as it was signed. */
export function trustTopic(network: string): string {
  return `/x0/${network}/trust/1`
}

/** REJECT counts against who brought the message, so only for what its bytes prove whoever looks at them. */
const REJECTED: readonly (RevocationObstacle | 'new')[] = ['malformed', 'forged']

/** Revocations over gossip: fast and without a promise. What it misses, a sync brings (trust-sync.ts). */
export function createTrustGossip(options: TrustGossipOptions): TrustGossip {
  const { host, ledger, clock, count } = options
  const topic = trustTopic(options.network)
  const buckets = new KeyedBuckets(REVOCATION_BURST, REVOCATION_RATE, MAX_TRACKED_PEERS)

  /** The cheapest checks first; the signature, and that it is on the disk before it is relayed, last. */
  async function judge(from: string, bytes: Uint8Array): Promise<'new' | RevocationObstacle | 'rate'> {
    const claim = ledger.claimOf(bytes)
    if (claim === undefined) return 'malformed'
    if (claim.isForeign) return 'foreign'
    if (claim.isKnown) return 'known'
    return buckets.take(from, clock.monotonic()) ? await options.take(bytes) : 'rate'
  }

  async function validate(from: PeerId, message: Message): Promise<TopicValidatorResult> {
    const verdict = await judge(from.toString(), message.data)
    if (verdict === 'new') {
      options.countGossip('delivered')
      return TopicValidatorResult.Accept
    }
    if (verdict === 'rate') count('revocation-rate')
    else if (verdict === 'malformed') count('revocation-invalid')
    else if (verdict === 'forged') count('revocation-forged')
    else if (verdict !== 'known') count('revocation-ignored')
    const isRejected = verdict !== 'rate' && REJECTED.includes(verdict)
    options.countGossip(isRejected ? 'rejected' : 'ignored')
    return isRejected ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore
  }

  return {
    start() {
      host.services.gossip.topicValidators.set(topic, validate)
      host.services.gossip.subscribe(topic)
    },
    async publish(bytes) {
      await host.services.gossip.publish(topic, bytes)
      options.countGossip('published')
    },
  }
}
