import { createHash } from 'node:crypto'
import { type GossipSub, type GossipSubComponents, gossipsub } from '@libp2p/gossipsub'
import { createTopicScoreParams, type TopicScoreParams } from '@libp2p/gossipsub/score'
import { GOSSIP_SEEN_MS, MAX_GOSSIP_BACKLOG_BYTES, MAX_GOSSIP_MESSAGE_BYTES } from './limits.ts'

/** SHA-256(topic, payload), 32 bytes. The topic's length goes in front, so that two topics cannot share an id. */
export function gossipMessageId(topic: string, payload: Uint8Array): Uint8Array {
  const name = Buffer.from(topic, 'utf8')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(name.length)
  return createHash('sha256').update(length).update(name).update(payload).digest()
}

const SCORE_MEMORY_MS = 3_600_000

/** The decay per second that leaves one hundredth after `seconds`. */
function decayOver(seconds: number): number {
  return 0.01 ** (1 / seconds)
}

/**
 * How a topic with few messages is scored: with no parameters set, gossipsub scores nothing at all. There is no
 * penalty for delivering little (P3), because in a quiet topic everybody delivers little; an invalid message (P4)
 * costs more than an hour of good conduct.
 */
export function quietTopicScore(): TopicScoreParams {
  return createTopicScoreParams({
    topicWeight: 1,
    timeInMeshWeight: 0.01,
    timeInMeshQuantum: 1000,
    timeInMeshCap: 300,
    firstMessageDeliveriesWeight: 1,
    firstMessageDeliveriesDecay: decayOver(3600),
    firstMessageDeliveriesCap: 20,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    meshFailurePenaltyDecay: 0.5,
    invalidMessageDeliveriesWeight: -20,
    invalidMessageDeliveriesDecay: decayOver(3600),
  })
}

export interface GossipOptions {
  /** The topics of this node; others are neither joined nor relayed. */
  readonly topics: readonly string[]
  /** Addresses of which any number of peers may come; loopback always is one. */
  readonly sharedAddresses?: readonly string[]
}

/** Membership of the loopback network is asked for by exact string: an infinite set needs its own `has`. */
class SharedAddresses extends Set<string> {
  override has(address: string): boolean {
    return address === '::1' || address.startsWith('127.') || super.has(address)
  }
}

/** gossipsub as governance.md ("Spreading") asks for it. */
export function gossipService(options: GossipOptions): (components: GossipSubComponents) => GossipSub {
  const create = gossipsub({
    // Our payloads carry their own post-quantum signatures; gossipsub's would be classical and cost x 3.5.
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: (message) => gossipMessageId(message.topic, message.data),
    // Without it, duplicates are validated (and our signatures verified) before the seen-cache is asked.
    fastMsgIdFn: (message) => Buffer.from(gossipMessageId(message.topic, message.data ?? new Uint8Array())).toString('base64'),
    fallbackToFloodsub: false,
    floodPublish: true,
    allowPublishToZeroTopicPeers: true,
    emitSelf: false,
    // A revocation that was heard before may be told again by hand.
    ignoreDuplicatePublishError: true,
    doPX: false,
    awaitRpcMessageHandler: true,
    maxOutboundBufferSize: MAX_GOSSIP_BACKLOG_BYTES,
    maxInboundDataLength: 4 * MAX_GOSSIP_MESSAGE_BYTES,
    allowedTopics: [...options.topics],
    maxTopicBytesPerPeer: 64 * 1024,
    decodeRpcLimits: {
      maxSubscriptions: 64,
      maxMessages: 64,
      maxIhaveMessageIDs: 1024,
      maxIwantMessageIDs: 1024,
      maxIdontwantMessageIDs: 512,
      maxControlMessages: 64,
      maxPeerInfos: 16,
    },
    seenTTL: GOSSIP_SEEN_MS,
    scoreParams: {
      topics: Object.fromEntries(options.topics.map((topic) => [topic, quietTopicScore()])),
      topicScoreCap: 50,
      // More than ten peers of one address would otherwise all be graylisted: (n - 10)^2 x -5.
      IPColocationFactorWhitelist: new SharedAddresses(options.sharedAddresses),
      behaviourPenaltyThreshold: 6,
      behaviourPenaltyWeight: -10,
      behaviourPenaltyDecay: decayOver(600),
      retainScore: SCORE_MEMORY_MS,
    },
    scoreThresholds: {
      gossipThreshold: -40,
      publishThreshold: -80,
      graylistThreshold: -160,
      acceptPXThreshold: 100,
      opportunisticGraftThreshold: 5,
    },
  })
  return (components) => {
    const gossip = create(components)
    refuseEndedStreams(gossip)
    return gossip
  }
}

/**
 * gossipsub listens for the end of its stream to a peer only once libp2p has handed it over. A stream that the peer has reset
 * by then (it catches up, catch-up.ts) would be kept for ever, and never be replaced: nothing would reach that peer again.
 */
function refuseEndedStreams(gossip: GossipSub): void {
  // a field of the class that its interface does not have
  if (!('streamsOutbound' in gossip) || !(gossip.streamsOutbound instanceof Map)) return
  const streams: Map<unknown, unknown> = gossip.streamsOutbound
  const set = streams.set.bind(streams)
  streams.set = (peer, stream) => (hasEnded(stream) ? streams : set(peer, stream))
}

function hasEnded(stream: unknown): boolean {
  if (typeof stream !== 'object' || stream === null || !('rawStream' in stream)) return false
  const { rawStream } = stream
  return typeof rawStream === 'object' && rawStream !== null && 'status' in rawStream && rawStream.status !== 'open'
}
