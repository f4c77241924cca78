import { yamux } from '@libp2p/yamux'
import { Attention } from '../channel/attention.ts'
import type { ChannelEvent } from '../channel/channel-event.ts'
import { ClassicalEncrypter } from '../channel/classical.ts'
import type { Applicant, ChannelContext } from '../channel/context.ts'
import { X0Encrypter } from '../channel/encrypter.ts'
import { FloodGate, type FloodLimits } from '../channel/flood-gate.ts'
import { KeyMaterial } from '../channel/key-material.ts'
import { KnownKeys } from '../channel/known-keys.ts'
import { MAX_FRAME_BYTES } from '../channel/limits.ts'
import type { PinBook } from '../channel/pins.ts'
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
import { X0_YAMUX_INITIAL_WINDOW, X0_YAMUX_MAX_WINDOW } from './limits.ts'

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
}

export interface ChannelSetup {
  readonly context: ChannelContext
  /** Who must prove an x0 id; to be told where to look as soon as there is a host. */
  readonly identities: KnownIdentities
  /** For createHost, in order of preference: the x0 channel, then what `security.interop` names. */
  readonly factories: readonly EncrypterFactory[]
  /** The encrypter of a protocol id, once the host is made; undefined for one that this node does not offer. */
  encrypter(protocol: string): ProbingEncrypter | undefined
}

/** Builds everything of the channel that a host needs from the configuration. */
export async function setUpChannel(options: ChannelSetupOptions): Promise<ChannelSetup> {
  // inbound and outbound together half of the pool
  const places = Math.max(1, Math.floor(threadPoolSize() / 4))
  const identities = new KnownIdentities()
  const context: ChannelContext = {
    crypto: options.crypto,
    identity: options.identity,
    networkId: options.networkId,
    clock: options.clock,
    keys: new KeyMaterial(options.crypto, options.clock),
    pins: options.pins,
    known: new KnownKeys(),
    gate: new FloodGate(options.flood),
    inboundSlots: new Slots(places),
    outboundSlots: new Slots(places),
    refusals: new RecentRefusals(),
    traffic: { sent: 0, received: 0 },
    attention: new Attention(options.clock),
    scratch: Buffer.allocUnsafeSlow(MAX_FRAME_BYTES),
    timeoutMs: options.timeoutMs,
    credential: options.credential,
    admit(protocol, applicant) {
      const { peerId, x0Id } = applicant
      const barred = options.bar(applicant)
      if (barred !== undefined) return barred
      if (protocol === X0_PROTOCOL) return options.admit(applicant)
      if (!isNamed(options.interop, protocol, peerId)) return 'not-allowed'
      return x0Id === undefined && identities.x0IdOf(peerId) !== undefined ? 'missing-authentication' : undefined
    },
    report: options.report,
  }
  const made = new Map<string, ProbingEncrypter>()
  const keep = <T extends ProbingEncrypter>(encrypter: T): T => {
    made.set(encrypter.protocol, encrypter)
    return encrypter
  }
  const factories: EncrypterFactory[] = [
    (components) => keep(new X0Encrypter(context, components, { profile: X0_PROFILE, muxer: wideYamux() })),
  ]
  for (const { protocol } of options.interop) factories.push(await interopFactory(context, protocol, keep))
  return { context, identities, factories, encrypter: (protocol) => made.get(protocol) }
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
