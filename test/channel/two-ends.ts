import type { ConnectionEncrypter, MultiaddrConnection, StreamMuxerFactory } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { Attention } from '../../src/channel/attention.ts'
import type { ChannelEvent } from '../../src/channel/channel-event.ts'
import type { Applicant, ChannelContext } from '../../src/channel/context.ts'
import { type EncrypterComponents, X0Encrypter } from '../../src/channel/encrypter.ts'
import { FloodGate, type FloodLimits } from '../../src/channel/flood-gate.ts'
import { KeyMaterial } from '../../src/channel/key-material.ts'
import { KnownKeys } from '../../src/channel/known-keys.ts'
import { MAX_FRAME_BYTES } from '../../src/channel/limits.ts'
import { PinBook } from '../../src/channel/pins.ts'
import { type ChannelProfile, X0_PROFILE } from '../../src/channel/profile.ts'
import { RecentRefusals } from '../../src/channel/recent-refusals.ts'
import type { RefusalCode } from '../../src/channel/refusal.ts'
import { Slots } from '../../src/channel/slots.ts'
import type { CryptoBackend } from '../../src/crypto/backend.ts'
import { cryptoBackend } from '../../src/crypto/select.ts'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import { type Clock, systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'

/** One end of a channel under test: a whole node's worth of channel, and all that it reported. */
export interface End {
  readonly identity: NodeIdentity
  readonly context: ChannelContext
  readonly encrypter: X0Encrypter
  readonly events: ChannelEvent[]
}

export interface EndOptions {
  readonly backend?: CryptoBackend
  readonly identity?: NodeIdentity
  readonly networkId?: Uint8Array
  readonly profile?: ChannelProfile
  readonly offers?: readonly string[]
  readonly muxers?: readonly string[]
  readonly timeoutMs?: number
  readonly limits?: FloodLimits
  readonly clock?: Clock
  readonly credential?: Uint8Array
  readonly keys?: KeyMaterial
  readonly admit?: (applicant: Applicant) => RefusalCode | undefined
}

export const GENEROUS: FloodLimits = { perAddressPerSecond: 10_000, perAddressBurst: 10_000, concurrent: 1_000 }
/** The network that ends belong to unless told otherwise. */
export const NETWORK = new Uint8Array(32).fill(7)

export async function makeEnd(options: EndOptions = {}): Promise<End> {
  const crypto = options.backend ?? (await cryptoBackend('native'))
  const identity = options.identity ?? (await generateNodeIdentity(crypto, systemRandom))
  const events: ChannelEvent[] = []
  const profile = options.profile ?? X0_PROFILE
  const context: ChannelContext = {
    crypto,
    identity,
    networkId: options.networkId ?? NETWORK,
    clock: options.clock ?? systemClock,
    keys: options.keys ?? new KeyMaterial(crypto, systemClock),
    pins: new PinBook(),
    known: new KnownKeys(),
    gate: new FloodGate(options.limits ?? GENEROUS),
    inboundSlots: new Slots(2),
    outboundSlots: new Slots(2),
    refusals: new RecentRefusals(),
    traffic: { sent: 0, received: 0 },
    attention: new Attention(systemClock),
    scratch: new Uint8Array(MAX_FRAME_BYTES),
    timeoutMs: options.timeoutMs ?? 30_000,
    credential: () => options.credential,
    admit: (_protocol, applicant) => options.admit?.(applicant),
    report: (event) => events.push(event),
  }
  const encrypters = new Map<string, ConnectionEncrypter>()
  const muxers = new Map((options.muxers ?? ['/yamux/1.0.0']).map((protocol) => [protocol, muxer(protocol)]))
  const components: EncrypterComponents = {
    upgrader: { getStreamMuxers: () => muxers, getConnectionEncrypters: () => encrypters },
  }
  const encrypter = new X0Encrypter(context, components, { profile })
  for (const protocol of options.offers ?? [profile.protocol]) encrypters.set(protocol, encrypter)
  return { identity, context, encrypter, events }
}

/** A muxer that is only negotiated, never used. */
function muxer(protocol: string): StreamMuxerFactory {
  return {
    protocol,
    createStreamMuxer: () => {
      throw new Error('this test carries no streams')
    },
  }
}

/** Two ends of a raw connection in memory, as libp2p's own tests make it. [initiator's, responder's] */
export function rawPair(): [MultiaddrConnection, MultiaddrConnection] {
  return multiaddrConnectionPair()
}
