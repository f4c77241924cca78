import { type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import type { CryptoBackend } from '../crypto/backend.ts'
import { compositePublicKey, importCompositePublic } from '../crypto/composite.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import type { Clock, Timer } from '../platform/clock.ts'
import type { Random } from '../platform/random.ts'
import type { CountFault } from './counter.ts'
import { HostError } from './host-error.ts'
import type { Host } from './libp2p-host.ts'
import {
  MAX_PRESENCE_LOOKUPS,
  PRESENCE_FIRST_MS,
  PRESENCE_LOOKUP_MS,
  PRESENCE_MAX_PERIOD_MS,
  PRESENCE_MIN_PERIOD_MS,
  PRESENCE_PERIOD_PER_AUTHOR_MS,
} from './limits.ts'
import {
  decodePresence,
  PRESENCE_CONTEXT,
  type PresenceMessage,
  presenceTopic,
  signPresence,
  uptimeBucket,
} from './presence-message.ts'
import { type PresenceEntry, type PresenceJudgement, PresenceTable } from './presence-table.ts'

export interface PublicKeys {
  readonly ed25519: Uint8Array
  readonly mldsa65: Uint8Array
}

export interface PresenceOptions {
  readonly host: Host
  readonly backend: CryptoBackend
  readonly identity: NodeIdentity
  readonly networkId: Uint8Array
  readonly network: string
  readonly version: string
  readonly clock: Clock
  readonly random: Random
  readonly count: CountFault
  /** Whether a node (x0 id, 32 bytes) was revoked; its heartbeats are not heard. Default: nobody was. */
  readonly isRevoked?: (x0Id: Uint8Array) => boolean
  /** The keys behind an x0 id, checked against it, where a record of that node is at hand. */
  readonly keysOf: (x0Id: Uint8Array) => PublicKeys | undefined
  /** Fetches them from the peer that brought the message; resolves to undefined where it cannot. */
  readonly fetchKeys: (from: PeerId, x0Id: Uint8Array) => Promise<PublicKeys | undefined>
  readonly countGossip: (result: 'published' | 'delivered' | 'ignored' | 'rejected') => void
  readonly onError: (error: unknown) => void
}

export interface Presence {
  start(): void
  stop(): void
  /** Signs and sends one heartbeat now. */
  beat(): Promise<void>
  /** Authors that are not overdue. */
  heard(): readonly PresenceEntry[]
  /** Forgets an author. */
  forget(x0Id: Uint8Array): void
  readonly topic: string
}

const verdicts: Readonly<Record<PresenceJudgement, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

const results = { accept: 'delivered', ignore: 'ignored', reject: 'rejected' } as const satisfies Record<
  PresenceJudgement,
  string
>

/** The wait before the next heartbeat, ms: it grows with the authors heard, so the load on a node stays the same. */
export function presencePeriod(authors: number): number {
  return Math.min(PRESENCE_MAX_PERIOD_MS, Math.max(PRESENCE_MIN_PERIOD_MS, authors * PRESENCE_PERIOD_PER_AUTHOR_MS))
}

/** Signed heartbeats over gossip, each with its post-quantum signature, seldom (docs/peers.md has the arithmetic). */
export function createPresence(options: PresenceOptions): Presence {
  const { host, backend, clock } = options
  const topic = presenceTopic(options.network)
  const table = new PresenceTable(options.networkId)
  const startedAt = clock.monotonic()
  let timer: Timer | undefined
  let running = false
  let lookups = 0

  async function validate(from: PeerId, data: Uint8Array): Promise<PresenceJudgement> {
    let message: PresenceMessage
    try {
      message = decodePresence(data)
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      options.count('presence-invalid')
      return 'reject'
    }
    // IGNORE: who brings it may not have heard of the revocation yet.
    if (options.isRevoked?.(message.x0Id) === true) {
      options.count('presence-revoked')
      return 'ignore'
    }
    const early = table.judge(message, clock.now())
    if (early !== 'accept') {
      options.count(early === 'reject' ? 'presence-invalid' : 'presence-ignored')
      return early
    }
    const keys = options.keysOf(message.x0Id) ?? (await fetchKeys(from, message.x0Id))
    if (keys === undefined) {
      options.count('presence-ignored')
      return 'ignore'
    }
    // The keys hash to the x0 id in the message: that the signature fails under them is proven by the bytes.
    if (!(await isSigned(message, keys))) {
      options.count('presence-forged')
      return 'reject'
    }
    table.note(message, clock.now())
    return 'accept'
  }

  async function isSigned(message: PresenceMessage, keys: PublicKeys): Promise<boolean> {
    const verifier = importCompositePublic(backend, compositePublicKey(keys))
    return verifier.verify(message.signed, message.signature, PRESENCE_CONTEXT)
  }

  /** Bounded in number and time: gossipsub holds the sender's further messages meanwhile. */
  async function fetchKeys(from: PeerId, x0Id: Uint8Array): Promise<PublicKeys | undefined> {
    if (lookups >= MAX_PRESENCE_LOOKUPS) return undefined
    lookups += 1
    const late = Promise.withResolvers<undefined>()
    const deadline = clock.after(PRESENCE_LOOKUP_MS, () => late.resolve(undefined))
    try {
      return await Promise.race([options.fetchKeys(from, x0Id), late.promise])
    } catch {
      return undefined
    } finally {
      deadline.cancel()
      lookups -= 1
    }
  }

  async function beat(): Promise<void> {
    const period = presencePeriod(table.size(clock.now()))
    const data = await signPresence(options.identity, {
      networkId: options.networkId,
      sequence: BigInt(Math.floor(clock.now())),
      uptimeBucket: uptimeBucket(clock.monotonic() - startedAt),
      periodMinutes: Math.ceil(period / 60_000),
      version: options.version,
    })
    await host.services.gossip.publish(topic, data)
    options.countGossip('published')
  }

  function schedule(ms: number): void {
    timer = clock.after(ms, () => {
      if (!running) return
      void beat().catch(options.onError)
      // A random tenth up or down: a network that lost its power together does not speak together for ever.
      schedule(presencePeriod(table.size(clock.now())) * (0.9 + options.random.fraction() / 5))
    })
  }

  return {
    topic,
    start() {
      running = true
      const validator = async (from: PeerId, message: Message) => {
        const judgement = await validate(from, message.data)
        options.countGossip(results[judgement])
        return verdicts[judgement]
      }
      host.services.gossip.topicValidators.set(topic, validator)
      host.services.gossip.subscribe(topic)
      schedule(PRESENCE_FIRST_MS * (1 + options.random.fraction()))
    },
    stop() {
      running = false
      timer?.cancel()
    },
    beat,
    heard: () => table.entries(clock.now()),
    forget: (x0Id) => table.forget(x0Id),
  }
}
