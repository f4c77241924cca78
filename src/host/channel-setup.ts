import { yamux } from '@libp2p/yamux'
import { Attention } from '../channel/attention.ts'
import type { ChannelEvent } from '../channel/channel-event.ts'
import { ClassicalEncrypter } from '../channel/classical.ts'
import type { Applicant, ChannelContext } from '../channel/context.ts'
import { X0Encrypter } from '../channel/encrypter.ts'
import { FloodGate, type FloodLimits } from '../channel/flood-gate.ts'
import { type Door, JoinDoor } from '../channel/join-door.ts'
import { NO_NETWORK } from '../channel/join-network.ts'
import { KeyMaterial } from '../channel/key-material.ts'
import { KnownKeys } from '../channel/known-keys.ts'
import { MAX_FRAME_BYTES } from '../channel/limits.ts'
import { PinBook } from '../channel/pins.ts'
import { interopProfile, X0_PROFILE, X0_PROTOCOL } from '../channel/profile.ts'
import { RecentRefusals } from '../channel/recent-refusals.ts'
import type { RefusalCode } from '../channel/refusal.ts'
import { Slots } from '../channel/slots.ts'
import type { InteropRule } from '../config/schema.ts'
import type { CryptoBackend } from '../crypto/backend.ts'
import type { NodeIdentity } from '../identity/node-identity.ts'
import type { Clock } from '../platform/clock.ts'
import type { ProbingEncrypter } from './handshake-probe.ts'
import { KnownIdentities } from './known-identities.ts'
import type { EncrypterFactory } from './libp2p-host.ts'
import { JOINER_HANDSHAKE_MS, X0_YAMUX_INITIAL_WINDOW, X0_YAMUX_MAX_WINDOW } from './limits.ts'

export interface ChannelSetupOptions {
  readonly crypto: CryptoBackend
  readonly identity: NodeIdentity
  readonly networkId: Uint8Array
  readonly clock: Clock
  readonly pins: PinBook
  readonly flood: FloodLimits
  readonly timeoutMs: number
  readonly interop: readonly InteropRule[]
  /** What this node shows of its belonging to the network in each handshake. */
  readonly credential: () => Uint8Array | undefined
  /** Whom the operator keeps out, whatever the channel: asked before `admit`, and of weaker encrypters too. */
  readonly bar: (applicant: Applicant) => RefusalCode | undefined
  /** Who may be a peer over the x0 channel: the reason to turn somebody away, or undefined. */
  readonly admit: (applicant: Applicant) => RefusalCode | undefined
  readonly report: (event: ChannelEvent) => void
  /** The join door, where this node lets others into its network; without it the node does not offer the door's protocol. */
  readonly door?: Door | undefined
}

export interface ChannelSetup {
  readonly context: ChannelContext
  /** Who must prove an x0 id; to be told where to look as soon as there is a host. */
  readonly identities: KnownIdentities
  /** For createHost, in order of preference: the x0 channel, what `security.interop` names, and the join door, which makes no session. */
  readonly factories: readonly EncrypterFactory[]
  /** The encrypter of a protocol id, once the host is made; undefined for one that this node does not offer. */
  encrypter(protocol: string): ProbingEncrypter | undefined
}

/** Builds everything of the channel that a host needs from the configuration. */
export async function setUpChannel(options: ChannelSetupOptions): Promise<ChannelSetup> {
  const identities = new KnownIdentities()
  const context = channelContext({
    ...options,
    admit(protocol, applicant) {
      const { peerId, x0Id } = applicant
      const barred = options.bar(applicant)
      if (barred !== undefined) return barred
      if (protocol === X0_PROTOCOL) return options.admit(applicant)
      if (!isNamed(options.interop, protocol, peerId)) return 'not-allowed'
      return x0Id === undefined && identities.x0IdOf(peerId) !== undefined ? 'missing-authentication' : undefined
    },
  })
  const made = new Map<string, ProbingEncrypter>()
  const keep = <T extends ProbingEncrypter>(encrypter: T): T => {
    made.set(encrypter.protocol, encrypter)
    return encrypter
  }
  const factories: EncrypterFactory[] = [
    (components) => keep(new X0Encrypter(context, components, { profile: X0_PROFILE, muxer: wideYamux() })),
  ]
  for (const { protocol } of options.interop) factories.push(await interopFactory(context, protocol, keep))
  const { door } = options
  // last: whoever has anything else in common with us never comes to it
  if (door !== undefined) factories.push(() => new JoinDoor(context, door))
  return { context, identities, factories, encrypter: (protocol) => made.get(protocol) }
}

type ContextOptions = Pick<
  ChannelContext,
  'crypto' | 'identity' | 'networkId' | 'clock' | 'pins' | 'timeoutMs' | 'credential' | 'admit' | 'report'
> &
  Pick<ChannelSetupOptions, 'flood'>

function channelContext({ flood, ...given }: ContextOptions): ChannelContext {
  const { crypto, clock } = given
  // inbound and outbound together half of the pool
  const places = Math.max(1, Math.floor(threadPoolSize() / 4))
  return {
    ...given,
    keys: new KeyMaterial(crypto, clock),
    known: new KnownKeys(),
    gate: new FloodGate(flood),
    inboundSlots: new Slots(places),
    outboundSlots: new Slots(places),
    refusals: new RecentRefusals(),
    traffic: { sent: 0, received: 0 },
    attention: new Attention(clock),
    scratch: Buffer.allocUnsafeSlow(MAX_FRAME_BYTES),
  }
}

/**
 * What a process without a host needs to call at a join door (callJoinDoor): it answers nobody, pins nobody, and the
 * network is what the call says.
 */
export function joinerContext(joiner: Pick<ChannelContext, 'crypto' | 'identity' | 'clock'>): ChannelContext {
  return channelContext({
    ...joiner,
    networkId: NO_NETWORK,
    pins: new PinBook(),
    flood: { perAddressPerSecond: 0, perAddressBurst: 0, concurrent: 0 },
    timeoutMs: JOINER_HANDSHAKE_MS,
    credential: () => undefined,
    admit: () => undefined,
    report: () => undefined,
  })
}

/** On the x0 protocol both ends begin with larger windows, by specification: yamux does not advertise its initial one. */
function wideYamux(): ReturnType<ReturnType<typeof yamux>> {
  const streamOptions = { initialStreamWindowSize: X0_YAMUX_INITIAL_WINDOW, maxStreamWindowSize: X0_YAMUX_MAX_WINDOW }
  return yamux({ streamOptions })()
}

async function interopFactory(
  context: ChannelContext,
  protocol: string,
  keep: <T extends ProbingEncrypter>(encrypter: T) => T,
): Promise<EncrypterFactory> {
  if (protocol !== CLASSICAL_PROTOCOL) {
    return (components) => keep(new X0Encrypter(context, components, { profile: interopProfile(protocol) }))
  }
  // loaded only where it is asked for
  const { noise } = await import('@libp2p/noise')
  const make = noise()
  return (components) => keep(new ClassicalEncrypter(context, make(components)))
}

function isNamed(rules: readonly InteropRule[], protocol: string, peerId: string): boolean {
  return rules.some((rule) => rule.protocol === protocol && (rule.peers === 'any' || rule.peers.includes(peerId)))
}

/** libp2p's own Noise XX. */
const CLASSICAL_PROTOCOL = '/noise'

const LIBUV_DEFAULT_THREADS = 4

/** libuv's pool serves signatures, LevelDB and Argon2id alike; handshakes take at most half of it. */
function threadPoolSize(): number {
  const set = Number(process.env.UV_THREADPOOL_SIZE)
  return Number.isInteger(set) && set > 0 ? set : LIBUV_DEFAULT_THREADS
}
