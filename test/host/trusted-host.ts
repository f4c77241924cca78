import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Connection, Stream } from '@libp2p/interface'
import { PinBook } from '../../src/channel/pins.ts'
import { sessionOf } from '../../src/channel/session.ts'
import type { InteropRule } from '../../src/config/schema.ts'
import { nativeBackend } from '../../src/crypto/native.ts'
import { isFencedOff } from '../../src/host/catch-up.ts'
import { type ChannelSetup, setUpChannel } from '../../src/host/channel-setup.ts'
import { createConnectionGater } from '../../src/host/connection-gater.ts'
import type { PeerFault } from '../../src/host/counter.ts'
import { fenceInteropSessions } from '../../src/host/interop-fence.ts'
import { createHost, type Host } from '../../src/host/libp2p-host.ts'
import { createLiveness, type Liveness } from '../../src/host/liveness.ts'
import { membershipTrust } from '../../src/host/membership-trust.ts'
import { trustTopic } from '../../src/host/trust-gossip.ts'
import { createTrustParts, type TrustParts } from '../../src/host/trust-parts.ts'
import { generateNodeIdentity, type NodeIdentity } from '../../src/identity/node-identity.ts'
import { formatX0Id, parseX0Id } from '../../src/identity/x0-id.ts'
import type { NodeEvent } from '../../src/observe/event.ts'
import { type Clock, systemClock } from '../../src/platform/clock.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { issueCredential } from '../../src/trust/credential.ts'
import { type Genesis, makeGenesis } from '../../src/trust/genesis.ts'
import { Membership } from '../../src/trust/membership.ts'
import { type Revocation, signRevocation } from '../../src/trust/revocation.ts'
import { NETWORK, TOPIC, until } from './testing.ts'

export const backend = nativeBackend()
export const TRUST_TOPIC = trustTopic(NETWORK)
/** A stream protocol of the network that echoes, and is like any service: nothing of it runs on a fenced connection. */
export const SERVICE = '/x0/test-service/1.0.0'

/** A closed network: its genesis, the keys of its founders, and of as many nodes that the first one let in. */
export interface Net {
  readonly genesis: Genesis
  readonly founders: readonly NodeIdentity[]
  readonly nodes: readonly NodeIdentity[]
  credentialOf(identity: NodeIdentity, notAfter?: number): Promise<Uint8Array>
  /** The first founder's word that somebody does not belong any more. */
  revoke(subject: Uint8Array, by?: NodeIdentity): Promise<Revocation>
}

export async function closedNet(counts: { founders: number; nodes: number }): Promise<Net> {
  const make = (count: number): Promise<NodeIdentity[]> =>
    Promise.all(Array.from({ length: count }, () => generateNodeIdentity(backend, systemRandom)))
  const [founders, nodes] = [await make(counts.founders), await make(counts.nodes)]
  const [first] = founders
  assert.ok(first)
  const genesis = makeGenesis(backend, {
    name: 'test',
    createdAt: Date.now(),
    nonce: systemRandom.bytes(32),
    admission: 'sponsor',
    founders: founders.map(({ ed25519, mldsa65 }, index) => ({ name: `f${index}`, ed25519, mldsa65, weight: 1, groups: [] })),
  })
  return {
    genesis,
    founders,
    nodes,
    async credentialOf(identity, notAfter = Date.now() + 3_600_000) {
      const body = { networkId: genesis.id, serial: systemRandom.bytes(16), subject: identity.x0Id, name: 'n', groups: [] }
      return (await issueCredential(first, { ...body, notBefore: Date.now() - 1000, notAfter })).bytes
    },
    revoke: (subject, by = first) =>
      signRevocation(by, { networkId: genesis.id, subject, at: Date.now(), reason: 'its laptop was stolen' }),
  }
}

export interface TrustedHost {
  readonly identity: NodeIdentity
  readonly x0Id: string
  readonly host: Host
  readonly membership: Membership
  readonly trust: TrustParts
  readonly channel: ChannelSetup
  readonly liveness: Liveness
  readonly faults: PeerFault[]
  readonly events: Omit<NodeEvent, 'at'>[]
  /** What happened to revocations, in order: `kept`, then `dropped` for whom was cut off. */
  readonly deeds: string[]
  /** Why connections were closed here. */
  readonly closings: string[]
  /** Peer ids that this host does not dial, the DHT's own dials included. */
  readonly shunned: Set<string>
  /** Its credential, as it shows it. */
  readonly shows: { credential: Uint8Array | undefined }
  stop(): Promise<void>
}

export interface TrustedHostOptions {
  readonly clock?: Clock
  /** What it heard before it went away. */
  readonly revocations?: readonly Revocation[]
  readonly damaged?: boolean
  /** Without it, gossip of revocations does not exist here: sync is all there is. */
  readonly gossip?: boolean
  /** Default: a valid one, for who is no founder. */
  readonly credential?: Uint8Array
  readonly interop?: readonly InteropRule[]
  /** The disk takes nothing. */
  readonly keepFails?: boolean
}

/** A host of a closed network over the real channel, with all that revocations need; the test's end stops it. */
export async function startTrustedHost(
  t: TestContext,
  net: Net,
  identity: NodeIdentity,
  options: TrustedHostOptions = {},
): Promise<TrustedHost> {
  const clock = options.clock ?? systemClock
  const isFounder = net.founders.includes(identity)
  const shows = { credential: options.credential ?? (isFounder ? undefined : await net.credentialOf(identity)) }
  const membership = new Membership({ backend, genesis: net.genesis, revocations: options.revocations ?? [] })
  const faults: PeerFault[] = []
  const events: Omit<NodeEvent, 'at'>[] = []
  const [deeds, closings]: [string[], string[]] = [[], []]
  const shunned = new Set<string>()
  const count = (fault: PeerFault): void => void faults.push(fault)
  const channel = await setUpChannel({
    crypto: backend,
    identity,
    networkId: net.genesis.id,
    clock: { ...systemClock, now: () => clock.now() },
    pins: new PinBook(),
    credential: () => shows.credential,
    bar: () => undefined,
    admit({ x0Id, credential }) {
      const judged = membership.judge({ x0Id: x0Id === undefined ? undefined : parseX0Id(x0Id), credential }, clock.now())
      return 'refusal' in judged ? judged.refusal : undefined
    },
    flood: { perAddressPerSecond: 100, perAddressBurst: 100, concurrent: 32 },
    timeoutMs: 5_000,
    interop: options.interop ?? [],
    report: () => undefined,
  })
  const host: Host = await createHost({
    privateKey: identity.libp2pKey,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    encrypters: channel.factories,
    network: NETWORK,
    version: '0.0.0-test',
    gater: {
      ...createConnectionGater({ clock: systemClock, count }),
      denyDialPeer: (peerId) => shunned.has(peerId.toString()) || isFencedOff(host.getConnections(peerId)),
    },
    maxConnections: 100,
    gossip: { topics: options.gossip === false ? [TOPIC] : [TOPIC, TRUST_TOPIC] },
  })
  fenceInteropSessions(host)
  const liveness = createLiveness({ host, clock: systemClock, random: systemRandom, count, idleMs: 200, onVerdict: () => {} })
  const trust = createTrustParts({
    ...membershipTrust({ backend, membership, x0Id: identity.x0Id, clock }),
    damaged: options.damaged === true,
    keep: async ({ subject }) => {
      if (options.keepFails === true) throw new Error('no space left')
      deeds.push(`kept ${formatX0Id(subject)}`)
    },
    host,
    network: NETWORK,
    x0Id: identity.x0Id,
    clock,
    random: systemRandom,
    count,
    countGossip: () => undefined,
    report: (event) => events.push(event),
    credential: () => shows.credential,
    closing: (_connection, code) => closings.push(code),
    peerIdsOf: () => [],
    dropNode: (x0Id) => deeds.push(`dropped ${formatX0Id(x0Id)}`),
    dropPeer: (peerId) => shunned.add(peerId),
    onError: (_error, during) => deeds.push(`failed to ${during}`),
  })
  await trust.prepare()
  await liveness.start()
  await host.handle(SERVICE, echo)
  await host.start()
  host.services.gossip.subscribe(TOPIC)
  trust.start()
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (isStopped) return
    isStopped = true
    trust.stop()
    liveness.stop()
    await host.stop()
  }
  t.after(stop)
  const x0Id = formatX0Id(identity.x0Id)
  return { identity, x0Id, host, membership, trust, channel, liveness, faults, events, deeds, closings, shunned, shows, stop }
}

/** Hosts in a row, each connected to its neighbours alone; DHT and discovery make no other connection. */
export async function inLine(hosts: readonly TrustedHost[], { ring = false } = {}): Promise<void> {
  for (const [index, each] of hosts.entries()) {
    for (const [at, other] of hosts.entries()) {
      const apart = Math.abs(index - at)
      if (apart > 1 && !(ring && apart === hosts.length - 1)) each.shunned.add(other.host.peerId.toString())
    }
  }
  for (const [index, each] of hosts.entries()) {
    const next = hosts[index + 1] ?? (ring ? hosts[0] : undefined)
    if (next !== undefined) await each.host.dial(next.host.getMultiaddrs())
  }
}

export function connectionsTo(from: TrustedHost, to: TrustedHost): Connection[] {
  return from.host.getConnections(to.host.peerId).filter(({ status }) => status === 'open')
}

/** Whether everybody hears what each publishes on the network's other topic. */
export async function gossipFlows(hosts: readonly TrustedHost[], timeoutMs = 10_000): Promise<void> {
  const heard = new Map<TrustedHost, Set<string>>()
  for (const each of hosts) {
    const texts = new Set<string>()
    heard.set(each, texts)
    each.host.services.gossip.addEventListener('message', ({ detail }) => texts.add(Buffer.from(detail.data).toString()))
  }
  let round = 0
  await until(
    'gossip flows both ways',
    async () => {
      round += 1
      for (const each of hosts) await each.host.services.gossip.publish(TOPIC, Buffer.from(`${round} ${each.x0Id}`))
      return hosts.every((each) =>
        hosts.every(({ x0Id }) => x0Id === each.x0Id || [...(heard.get(each) ?? [])].some((text) => text.endsWith(x0Id))),
      )
    },
    timeoutMs,
  )
}

export function remoteX0Id(connection: Connection): string {
  const x0Id = sessionOf(connection)?.remoteX0Id
  return x0Id === undefined ? '' : formatX0Id(x0Id)
}

function echo(stream: Stream): void {
  stream.addEventListener('message', ({ data }) => {
    stream.send(data)
  })
}
